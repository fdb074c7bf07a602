/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "own_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct own_file *
own_file_find(const struct own_locks *own, dev_t dev, ino_t ino)
{
	struct own_file *file;

	for (file = own->files; file != NULL; file = file->next)
		if (file->share.ino == ino && file->share.dev == dev)
			break;
	return file;
}

enum status
own_file_new(struct own_file **out, struct own_locks *own, int fd,
    const struct base *base, const char *path)
{
	struct own_file *file;
	struct stat st;

	*out = NULL;
	if (atomic_load(&own->count) >= OWN_LOCKS_FILES_MOST) {
		close(fd);
		return status_set(STATUS_TOO_LARGE,
		    "you hold locks on too many files");
	}
	if (fstat(fd, &st) == -1 ||
	    (file = calloc(1, sizeof(*file))) == NULL) {
		close(fd);
		return status_set(STATUS_NO_MEMORY, "out of memory");
	}
	file->fd = fd;
	file->share.dev = st.st_dev;
	file->share.ino = st.st_ino;
	file->share.user = own->user;
	file->share.session = own->session;
	file->share.is_lock = true;
	file->share.base = base;
	file->share.path = strdup(path);	/* for people only */
	file->next = own->files;
	own->files = file;
	atomic_fetch_add(&own->count, 1);
	*out = file;
	return STATUS_OK;
}

void
own_file_tidy(struct own_locks *own, struct own_file *file)
{
	struct own_file **at;

	if (file->share.map.count > 0 || file->holds != NULL)
		return;
	for (at = &own->files; *at != file; at = &(*at)->next)
		;
	*at = file->next;
	atomic_fetch_sub(&own->count, 1);
	lock_table_drop(own->table, &file->share);
	lock_map_clear(&file->kernel);
	close(file->fd);	/* and with it what it still holds */
	free(file);
}

/* What operations need of the byte `at`, the same up to `*until`. */
static enum range_lock_kind
needed_at(const struct own_file *file, uint64_t at, uint64_t *until)
{
	enum range_lock_kind kind = RANGE_LOCK_NONE;
	const struct own_hold *hold;

	*until = RANGE_LOCK_END;
	for (hold = file->holds; hold != NULL; hold = hold->next) {
		if (hold->start > at) {
			if (hold->start < *until)
				*until = hold->start;
		} else if (hold->end > at) {
			if (hold->end < *until)
				*until = hold->end;
			if (hold->kind > kind)
				kind = hold->kind;
		}
	}
	return kind;
}

static uint64_t
least(uint64_t a, uint64_t b, uint64_t c)
{
	if (b < a)
		a = b;
	return c < a ? c : a;
}

/*
 * What an operation needs of bytes that the user has not locked it holds
 * through its own descriptor, or they were unlocked meanwhile: those stay.
 */
static enum range_lock_kind
wanted(enum range_lock_kind locked, enum range_lock_kind needed,
    enum range_lock_kind now)
{
	if (locked == RANGE_LOCK_NONE)
		return needed == RANGE_LOCK_NONE ? RANGE_LOCK_NONE : now;
	return needed > locked ? needed : locked;
}

static enum status
settle_guard(struct own_file *file, const struct lock_map *map)
{
	enum range_lock_kind want = map->count > 0 ? RANGE_LOCK_SHARED :
	    RANGE_LOCK_NONE;
	const struct own_hold *hold;
	enum status st;

	for (hold = file->holds; hold != NULL; hold = hold->next)
		if (hold->guard && !hold->guard_on_fd)
			want = RANGE_LOCK_EXCLUSIVE;
	if (want == file->kernel_guard)
		return STATUS_OK;
	if ((st = range_lock_guard(file->fd, want)) == STATUS_OK)
		file->kernel_guard = want;
	return st;
}

enum status
own_file_settle(struct own_file *file, const struct lock_map *map)
{
	enum range_lock_kind locked, now, needed, want;
	uint64_t at, until[3], next;
	enum status st;

	if ((st = settle_guard(file, map)) != STATUS_OK)
		return st;
	for (at = 0; at < RANGE_LOCK_END; at = next) {
		locked = lock_map_at(map, at, &until[0]);
		now = lock_map_at(&file->kernel, at, &until[1]);
		needed = needed_at(file, at, &until[2]);
		next = least(until[0], until[1], until[2]);
		want = wanted(locked, needed, now);
		if (want == now)
			continue;
		st = range_lock(file->fd, want, at, next - at);
		if (st != STATUS_OK)
			return st;
		if (!lock_map_set(&file->kernel, at, next, want))
			return status_set(STATUS_NO_MEMORY, "out of memory");
	}
	return STATUS_OK;
}

enum status
own_file_change(struct own_locks *own, struct own_file *file,
    const struct lock_map *map)
{
	enum status st;

	if (map->count > OWN_LOCKS_RANGES_MOST &&
	    map->count > file->share.map.count)
		return status_set(STATUS_TOO_LARGE,
		    "you hold too many locks on the file");
	if ((st = own_file_settle(file, map)) == STATUS_OK)
		st = lock_table_put(own->table, &file->share, map);
	if (st != STATUS_OK) {
		/* Less than was tried: nobody can be in the way. */
		(void)own_file_settle(file, &file->share.map);
	}
	return st;
}
