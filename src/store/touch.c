/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "touch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "quota.h"

#define MODE_DEFAULT	0644
#define MODE_BITS	0777
#define RACES_MOST	100	/* times that the name may come and go */

/* An fsync of a folder may be something that its file system cannot do. */
static enum status
set_facts(int fd, const struct place *place, const char *path,
    const struct touch_plan *plan)
{
	struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		{ .tv_nsec = UTIME_NOW },
	};

	if (plan->has_time) {
		times[1].tv_sec = (time_t)plan->time.seconds;
		times[1].tv_nsec = (long)plan->time.nanoseconds;
	} else if (plan->has_mode)
		times[1].tv_nsec = UTIME_OMIT;
	if ((plan->has_mode && fchmod(fd, plan->mode & MODE_BITS) == -1) ||
	    futimens(fd, times) == -1)
		return status_errno("%s", path);
	if (place_durability(place) == DURABILITY_COMMIT &&
	    fsync(fd) == -1 && errno != EINVAL)
		return status_errno("%s", path);
	return STATUS_OK;
}

static enum status
check_old(const struct stat *sb, const char *path,
    const struct touch_plan *plan)
{
	uint8_t now[VERSION_SIZE];

	if (!plan->may_change)
		return status_set(STATUS_NOT_PERMITTED,
		    "%s: there already, and not yours to change", path);
	if (plan->if_absent)
		return status_set(STATUS_EXISTS, "%s: exists already", path);
	version_of(now, sb);
	if (plan->if_version && memcmp(now, plan->version, sizeof(now)) != 0)
		return status_set(STATUS_PRECONDITION,
		    "the file is not the version that was expected");
	return STATUS_OK;
}

/*
 * Who may change the bits of a file need not be able to write to it: it may be
 * these bits that forbid it.
 */
static enum status
open_old(int *fd, struct stat *sb, const struct place *place,
    const char *path, const struct touch_plan *plan)
{
	struct folder folder;
	enum status st;

	st = walk_file_to_write(fd, sb, place, path);
	if (st == STATUS_NOT_PERMITTED && plan->has_mode)
		return walk_file(fd, sb, place, path);
	if (st != STATUS_IS_A_FOLDER)
		return st;
	if (*place_path(place, path) == '\0' ||
	    strcmp(place_path(place, path), "/") == 0)
		return status_set(STATUS_NOT_PERMITTED,
		    "%s: the root stays as it is", path);
	if ((st = walk_folder(&folder, place, path)) != STATUS_OK)
		return st;
	if (fstat(folder.fd, sb) == -1) {
		st = status_errno("%s", path);
		folder_close(&folder);
		return st;
	}
	*fd = folder.fd;
	return STATUS_OK;
}

static enum status
change_old(const struct place *place, const char *path,
    const struct touch_plan *plan)
{
	struct stat sb;
	enum status st;
	int fd;

	if ((st = open_old(&fd, &sb, place, path, plan)) != STATUS_OK)
		return st;
	if ((st = check_old(&sb, path, plan)) == STATUS_OK)
		st = set_facts(fd, place, path, plan);
	close(fd);
	return st;
}

/* In the folder, with the name held. */
static enum status
make_held(const struct folder *folder, const char *name,
    const struct place *place, const char *path,
    const struct touch_plan *plan)
{
	struct quota_hold hold;
	enum status st;
	int fd;

	st = quota_reserve(&hold, place, path, 0, 1);
	if (st != STATUS_OK)
		return st;
	fd = openat(folder->fd, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    MODE_DEFAULT);
	if (fd == -1) {
		st = status_errno("%s", path);
		quota_release(&hold);
		return st;
	}
	quota_settle(&hold, 0, 1);
	st = set_facts(fd, place, path, plan);
	close(fd);
	if (st == STATUS_OK &&
	    place_durability(place) == DURABILITY_COMMIT)
		st = folder_flush(folder);
	return st;
}

static enum status
make_new(const struct place *place, struct names *names, const char *path,
    const struct touch_plan *plan)
{
	struct folder folder;
	const char *name;
	enum status st;

	if (plan->if_version)
		return status_set(STATUS_PRECONDITION, "%s: no such file",
		    path);
	if (!plan->may_make)
		return status_set(STATUS_NOT_PERMITTED,
		    "%s: no such file, and not yours to make", path);
	if ((st = walk_parent(&folder, &name, place, path)) != STATUS_OK)
		return st;
	st = names_hold(names, &folder, name, NULL, NULL);
	if (st == STATUS_OK) {
		st = make_held(&folder, name, place, path, plan);
		names_release(names);
	}
	folder_close(&folder);
	return st;
}

enum status
touch_file(const struct place *place, struct names *names, const char *path,
    const struct touch_plan *plan)
{
	enum status st = STATUS_EXISTS;
	int races;

	for (races = 0; st == STATUS_EXISTS && races < RACES_MOST; races++) {
		st = change_old(place, path, plan);
		if (st == STATUS_EXISTS)
			break;
		if (st == STATUS_NOT_FOUND)
			st = make_new(place, names, path, plan);
	}
	return st;
}
