/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "version.h"

#define RACES_MOST 100	/* times that somebody else may swap the file */

/* Locks are worth something only on the file that still has the name. */
static bool
is_still(struct target *target, const struct folder *folder, const char *name)
{
	struct stat held;

	return fstat(target->fd, &held) == 0 &&
	    fstatat(folder->fd, name, &target->st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    held.st_ino == target->st.st_ino &&
	    held.st_dev == target->st.st_dev;
}

/*
 * One try; `*again` if the name was swapped meanwhile.  The file was looked at
 * before it is opened, so FIFOs and devices are not (see walk.c on races).
 */
static enum status
try_hold(struct target *target, const struct place *place,
    const struct folder *folder, const char *name, bool *again)
{
	const struct own_want whole = { .kind = RANGE_LOCK_SHARED,
	    .guard = true, .is_blind = place->hides_holders };
	enum status st;

	*again = false;
	if (fstatat(folder->fd, name, &target->st, AT_SYMLINK_NOFOLLOW) == -1)
		return status_errno("%s", name);
	if (!S_ISREG(target->st.st_mode))
		return STATUS_OK;
	target->fd = openat(folder->fd, name,
	    O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	if (target->fd == -1) {
		*again = errno == ENOENT || errno == ELOOP || errno == ENXIO;
		return status_errno("%s", name);
	}
	st = own_hold_take(&target->hold, place->own, target->fd, &whole,
	    name);
	if (st == STATUS_OK)
		*again = !is_still(target, folder, name);
	return st;
}

enum status
target_hold(struct target *out, const struct place *place,
    const struct folder *folder, const char *name)
{
	bool again = true;
	enum status st = STATUS_LOCKED;
	int races;

	memset(out, 0, sizeof(*out));
	out->fd = -1;
	for (races = 0; again && races < RACES_MOST; races++) {
		target_release(out);
		st = try_hold(out, place, folder, name, &again);
	}
	if (again)
		st = status_set(STATUS_LOCKED, "%s: changes all the time",
		    name);
	if (st != STATUS_OK)
		target_release(out);
	return st;
}

void
target_release(struct target *target)
{
	int error = errno;

	own_hold_release(&target->hold);
	if (target->fd != -1)
		close(target->fd);
	target->fd = -1;
	errno = error;
}

enum status
target_expect(const struct target *target, const uint8_t *version)
{
	uint8_t now[VERSION_SIZE];

	version_of(now, &target->st);
	if (memcmp(now, version, VERSION_SIZE) == 0)
		return STATUS_OK;
	return status_set(STATUS_PRECONDITION,
	    "the file is not the version that was expected");
}

/*
 * Without RENAME_NOREPLACE: a link fails if the name is taken.  What cannot be
 * linked (folders, and anything on a file system without links) is renamed once
 * the kernel has found the name free: it says EEXIST before all else.  The name
 * is held, so only a program beside the server could come between.
 */
static bool
link_free(int old_folder_fd, const char *old, const struct folder *folder,
    const char *name)
{
	if (linkat(old_folder_fd, old, folder->fd, name, 0) == 0)
		return unlinkat(old_folder_fd, old, 0) == 0;
	return (errno == EPERM || errno == EOPNOTSUPP) &&
	    renameat(old_folder_fd, old, folder->fd, name) == 0;
}

enum status
target_take_free(int old_folder_fd, const char *old,
    const struct folder *folder, const char *name)
{
	if (renameat2(old_folder_fd, old, folder->fd, name,
	    RENAME_NOREPLACE) == 0)
		return STATUS_OK;
	/* EINVAL is also for a folder moved into itself, as it is below. */
	if ((errno == EINVAL || errno == ENOSYS) &&
	    link_free(old_folder_fd, old, folder, name))
		return STATUS_OK;
	return status_errno("%s", name);
}

enum status
target_replace(struct target *target, struct own_hold *heir,
    const struct target_move *move)
{
	enum status st;

	st = own_hold_inherit(heir, &target->hold, move->name);
	if (st == STATUS_OK && renameat(move->old_folder_fd, move->old,
	    move->folder->fd, move->name) == -1)
		st = status_errno("%s", move->name);
	own_hold_inherited(heir, &target->hold, st == STATUS_OK);
	return st;
}
