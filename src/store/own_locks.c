/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "own_locks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "own_file.h"

#define RACES_MOST	100	/* times that somebody else may swap the file */
#define FULL_ROOM	(2 * WALK_PATH_ROOM)

struct own_locks *
own_locks_new(struct lock_table *table, const char *user, uint64_t session)
{
	struct own_locks *own;

	if ((own = calloc(1, sizeof(*own))) == NULL)
		return NULL;
	if ((own->user = strdup(user)) == NULL) {
		free(own);
		return NULL;
	}
	atomic_init(&own->references, 1);
	pthread_mutex_init(&own->mutex, NULL);
	own->table = table;
	own->session = session;
	return own;
}

struct own_locks *
own_locks_ref(struct own_locks *own)
{
	if (own != NULL)
		atomic_fetch_add(&own->references, 1);
	return own;
}

void
own_locks_unref(struct own_locks *own)
{
	if (own == NULL || atomic_fetch_sub(&own->references, 1) != 1)
		return;
	own_locks_close(own);
	pthread_mutex_destroy(&own->mutex);
	free(own->user);
	free(own);
}

void
own_locks_close(struct own_locks *own)
{
	static const struct lock_map nothing;
	struct own_file *file, *next;

	pthread_mutex_lock(&own->mutex);
	own->closed = true;
	for (file = own->files; file != NULL; file = next) {
		next = file->next;
		(void)own_file_change(own, file, &nothing);
		own_file_tidy(own, file);
	}
	pthread_mutex_unlock(&own->mutex);
}

bool
own_locks_any(const struct own_locks *own)
{
	return own != NULL && atomic_load(&own->count) > 0;
}

/* The path as seen from the base. */
static const char *
from_base(char full[FULL_ROOM], const struct place *place, const char *path)
{
	snprintf(full, FULL_ROOM, "%s%s", place->root,
	    place_path(place, path));
	return full;
}

/* Shared locks need no right to write. */
static enum status
open_file(int *fd, struct stat *sb, const struct place *place,
    const char *path, enum range_lock_kind kind)
{
	enum status st;

	st = walk_file_to_write(fd, sb, place, path);
	if (kind == RANGE_LOCK_SHARED &&
	    (st == STATUS_NOT_PERMITTED || st == STATUS_LOCKED))
		st = walk_file(fd, sb, place, path);
	return st;
}

static uint64_t
end_of(uint64_t start, uint64_t length)
{
	return length == 0 || length > RANGE_LOCK_END - start ?
	    RANGE_LOCK_END : start + length;
}

/* Is that file still the one at the path? */
static bool
is_still(const struct place *place, const char *path, const struct stat *sb)
{
	struct stat now;

	return walk_stat(&now, place, path) == STATUS_OK &&
	    now.st_ino == sb->st_ino && now.st_dev == sb->st_dev;
}

/* With a file that the session may know already. */
struct attempt {
	const struct place *place;
	const char	*path;
	const struct lock_wish *wish;
	int		 fd;		/* owned */
	struct stat	 sb;
	bool		 again;		/* the file was swapped meanwhile */
};

static enum status
refuse(const struct own_locks *own, const struct attempt *attempt)
{
	const struct lock_wish *wish = attempt->wish;
	const struct lock_query query = { .dev = attempt->sb.st_dev,
	    .ino = attempt->sb.st_ino, .session = own->session,
	    .start = wish->start, .end = end_of(wish->start, wish->length),
	    .kind = wish->kind, .is_blind = attempt->place->hides_holders };

	return lock_table_refuse(own->table, &query, attempt->path);
}

static enum status
change_known(struct own_locks *own, struct own_file *file,
    struct attempt *attempt)
{
	const struct lock_wish *wish = attempt->wish;
	struct lock_map map, before;
	enum status st = STATUS_NO_MEMORY;

	memset(&map, 0, sizeof(map));
	if (!lock_map_copy(&before, &file->share.map) ||
	    !lock_map_copy(&map, &before) ||
	    !lock_map_set(&map, wish->start,
	    end_of(wish->start, wish->length), wish->kind))
		status_set(st, "out of memory");
	else if ((st = own_file_change(own, file, &map)) == STATUS_LOCKED)
		st = refuse(own, attempt);
	else if (st == STATUS_OK) {
		attempt->again = !is_still(attempt->place, attempt->path,
		    &attempt->sb);
		if (attempt->again)
			(void)own_file_change(own, file, &before);
	}
	lock_map_clear(&map);
	lock_map_clear(&before);
	return st;
}

static enum status
lock_open(struct own_locks *own, struct attempt *attempt)
{
	enum status st = STATUS_OK;
	struct own_file *file;
	char full[FULL_ROOM];

	file = own_file_find(own, attempt->sb.st_dev, attempt->sb.st_ino);
	if (own->closed)
		st = status_set(STATUS_CANCELLED, "the session has ended");
	else if (file == NULL) {
		st = own_file_new(&file, own, attempt->fd,
		    attempt->place->base,
		    from_base(full, attempt->place, attempt->path));
		attempt->fd = -1;
	}
	if (st == STATUS_OK) {
		st = change_known(own, file, attempt);
		own_file_tidy(own, file);
	}
	if (attempt->fd != -1)
		close(attempt->fd);
	attempt->fd = -1;
	return st;
}

enum status
own_locks_lock(const struct place *place, const char *path,
    const struct lock_wish *wish, struct file_key *key)
{
	struct attempt attempt = { .place = place, .path = path,
	    .wish = wish, .again = true };
	enum status st = STATUS_OK;
	int races;

	key->ino = 0;
	if (wish->start >= RANGE_LOCK_END)
		return status_set(STATUS_BAD_REQUEST,
		    "a lock must begin before 2^62");
	for (races = 0; attempt.again && races < RACES_MOST; races++) {
		attempt.again = false;
		st = open_file(&attempt.fd, &attempt.sb, place, path,
		    wish->kind);
		if (st != STATUS_OK)
			return st;
		key->dev = attempt.sb.st_dev;
		key->ino = attempt.sb.st_ino;
		pthread_mutex_lock(&place->own->mutex);
		st = lock_open(place->own, &attempt);
		pthread_mutex_unlock(&place->own->mutex);
	}
	if (attempt.again)
		st = status_set(STATUS_LOCKED, "%s: changes all the time",
		    path);
	return st;
}

/* By the file that is there now, else by the name that was locked. */
static struct own_file *
find_locked(const struct place *place, const char *path)
{
	struct own_file *file = NULL;
	char full[FULL_ROOM];
	struct stat sb;

	if (walk_stat(&sb, place, path) == STATUS_OK)
		file = own_file_find(place->own, sb.st_dev, sb.st_ino);
	if (file != NULL)
		return file;
	(void)from_base(full, place, path);
	for (file = place->own->files; file != NULL; file = file->next)
		if (lock_table_is_at(place->own->table, &file->share,
		    place->base, full))
			break;
	return file;
}

static bool
has_any(const struct lock_map *map, uint64_t start, uint64_t end)
{
	uint64_t until;

	return lock_map_at(map, start, &until) != RANGE_LOCK_NONE ||
	    until < end;
}

static enum status
unlock_known(struct own_locks *own, struct own_file *file, uint64_t start,
    uint64_t end)
{
	enum status st = STATUS_NO_MEMORY;
	struct lock_map map;

	if (!lock_map_copy(&map, &file->share.map) ||
	    !lock_map_set(&map, start, end, RANGE_LOCK_NONE))
		status_set(st, "out of memory");
	else
		st = own_file_change(own, file, &map);
	lock_map_clear(&map);
	own_file_tidy(own, file);
	return st;
}

enum status
own_locks_unlock(const struct place *place, const char *path, uint64_t start,
    uint64_t length, struct file_key *key)
{
	struct own_file *file;
	enum status st;

	key->ino = 0;
	if (start >= RANGE_LOCK_END)
		return status_set(STATUS_BAD_REQUEST,
		    "a lock must begin before 2^62");
	pthread_mutex_lock(&place->own->mutex);
	file = find_locked(place, path);
	if (file == NULL ||
	    !has_any(&file->share.map, start, end_of(start, length)))
		st = status_set(STATUS_NOT_FOUND,
		    "%s: you hold no lock there", path);
	else {
		key->dev = file->share.dev;
		key->ino = file->share.ino;
		st = unlock_known(place->own, file, start,
		    end_of(start, length));
	}
	pthread_mutex_unlock(&place->own->mutex);
	return st;
}

void
own_locks_renamed(const struct place *place, const char *path,
    const char *target)
{
	char from[FULL_ROOM], to[FULL_ROOM];

	if (place->own != NULL)
		lock_table_renamed(place->own->table, place->base,
		    from_base(from, place, path), from_base(to, place, target));
}

enum status
own_locks_list(const struct place *place, const char *path,
    struct lock_seen **seen, size_t *count)
{
	struct lock_scope scope = { .session = place->own->session };
	struct stat sb;
	enum status st;

	if (path != NULL) {
		if ((st = walk_stat(&sb, place, path)) != STATUS_OK)
			return st;
		scope.dev = sb.st_dev;
		scope.ino = sb.st_ino;
	}
	return lock_table_list(place->own->table, &scope, seen, count);
}

uint64_t
own_locks_session(const struct own_locks *own)
{
	return own->session;
}
