/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "lockouts.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>
#include <xxhash.h>

#define SETS		512u	/* a power of two */
#define WAYS		8u	/* entries in each: 4096 in all, 1.2 MiB */
#define USER_MAX	255u

struct entry {
	uint8_t		 origin[16];
	unsigned char	 user[USER_MAX];
	uint8_t		 user_len;
	unsigned int	 failures;	/* 0: nobody's */
	uint64_t	 last;		/* when the last one was, in ms */
};

struct lockouts {
	pthread_mutex_t	 mutex;		/* guards all below */
	unsigned int	 tries;
	uint64_t	 ms;
	uint64_t	 seed;		/* so that nobody can fill one set */
	struct entry	 entries[SETS][WAYS];
};

struct lockouts *
lockouts_new(unsigned int tries, unsigned int seconds)
{
	struct lockouts *lockouts;

	if ((lockouts = calloc(1, sizeof(*lockouts))) == NULL)
		return NULL;
	if (RAND_bytes((unsigned char *)&lockouts->seed,
	    sizeof(lockouts->seed)) != 1) {
		free(lockouts);
		return NULL;
	}
	pthread_mutex_init(&lockouts->mutex, NULL);
	lockouts_set(lockouts, tries, seconds);
	return lockouts;
}

void
lockouts_free(struct lockouts *lockouts)
{
	if (lockouts == NULL)
		return;
	pthread_mutex_destroy(&lockouts->mutex);
	free(lockouts);
}

void
lockouts_set(struct lockouts *lockouts, unsigned int tries,
    unsigned int seconds)
{
	pthread_mutex_lock(&lockouts->mutex);
	lockouts->tries = tries;
	lockouts->ms = (uint64_t)seconds * 1000;
	pthread_mutex_unlock(&lockouts->mutex);
}

static uint8_t
name_len(const struct lockout_pair *pair)
{
	return (uint8_t)(pair->user_len < USER_MAX ? pair->user_len :
	    USER_MAX);
}

/* The mutex is held, as for all below. */
static struct entry *
set_of(struct lockouts *lockouts, const struct lockout_pair *pair)
{
	XXH64_hash_t hash;

	hash = XXH3_64bits_withSeed(pair->origin, 16, lockouts->seed);
	hash = XXH3_64bits_withSeed(pair->user, name_len(pair), hash);
	return lockouts->entries[hash % SETS];
}

/*
 * Failures that are long ago have no weight any more.  Another thread may have
 * read the clock after us, and come before us.
 */
static bool
counts(const struct lockouts *lockouts, const struct entry *entry,
    uint64_t now)
{
	return entry->failures > 0 && now < entry->last + lockouts->ms;
}

static struct entry *
find(struct lockouts *lockouts, const struct lockout_pair *pair)
{
	struct entry *set = set_of(lockouts, pair);
	uint8_t len = name_len(pair);

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].failures > 0 && set[i].user_len == len &&
		    memcmp(set[i].origin, pair->origin, 16) == 0 &&
		    memcmp(set[i].user, pair->user, len) == 0)
			return &set[i];
	return NULL;
}

/* Who failed least, and of those whose last failure is the oldest. */
static struct entry *
least(struct lockouts *lockouts, struct entry *set, uint64_t now)
{
	struct entry *found = set;

	for (size_t i = 0; i < WAYS; i++) {
		if (!counts(lockouts, &set[i], now))
			return &set[i];
		if (set[i].failures < found->failures ||
		    (set[i].failures == found->failures &&
		    set[i].last < found->last))
			found = &set[i];
	}
	return found;
}

static struct entry *
take_over(struct entry *entry, const struct lockout_pair *pair)
{
	memcpy(entry->origin, pair->origin, sizeof(entry->origin));
	entry->user_len = name_len(pair);
	memcpy(entry->user, pair->user, entry->user_len);
	entry->failures = 0;
	return entry;
}

static bool
is_locked(const struct lockouts *lockouts, const struct entry *entry,
    uint64_t now)
{
	return lockouts->tries > 0 && counts(lockouts, entry, now) &&
	    entry->failures >= lockouts->tries;
}

unsigned int
lockouts_left(struct lockouts *lockouts, const struct lockout_pair *pair,
    uint64_t now)
{
	const struct entry *entry;
	uint64_t left = 0;

	pthread_mutex_lock(&lockouts->mutex);
	entry = find(lockouts, pair);
	if (entry != NULL && is_locked(lockouts, entry, now))
		left = entry->last + lockouts->ms - now;
	pthread_mutex_unlock(&lockouts->mutex);
	return (unsigned int)((left + 999) / 1000);
}

/* The mutex is held. */
static bool
add_failure(struct lockouts *lockouts, const struct lockout_pair *pair,
    uint64_t now)
{
	struct entry *entry;

	if ((entry = find(lockouts, pair)) == NULL)
		entry = take_over(least(lockouts, set_of(lockouts, pair),
		    now), pair);
	/* One that was being checked meanwhile does not make it longer. */
	if (is_locked(lockouts, entry, now))
		return false;
	if (!counts(lockouts, entry, now))
		entry->failures = 0;
	entry->failures++;
	entry->last = now;
	return is_locked(lockouts, entry, now);
}

bool
lockouts_failed(struct lockouts *lockouts, const struct lockout_pair *pair,
    uint64_t now)
{
	bool locks;

	pthread_mutex_lock(&lockouts->mutex);
	locks = lockouts->tries > 0 && add_failure(lockouts, pair, now);
	pthread_mutex_unlock(&lockouts->mutex);
	return locks;
}

void
lockouts_forget(struct lockouts *lockouts, const struct lockout_pair *pair)
{
	struct entry *entry;

	pthread_mutex_lock(&lockouts->mutex);
	if ((entry = find(lockouts, pair)) != NULL)
		entry->failures = 0;
	pthread_mutex_unlock(&lockouts->mutex);
}
