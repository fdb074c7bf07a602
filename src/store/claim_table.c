/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "claim_table.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

/* Behind all that is ever written to a record. */
#define RANGES_AT	((off_t)1 << 61)
#define RANGES_MOST	((uint64_t)1 << 60)

/* Order of the mutexes: the table's, then a claim's. */
struct claim_table {
	pthread_mutex_t	 mutex;
	struct claim	*first;		/* borrowed */
};

struct claim_table *
claim_table_new(void)
{
	struct claim_table *table;

	if ((table = calloc(1, sizeof(*table))) != NULL)
		pthread_mutex_init(&table->mutex, NULL);
	return table;
}

void
claim_table_free(struct claim_table *table)
{
	if (table == NULL)
		return;
	pthread_mutex_destroy(&table->mutex);
	free(table);
}

static bool
lock_bytes(int fd, short type, off_t at, off_t len)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET,
	    .l_start = at, .l_len = len };
	int ret;

	do
		ret = fcntl(fd, F_OFD_SETLK, &lock);
	while (ret == -1 && errno == EINTR);
	return ret == 0;
}

bool
claim_lock(int fd, short type, off_t at)
{
	return lock_bytes(fd, type, at, 1);
}

bool
claim_lock_range(int record_fd, short type, uint64_t first, uint64_t end)
{
	return lock_bytes(record_fd, type, RANGES_AT + (off_t)first,
	    (off_t)(end - first));
}

bool
claim_whole_is_held(int record_fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_start = CLAIM_WHOLE_AT, .l_len = 1 };

	/* What cannot be told is left to who holds it. */
	return fcntl(record_fd, F_OFD_GETLK, &lock) == -1 ||
	    lock.l_type != F_UNLCK;
}

bool
claim_generation(int fd, uint64_t *generation)
{
	if (pread(fd, generation, sizeof(*generation), CLAIM_GENERATION_AT) !=
	    (ssize_t)sizeof(*generation))
		return false;
	*generation = be64toh(*generation);
	return true;
}

void
claim_let_go(struct claim *claim)
{
	if (!claim->is_held)
		return;
	claim->is_held = false;
	(void)claim_lock(claim->record_fd, F_UNLCK, CLAIM_WHOLE_AT);
	(void)claim_lock(claim->record_fd, F_UNLCK, CLAIM_SHARED_AT);
	(void)claim_lock_range(claim->record_fd, F_UNLCK, 0, RANGES_MOST);
	if (claim->path_fd != -1)
		close(claim->path_fd);
	claim->path_fd = -1;
}

void
claim_table_add(struct claim_table *table, struct claim *claim)
{
	pthread_mutex_lock(&table->mutex);
	claim->next = table->first;
	table->first = claim;
	pthread_mutex_unlock(&table->mutex);
}

void
claim_table_remove(struct claim_table *table, struct claim *claim)
{
	struct claim **at;

	pthread_mutex_lock(&table->mutex);
	for (at = &table->first; *at != claim; at = &(*at)->next)
		;
	*at = claim->next;
	pthread_mutex_unlock(&table->mutex);
}

bool
claim_table_send_away(struct claim_table *table, const struct claim *except)
{
	struct claim *claim;
	bool all = true;

	pthread_mutex_lock(&table->mutex);
	for (claim = table->first; claim != NULL; claim = claim->next) {
		if (claim == except ||
		    memcmp(claim->id, except->id, sizeof(claim->id)) != 0)
			continue;
		pthread_mutex_lock(&claim->mutex);
		if (claim->is_closed)
			all = false;
		else
			claim_let_go(claim);
		pthread_mutex_unlock(&claim->mutex);
	}
	pthread_mutex_unlock(&table->mutex);
	return all;
}

void
claim_table_clear_range(struct claim_table *table, const struct claim *except,
    uint64_t first, uint64_t end)
{
	struct claim *claim;

	pthread_mutex_lock(&table->mutex);
	for (claim = table->first; claim != NULL; claim = claim->next) {
		if (claim == except || !claim->joins ||
		    memcmp(claim->id, except->id, sizeof(claim->id)) != 0)
			continue;
		pthread_mutex_lock(&claim->mutex);
		if (claim->first < end && first < claim->end)
			claim_let_go(claim);
		pthread_mutex_unlock(&claim->mutex);
	}
	pthread_mutex_unlock(&table->mutex);
}

static bool
must_let_go(const struct claim *claim, uint64_t now)
{
	uint64_t generation;

	/* It may have been heard after `now`. */
	return now >= claim->heard + CLAIM_SILENCE * 1000u ||
	    !claim_generation(claim->record_fd, &generation) ||
	    generation != claim->generation ||
	    (claim->joins && !claim_whole_is_held(claim->record_fd));
}

static void
tick(struct claim *claim, uint64_t now)
{

	/* Whoever is at work there is not silent. */
	if (pthread_mutex_trylock(&claim->mutex) != 0)
		return;
	if (claim->is_held && !claim->is_closed && must_let_go(claim, now))
		claim_let_go(claim);
	pthread_mutex_unlock(&claim->mutex);
}

/* Who holds the whole may have nothing to send while others do. */
static void
hear_for_whole(struct claim_table *table, struct claim *part)
{
	struct claim *claim;
	uint64_t heard;

	if (pthread_mutex_trylock(&part->mutex) != 0)
		return;
	heard = part->is_held ? part->heard : 0;
	pthread_mutex_unlock(&part->mutex);
	for (claim = table->first; claim != NULL; claim = claim->next) {
		if (claim->joins || memcmp(claim->id, part->id,
		    sizeof(claim->id)) != 0 ||
		    pthread_mutex_trylock(&claim->mutex) != 0)
			continue;
		if (claim->heard < heard)
			claim->heard = heard;
		pthread_mutex_unlock(&claim->mutex);
	}
}

void
claim_table_tick(struct claim_table *table)
{
	uint64_t now = clock_ms();
	struct claim *claim;

	pthread_mutex_lock(&table->mutex);
	for (claim = table->first; claim != NULL; claim = claim->next)
		if (claim->joins)
			hear_for_whole(table, claim);
	for (claim = table->first; claim != NULL; claim = claim->next)
		tick(claim, now);
	pthread_mutex_unlock(&table->mutex);
}
