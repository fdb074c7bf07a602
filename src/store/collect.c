/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "collect.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "claim_table.h"
#include "stage.h"

#define DEPTH_MOST 2048	/* folders within each other: a path has no more */

static DIR *
open_dir(int dir_fd, const char *name)
{
	DIR *dir;
	int fd;

	/* A descriptor of its own: the place in a folder belongs to it. */
	fd = openat(dir_fd, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return NULL;
	if ((dir = fdopendir(fd)) == NULL)
		close(fd);
	return dir;
}

static void
remove_tree(int dir_fd, const char *name, unsigned int depth)
{
	struct dirent *entry;
	DIR *dir;

	if (unlinkat(dir_fd, name, 0) == 0 || depth == DEPTH_MOST)
		return;
	if (fchmodat(dir_fd, name, 0700, 0) == -1 ||
	    (dir = open_dir(dir_fd, name)) == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			remove_tree(dirfd(dir), entry->d_name, depth + 1);
	closedir(dir);
	(void)unlinkat(dir_fd, name, AT_REMOVEDIR);
}

void
collect_remove_below(int folder_fd, const char *name)
{
	remove_tree(folder_fd, name, 0);
}

void
collect_remove(const struct base *base, const char *name)
{
	int stage_fd = base_stage_fd(base);

	if (unlinkat(stage_fd, name, 0) == 0)
		return;
	/* A folder that goes into another one has to be writable. */
	if (fchmodat(stage_fd, name, 0700, 0) == -1 ||
	    renameat(stage_fd, name, base_gone_fd(base), name) == -1)
		remove_tree(stage_fd, name, 0);
}

void
collect_gone(const struct base *base)
{
	struct dirent *entry;
	DIR *dir;

	if ((dir = open_dir(base_gone_fd(base), ".")) == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (stage_is_name(entry->d_name))
			remove_tree(dirfd(dir), entry->d_name, 0);
	closedir(dir);
}

/*
 * The times of the content are the client's to choose; that of the inode is
 * the system's.
 */
static bool
is_old(int dir_fd, const char *name, time_t before)
{
	struct stat st;

	return stage_is_name(name) &&
	    fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_ctim.tv_sec < before;
}

/*
 * The record is held alone while both go: nobody can take it up then.  It goes
 * first, for one that is sealed and has no stage says that it is published.
 */
static bool
collect_upload(const struct base *base, const char *name, time_t before)
{
	bool is_free;
	int fd;

	fd = openat(base_uploads_fd(base), name,
	    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return false;
	/* Again: it may have been taken up and let go meanwhile. */
	is_free = claim_lock(fd, F_WRLCK, CLAIM_SHARED_AT) &&
	    is_old(base_uploads_fd(base), name, before);
	if (is_free) {
		(void)unlinkat(base_uploads_fd(base), name, 0);
		collect_remove(base, name);
	}
	close(fd);
	return is_free;
}

static bool
collect_stage(const struct base *base, const char *name, time_t before)
{
	struct stat st;

	(void)before;
	/* That of a record goes with it. */
	if (fstatat(base_uploads_fd(base), name, &st, AT_SYMLINK_NOFOLLOW) ==
	    0)
		return false;
	collect_remove(base, name);
	return true;
}

typedef bool collector(const struct base *base, const char *name,
    time_t before);

static unsigned int
collect_in(const struct base *base, int folder_fd, time_t before,
    collector *collect)
{
	unsigned int collected = 0;
	struct dirent *entry;
	DIR *dir;

	if ((dir = open_dir(folder_fd, ".")) == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL)
		if (is_old(folder_fd, entry->d_name, before) &&
		    collect(base, entry->d_name, before))
			collected++;
	closedir(dir);
	return collected;
}

unsigned int
collect_stages(const struct base *base, unsigned int expiry_seconds)
{
	time_t before = time(NULL) - (time_t)expiry_seconds;

	return collect_in(base, base_uploads_fd(base), before,
	    collect_upload) + collect_in(base, base_stage_fd(base), before,
	    collect_stage);
}
