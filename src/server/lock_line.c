/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "lock_line.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "log.h"

#define PAUSE_LEAST	10	/* milliseconds between two attempts */
#define PAUSE_MOST	250

struct lock_line {
	struct base	*const *bases;	/* borrowed */
	size_t		 base_count;
	pthread_mutex_t	 mutex;
	pthread_cond_t	 changed;
	struct lock_wait *first, **last;	/* in the order they came */
	atomic_size_t	 count;
	bool		 closed;
	pthread_t	*threads;	/* owned */
	unsigned int	 started;
};

static bool
is_same_file(const struct lock_claim *a, const struct lock_claim *b)
{
	return a->ino != 0 && a->ino == b->ino && a->dev == b->dev;
}

static bool
exclude(enum range_lock_kind a, enum range_lock_kind b)
{
	return a != RANGE_LOCK_NONE && b != RANGE_LOCK_NONE &&
	    (a == RANGE_LOCK_EXCLUSIVE || b == RANGE_LOCK_EXCLUSIVE);
}

static bool
conflict(const struct lock_claim *a, const struct lock_claim *b)
{
	if (!is_same_file(a, b))
		return false;
	return exclude(a->guard, b->guard) ||
	    (a->start < b->end && b->start < a->end &&
	    exclude(a->kind, b->kind));
}

static bool
conflict_any(const struct lock_claim *claims, const struct lock_claim *others)
{
	size_t i, k;

	for (i = 0; i < LOCK_WAIT_CLAIMS; i++)
		for (k = 0; k < LOCK_WAIT_CLAIMS; k++)
			if (conflict(&claims[i], &others[k]))
				return true;
	return false;
}

/* The first up to `end` that must be served before those claims, or NULL. */
static const struct lock_wait *
find_ahead(const struct lock_line *line, const struct lock_wait *end,
    const struct lock_claim *claims)
{
	const struct lock_wait *wait;

	for (wait = line->first; wait != end; wait = wait->next)
		if (conflict_any(wait->known, claims))
			return wait;
	return NULL;
}

/*
 * Whose turn it is; NULL if nobody's, and when to look again.  Who stands
 * behind another looks again when that one leaves.
 */
static struct lock_wait *
pick(const struct lock_line *line, uint64_t now, uint64_t *next)
{
	struct lock_wait *wait;

	*next = now + 60000;
	for (wait = line->first; wait != NULL; wait = wait->next) {
		if (wait->busy)
			continue;
		if (wait->cancelled || now >= wait->deadline)
			return wait;
		if (wait->due <= now &&
		    find_ahead(line, wait, wait->known) == NULL)
			return wait;
		if (wait->due <= now)
			wait->due = now + PAUSE_MOST;
		if (wait->due < *next)
			*next = wait->due;
		if (wait->deadline < *next)
			*next = wait->deadline;
	}
	return NULL;
}

static void
sleep_until(struct lock_line *line, uint64_t ms)
{
	struct timespec until = { .tv_sec = (time_t)(ms / 1000),
	    .tv_nsec = (long)(ms % 1000) * 1000000 };

	(void)pthread_cond_timedwait(&line->changed, &line->mutex, &until);
}

static void
wake(struct lock_line *line, dev_t dev, ino_t ino)
{
	struct lock_wait *wait;
	size_t i;

	for (wait = line->first; wait != NULL; wait = wait->next)
		for (i = 0; i < LOCK_WAIT_CLAIMS; i++)
			if (ino == 0 || (wait->known[i].ino == ino &&
			    wait->known[i].dev == dev)) {
				wait->due = 0;
				wait->pause = PAUSE_LEAST;
			}
	pthread_cond_signal(&line->changed);
}

static void
take_out(struct lock_line *line, struct lock_wait *wait)
{
	struct lock_wait **at;
	size_t i;

	for (at = &line->first; *at != wait; at = &(*at)->next)
		;
	if ((*at = wait->next) == NULL)
		line->last = at;
	atomic_fetch_sub(&line->count, 1);
	/* Those behind it may be served now. */
	for (i = 0; i < LOCK_WAIT_CLAIMS; i++)
		if (wait->known[i].ino != 0)
			wake(line, wait->known[i].dev, wait->known[i].ino);
}

/* An attempt may change what is claimed, without the mutex. */
static void
learn_claims(struct lock_wait *wait)
{
	memcpy(wait->known, wait->claims, sizeof(wait->known));
}

/* One more try, or the end; the mutex is given up meanwhile. */
static void
serve(struct lock_line *line, struct lock_wait *wait, struct kit *kit)
{
	enum status st = STATUS_CANCELLED;
	bool is_last;

	wait->busy = true;
	is_last = clock_ms() >= wait->deadline;
	if (!wait->cancelled) {
		if (is_last && find_ahead(line, wait, wait->known) != NULL)
			st = status_set(STATUS_LOCKED,
			    "others wait for the lock as well");
		else {
			pthread_mutex_unlock(&line->mutex);
			st = wait->ops->attempt(wait, kit);
			pthread_mutex_lock(&line->mutex);
			learn_claims(wait);
		}
	}
	wait->busy = false;
	if (st == STATUS_LOCKED && wait->cancelled)
		st = STATUS_CANCELLED;
	is_last = is_last && clock_ms() >= wait->deadline;
	if (st == STATUS_LOCKED && !is_last) {
		wait->due = clock_ms() + wait->pause;
		wait->pause = wait->pause * 2 < PAUSE_MOST ? wait->pause * 2 :
		    PAUSE_MOST;
		return;
	}
	take_out(line, wait);
	pthread_mutex_unlock(&line->mutex);
	if (st == STATUS_CANCELLED)
		status_set(st, "cancelled");
	wait->ops->done(wait, st);
	pthread_mutex_lock(&line->mutex);
}

static void *
line_thread(void *ctx)
{
	struct lock_line *line = ctx;
	struct lock_wait *wait;
	struct kit *kit;
	uint64_t next;
	enum status st;

	st = kit_new(&kit, line->bases, line->base_count);
	if (st != STATUS_OK) {
		log_line(LOG_LEVEL_ERROR, 0, "a lock thread cannot start: %s",
		    status_text(st));
		return NULL;
	}
	pthread_mutex_lock(&line->mutex);
	while (!line->closed || line->first != NULL) {
		wait = pick(line, clock_ms(), &next);
		if (wait != NULL)
			serve(line, wait, kit);
		else
			sleep_until(line, next);
	}
	pthread_mutex_unlock(&line->mutex);
	kit_free(kit);
	return NULL;
}

enum status
lock_line_new(struct lock_line **out, struct base *const *bases,
    size_t base_count, unsigned int threads)
{
	struct lock_line *line;
	pthread_condattr_t attr;

	*out = NULL;
	if ((line = calloc(1, sizeof(*line))) == NULL)
		return STATUS_NO_MEMORY;
	line->bases = bases;
	line->base_count = base_count;
	line->last = &line->first;
	pthread_mutex_init(&line->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&line->changed, &attr);
	pthread_condattr_destroy(&attr);
	line->threads = calloc(threads, sizeof(*line->threads));
	while (line->threads != NULL && line->started < threads &&
	    pthread_create(&line->threads[line->started], NULL, line_thread,
	    line) == 0)
		line->started++;
	if (line->started < threads) {
		lock_line_free(line);
		return status_set(STATUS_NO_MEMORY,
		    "cannot start a lock thread");
	}
	*out = line;
	return STATUS_OK;
}

void
lock_line_close(struct lock_line *line)
{
	struct lock_wait *wait;

	if (line == NULL)
		return;
	pthread_mutex_lock(&line->mutex);
	line->closed = true;
	for (wait = line->first; wait != NULL; wait = wait->next)
		wait->cancelled = true;
	pthread_cond_broadcast(&line->changed);
	pthread_mutex_unlock(&line->mutex);
	for (unsigned int i = 0; i < line->started; i++)
		pthread_join(line->threads[i], NULL);
	line->started = 0;
}

void
lock_line_free(struct lock_line *line)
{
	if (line == NULL)
		return;
	lock_line_close(line);
	pthread_cond_destroy(&line->changed);
	pthread_mutex_destroy(&line->mutex);
	free(line->threads);
	free(line);
}

static size_t
count_of(const struct lock_line *line, const void *owner)
{
	const struct lock_wait *wait;
	size_t n = 0;

	for (wait = line->first; wait != NULL; wait = wait->next)
		n += wait->owner == owner;
	return n;
}

enum status
lock_line_submit(struct lock_line *line, struct lock_wait *wait)
{
	enum status st = STATUS_OK;

	wait->next = NULL;
	wait->busy = wait->cancelled = false;
	wait->pause = PAUSE_LEAST;
	wait->due = clock_ms() + PAUSE_LEAST;
	learn_claims(wait);
	pthread_mutex_lock(&line->mutex);
	if (line->closed || atomic_load(&line->count) >= LOCK_LINE_MOST ||
	    count_of(line, wait->owner) >= LOCK_LINE_OWNER_MOST)
		st = status_set(STATUS_BUSY,
		    "too many requests wait for locks");
	else {
		*line->last = wait;
		line->last = &wait->next;
		atomic_fetch_add(&line->count, 1);
		wait->cancelled = wait->ops->is_cancelled != NULL &&
		    wait->ops->is_cancelled(wait);
		pthread_cond_signal(&line->changed);
	}
	pthread_mutex_unlock(&line->mutex);
	return st;
}

bool
lock_line_is_ahead(struct lock_line *line, const struct lock_claim *claims)
{
	bool found;

	if (atomic_load(&line->count) == 0)
		return false;
	pthread_mutex_lock(&line->mutex);
	found = find_ahead(line, NULL, claims) != NULL;
	pthread_mutex_unlock(&line->mutex);
	return found;
}

void
lock_line_wake(struct lock_line *line, dev_t dev, ino_t ino)
{
	if (line == NULL || atomic_load(&line->count) == 0)
		return;
	pthread_mutex_lock(&line->mutex);
	wake(line, dev, ino);
	pthread_mutex_unlock(&line->mutex);
}

void
lock_line_cancel(struct lock_line *line, const void *owner, uint32_t id)
{
	struct lock_wait *wait;

	if (line == NULL || atomic_load(&line->count) == 0)
		return;
	pthread_mutex_lock(&line->mutex);
	for (wait = line->first; wait != NULL; wait = wait->next)
		if (wait->owner == owner && (id == 0 || wait->id == id))
			wait->cancelled = true;
	pthread_cond_signal(&line->changed);
	pthread_mutex_unlock(&line->mutex);
}
