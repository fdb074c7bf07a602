/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "own_hold.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "own_file.h"

enum status
own_hold_begin(struct own_hold *hold, struct own_locks *own, int fd)
{
	struct stat st;

	memset(hold, 0, sizeof(*hold));
	if (fstat(fd, &st) == -1)
		return status_errno("lock");
	hold->own = own_locks_ref(own);
	hold->fd = fd;
	hold->dev = st.st_dev;
	hold->ino = st.st_ino;
	return STATUS_OK;
}

/* The file if the session has locked some of it; the mutex is held. */
static struct own_file *
known(const struct own_hold *hold)
{
	return own_file_find(hold->own, hold->dev, hold->ino);
}

static void
pin(struct own_file *file, struct own_hold *hold)
{
	hold->next = file->holds;
	file->holds = hold;
	hold->pins = true;
}

static void
unpin(struct own_hold *hold)
{
	struct own_file *file = known(hold);
	struct own_hold **at;

	for (at = &file->holds; *at != hold; at = &(*at)->next)
		;
	*at = hold->next;
	hold->pins = false;
	(void)own_file_settle(file, &file->share.map);
	own_file_tidy(hold->own, file);
}

/* The bytes that the lock's own descriptor does not hold. */
static enum status
take_gaps(struct own_hold *hold, const struct own_file *file)
{
	enum status st = STATUS_OK;
	uint64_t at, until;

	for (at = hold->start; at < hold->end && st == STATUS_OK; at = until) {
		if (lock_map_at(&file->kernel, at, &until) !=
		    RANGE_LOCK_NONE)
			continue;
		if (until > hold->end)
			until = hold->end;
		hold->on_fd = true;
		st = range_lock(hold->fd, hold->kind, at, until - at);
	}
	return st;
}

static enum status
take_alone(struct own_hold *hold)
{
	enum status st;

	hold->on_fd = true;
	st = range_lock(hold->fd, hold->kind, hold->start,
	    hold->end - hold->start);
	if (st == STATUS_OK && hold->guard) {
		hold->guard_on_fd = true;
		st = range_lock_guard(hold->fd, RANGE_LOCK_EXCLUSIVE);
	}
	return st;
}

static enum status
take_beside(struct own_hold *hold, struct own_file *file)
{
	enum status st;

	pin(file, hold);
	st = own_file_settle(file, &file->share.map);
	return st == STATUS_OK ? take_gaps(hold, file) : st;
}

/* For as long as it takes: a commit's holds are too short to be seen. */
static void
show(struct own_hold *hold)
{
	struct lock_range range = { hold->start, hold->end, hold->kind };
	const struct lock_map map = { .ranges = &range, .count = 1 };

	hold->share.dev = hold->dev;
	hold->share.ino = hold->ino;
	hold->share.user = hold->own->user;
	hold->share.session = hold->own->session;
	/* Without memory it is not named; the kernel knows it all the same. */
	(void)lock_table_put(hold->own->table, &hold->share, &map);
}

static enum status
refuse(const struct own_hold *hold, const char *path)
{
	const struct lock_query query = { .dev = hold->dev, .ino = hold->ino,
	    .session = hold->own != NULL ? hold->own->session : 0,
	    .start = hold->start, .end = hold->end, .kind = hold->kind,
	    .guard = hold->guard, .is_blind = hold->is_blind };

	if (hold->own != NULL)
		return lock_table_refuse(hold->own->table, &query, path);
	return status_set(STATUS_LOCKED, "%s: locked by somebody else", path);
}

static enum status
take(struct own_hold *hold)
{
	struct own_file *file;
	enum status st;

	if (hold->own == NULL)
		return take_alone(hold);
	pthread_mutex_lock(&hold->own->mutex);
	file = known(hold);
	st = file == NULL ? take_alone(hold) : take_beside(hold, file);
	pthread_mutex_unlock(&hold->own->mutex);
	if (st == STATUS_OK && !hold->guard)
		show(hold);
	return st;
}

enum status
own_hold_take(struct own_hold *hold, struct own_locks *own, int fd,
    const struct own_want *want, const char *path)
{
	enum status st;

	if ((st = own_hold_begin(hold, own, fd)) != STATUS_OK)
		return st;
	hold->start = want->start;
	hold->end = want->length == 0 ||
	    want->length > RANGE_LOCK_END - want->start ? RANGE_LOCK_END :
	    want->start + want->length;
	hold->kind = want->kind;
	hold->guard = want->guard;
	hold->is_blind = want->is_blind;
	if (want->start >= RANGE_LOCK_END)
		st = status_set(STATUS_BAD_REQUEST,
		    "a lock must begin before 2^62");
	else if ((st = take(hold)) == STATUS_LOCKED)
		st = refuse(hold, path);
	if (st != STATUS_OK)
		own_hold_release(hold);
	return st;
}

void
own_hold_release(struct own_hold *hold)
{
	int error = errno;

	if (hold->pins) {
		pthread_mutex_lock(&hold->own->mutex);
		unpin(hold);
		pthread_mutex_unlock(&hold->own->mutex);
	}
	if (hold->on_fd)
		(void)range_lock(hold->fd, RANGE_LOCK_NONE, hold->start,
		    hold->end - hold->start);
	if (hold->guard_on_fd)
		(void)range_lock_guard(hold->fd, RANGE_LOCK_NONE);
	if (hold->own != NULL)
		lock_table_drop(hold->own->table, &hold->share);
	lock_map_clear(&hold->before);
	own_locks_unref(hold->own);
	memset(hold, 0, sizeof(*hold));
	errno = error;
}

/*
 * The heir becomes a file of the session's: its descriptor's locks, those of
 * the operation too, are the session's from now on.
 */
static enum status
adopt(struct own_file **out, struct own_hold *heir,
    const struct own_file *old)
{
	struct own_file *file;
	enum status st;
	char *path;
	int fd;

	*out = NULL;
	if ((fd = fcntl(heir->fd, F_DUPFD_CLOEXEC, 0)) == -1)
		return status_errno("lock");
	path = lock_table_path(heir->own->table, &old->share);
	st = own_file_new(&file, heir->own, fd, old->share.base,
	    path != NULL ? path : "");
	free(path);
	if (st != STATUS_OK)
		return st;
	if (heir->on_fd && !lock_map_set(&file->kernel, heir->start,
	    heir->end, heir->kind)) {
		own_file_tidy(heir->own, file);
		return status_set(STATUS_NO_MEMORY, "out of memory");
	}
	if (heir->guard_on_fd)
		file->kernel_guard = RANGE_LOCK_EXCLUSIVE;
	if (heir->on_fd || heir->guard_on_fd)
		pin(file, heir);
	heir->on_fd = heir->guard_on_fd = false;
	*out = file;
	return STATUS_OK;
}

/* All that either of two maps says, the stronger where both do. */
static bool
unite(struct lock_map *map, const struct lock_map *other)
{
	const struct lock_range *range;
	uint64_t at, until;
	size_t i;

	for (i = 0; i < other->count; i++) {
		range = &other->ranges[i];
		for (at = range->start; at < range->end; at = until) {
			enum range_lock_kind kind = lock_map_at(map, at,
			    &until);

			if (until > range->end)
				until = range->end;
			if (kind < range->kind && !lock_map_set(map, at,
			    until, range->kind))
				return false;
		}
	}
	return true;
}

/* Lock the heir as the session has locked `old`; the mutex is held. */
static enum status
inherit(struct own_hold *heir, const struct own_file *old, const char *path)
{
	struct own_file *file = known(heir);
	enum status st = STATUS_OK;
	struct lock_map map;

	if (file == NULL)
		st = adopt(&file, heir, old);
	else if (heir->on_fd) {
		/* The lock's own descriptor must have these. */
		(void)range_lock(heir->fd, RANGE_LOCK_NONE, heir->start,
		    heir->end - heir->start);
		heir->on_fd = false;
	}
	if (st != STATUS_OK)
		return st;
	st = status_set(STATUS_NO_MEMORY, "out of memory");
	heir->inherits = lock_map_copy(&heir->before, &file->share.map);
	if (lock_map_copy(&map, &file->share.map) && heir->inherits &&
	    unite(&map, &old->share.map))
		st = own_file_change(heir->own, file, &map);
	lock_map_clear(&map);
	if (st == STATUS_LOCKED)
		st = refuse(heir, path);
	own_file_tidy(heir->own, file);
	return st;
}

enum status
own_hold_inherit(struct own_hold *heir, const struct own_hold *old,
    const char *path)
{
	enum status st = STATUS_OK;
	const struct own_file *file;

	/* Not even begun: what takes the name is no file. */
	if (old->own == NULL || heir->own == NULL)
		return STATUS_OK;
	heir->is_blind = old->is_blind;
	pthread_mutex_lock(&old->own->mutex);
	file = known(old);
	if (file != NULL && file->share.map.count > 0)
		st = inherit(heir, file, path);
	pthread_mutex_unlock(&old->own->mutex);
	return st;
}

/* Nobody can ever reach the file again. */
static void
forget_if_gone(struct own_locks *own, struct own_file *file)
{
	static const struct lock_map nothing;
	struct stat st;

	if (fstat(file->fd, &st) == -1 || st.st_nlink > 0)
		return;
	(void)own_file_change(own, file, &nothing);
	own_file_tidy(own, file);
}

void
own_hold_inherited(struct own_hold *heir, struct own_hold *old, bool renamed)
{
	struct own_file *file;

	if (heir->inherits && !renamed) {
		pthread_mutex_lock(&heir->own->mutex);
		if ((file = known(heir)) != NULL) {
			(void)own_file_change(heir->own, file, &heir->before);
			own_file_tidy(heir->own, file);
		}
		pthread_mutex_unlock(&heir->own->mutex);
	}
	heir->inherits = false;
	lock_map_clear(&heir->before);
	if (renamed)
		own_hold_removed(old);
}

void
own_hold_removed(struct own_hold *hold)
{
	struct own_file *file;

	if (hold->own == NULL)
		return;
	pthread_mutex_lock(&hold->own->mutex);
	if ((file = known(hold)) != NULL)
		forget_if_gone(hold->own, file);
	pthread_mutex_unlock(&hold->own->mutex);
}
