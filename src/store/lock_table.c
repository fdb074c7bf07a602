/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "lock_table.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024

struct lock_table {
	pthread_mutex_t	 mutex;
	struct lock_share *buckets[BUCKETS];	/* borrowed; by inode */
};

struct lock_table *
lock_table_new(void)
{
	struct lock_table *table;

	if ((table = calloc(1, sizeof(*table))) != NULL)
		pthread_mutex_init(&table->mutex, NULL);
	return table;
}

void
lock_table_free(struct lock_table *table)
{
	if (table == NULL)
		return;
	pthread_mutex_destroy(&table->mutex);
	free(table);
}

static struct lock_share **
bucket_of(struct lock_table *table, ino_t ino)
{
	return &table->buckets[ino % BUCKETS];
}

static bool
is_of(const struct lock_share *share, dev_t dev, ino_t ino)
{
	return share->ino == ino && share->dev == dev;
}

static void
link_in(struct lock_table *table, struct lock_share *share)
{
	struct lock_share **at = bucket_of(table, share->ino);

	if (share->at != NULL)
		return;
	share->next = *at;
	share->at = at;
	if (share->next != NULL)
		share->next->at = &share->next;
	*at = share;
}

static void
take_out(struct lock_share *share)
{
	if (share->at == NULL)
		return;
	*share->at = share->next;
	if (share->next != NULL)
		share->next->at = share->at;
	share->at = NULL;
}

/* Ranges that users have locked on the file, but for those of `share`. */
static size_t
count_others(struct lock_table *table, const struct lock_share *share)
{
	const struct lock_share *other;
	size_t n = 0;

	for (other = *bucket_of(table, share->ino); other != NULL;
	    other = other->next)
		if (other != share && other->is_lock &&
		    is_of(other, share->dev, share->ino))
			n += other->map.count;
	return n;
}

enum status
lock_table_put(struct lock_table *table, struct lock_share *share,
    const struct lock_map *map)
{
	enum status st = STATUS_OK;
	struct lock_map copy;

	if (!lock_map_copy(&copy, map))
		return status_set(STATUS_NO_MEMORY, "out of memory");
	pthread_mutex_lock(&table->mutex);
	if (share->is_lock && map->count > share->map.count &&
	    map->count + count_others(table, share) > LOCK_TABLE_FILE_MOST)
		st = status_set(STATUS_BUSY,
		    "there are too many locks on the file");
	if (st == STATUS_OK) {
		lock_map_clear(&share->map);
		share->map = copy;
		link_in(table, share);
	} else
		lock_map_clear(&copy);
	pthread_mutex_unlock(&table->mutex);
	return st;
}

void
lock_table_drop(struct lock_table *table, struct lock_share *share)
{
	pthread_mutex_lock(&table->mutex);
	take_out(share);
	pthread_mutex_unlock(&table->mutex);
	lock_map_clear(&share->map);
	free(share->path);
	share->path = NULL;
}

/* Is what the share holds in the way of the query? */
static bool
is_in_the_way(const struct lock_share *share, const struct lock_query *query)
{
	const struct lock_range *range;

	if (!is_of(share, query->dev, query->ino) ||
	    share->session == query->session)
		return false;
	if (query->guard && share->is_lock && share->map.count > 0)
		return true;
	for (size_t i = 0; i < share->map.count; i++) {
		range = &share->map.ranges[i];
		if (range->start < query->end && range->end > query->start &&
		    (range->kind == RANGE_LOCK_EXCLUSIVE ||
		    query->kind == RANGE_LOCK_EXCLUSIVE))
			return true;
	}
	return false;
}

bool
lock_table_name(struct lock_table *table, const struct lock_query *query,
    char name[LOCK_TABLE_NAME_ROOM])
{
	const struct lock_share *share;

	pthread_mutex_lock(&table->mutex);
	for (share = *bucket_of(table, query->ino); share != NULL;
	    share = share->next)
		if (is_in_the_way(share, query)) {
			snprintf(name, LOCK_TABLE_NAME_ROOM,
			    "%s (session %llu)", share->user,
			    (unsigned long long)share->session);
			break;
		}
	pthread_mutex_unlock(&table->mutex);
	return share != NULL;
}

enum status
lock_table_refuse(struct lock_table *table, const struct lock_query *query,
    const char *path)
{
	char name[LOCK_TABLE_NAME_ROOM];

	if (!query->is_blind && lock_table_name(table, query, name)) {
		status_set(STATUS_LOCKED, "%s: locked by %s", path, name);
		status_set_holder(name);
		return STATUS_LOCKED;
	}
	return status_set(STATUS_LOCKED, "%s: locked by somebody else", path);
}

/* The ranges of one share as entries of a list that has room for them. */
static bool
see(struct lock_seen *seen, size_t *count, const struct lock_share *share)
{
	struct lock_seen *one;

	for (size_t i = 0; i < share->map.count; i++) {
		one = &seen[(*count)++];
		one->base = share->base;
		one->session = share->session;
		one->range = share->map.ranges[i];
		one->user = strdup(share->user);
		one->path = strdup(share->path != NULL ? share->path : "");
		if (one->user == NULL || one->path == NULL)
			return false;
	}
	return true;
}

static bool
is_within(const struct lock_share *share, const struct lock_scope *scope)
{
	if (!share->is_lock)
		return false;
	return scope->ino != 0 ? is_of(share, scope->dev, scope->ino) :
	    share->session == scope->session;
}

/* Visit all shares within the scope; with `seen` NULL only count. */
static bool
gather(struct lock_table *table, const struct lock_scope *scope,
    struct lock_seen *seen, size_t *count)
{
	const struct lock_share *share;

	*count = 0;
	for (size_t i = 0; i < BUCKETS; i++)
		for (share = table->buckets[i]; share != NULL;
		    share = share->next) {
			if (!is_within(share, scope))
				continue;
			if (seen == NULL)
				*count += share->map.count;
			else if (!see(seen, count, share))
				return false;
		}
	return true;
}

enum status
lock_table_list(struct lock_table *table, const struct lock_scope *scope,
    struct lock_seen **out, size_t *count)
{
	enum status st = STATUS_NO_MEMORY;
	struct lock_seen *seen;
	size_t n;

	*out = NULL;
	*count = 0;
	pthread_mutex_lock(&table->mutex);
	(void)gather(table, scope, NULL, &n);
	seen = calloc(n + 1, sizeof(*seen));
	if (seen != NULL && gather(table, scope, seen, &n))
		st = STATUS_OK;
	pthread_mutex_unlock(&table->mutex);
	if (st == STATUS_OK) {
		*out = seen;
		*count = n;
	} else if (seen != NULL)
		lock_table_forget(seen, n);
	return st;
}

void
lock_table_forget(struct lock_seen *seen, size_t count)
{
	for (size_t i = 0; seen != NULL && i < count; i++) {
		free(seen[i].path);
		free(seen[i].user);
	}
	free(seen);
}

bool
lock_table_is_at(struct lock_table *table, const struct lock_share *share,
    const struct base *base, const char *path)
{
	bool is_at;

	pthread_mutex_lock(&table->mutex);
	is_at = share->path != NULL && share->base == base &&
	    strcmp(share->path, path) == 0;
	pthread_mutex_unlock(&table->mutex);
	return is_at;
}

char *
lock_table_path(struct lock_table *table, const struct lock_share *share)
{
	char *path;

	pthread_mutex_lock(&table->mutex);
	path = share->path != NULL ? strdup(share->path) : NULL;
	pthread_mutex_unlock(&table->mutex);
	return path;
}

/* Without memory the old name stays: it is for people only. */
static void
rename_share(struct lock_share *share, size_t from_len, const char *to)
{
	size_t rest = strlen(share->path + from_len) + 1, len = strlen(to);
	char *path;

	if ((path = malloc(len + rest)) == NULL)
		return;
	memcpy(path, to, len);
	memcpy(path + len, share->path + from_len, rest);
	free(share->path);
	share->path = path;
}

void
lock_table_renamed(struct lock_table *table, const struct base *base,
    const char *from, const char *to)
{
	size_t len = strlen(from);
	struct lock_share *share;

	pthread_mutex_lock(&table->mutex);
	for (size_t i = 0; i < BUCKETS; i++)
		for (share = table->buckets[i]; share != NULL;
		    share = share->next)
			if (share->path != NULL && share->base == base &&
			    strncmp(share->path, from, len) == 0 &&
			    (share->path[len] == '/' ||
			    share->path[len] == '\0'))
				rename_share(share, len, to);
	pthread_mutex_unlock(&table->mutex);
}
