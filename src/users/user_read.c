/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "user_file.h"

#define TRIES 5		/* a writer that is faster than we is no editor */

static enum status
check_file(const struct stat *sb, const char *path)
{
	if (!S_ISREG(sb->st_mode))
		return status_set(STATUS_CONFIG, "%s: not a regular file",
		    path);
	if ((sb->st_mode & (S_IRWXO | S_IWGRP)) != 0)
		return status_set(STATUS_CONFIG, "%s: others may read or write "
		    "it, or its group may write it: chmod 640 %s", path, path);
	if (sb->st_size > (off_t)USER_FILE_MAX)
		return status_set(STATUS_CONFIG, "%s: a user file has at most "
		    "%u bytes", path, USER_FILE_MAX);
	return STATUS_OK;
}

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Up to `room` bytes: how many there were, or -1. */
static ssize_t
read_all(int fd, char *bytes, size_t room)
{
	size_t have = 0;
	ssize_t n;

	while (have < room) {
		n = read(fd, bytes + have, room - have);
		if (n == 0)
			break;
		if (n == -1 && errno != EINTR)
			return -1;
		if (n > 0)
			have += (size_t)n;
	}
	return (ssize_t)have;
}

static enum status
read_open_file(char **out, size_t *len, struct stat *sb, int fd,
    const char *path)
{
	struct stat after;
	enum status st;
	char *bytes;
	ssize_t n;

	if (fstat(fd, sb) == -1)
		return status_errno("%s", path);
	if ((st = check_file(sb, path)) != STATUS_OK)
		return st;
	/* One byte more than it has, to notice that it grows. */
	if ((bytes = malloc((size_t)sb->st_size + 1)) == NULL)
		return status_errno("%s", path);
	n = read_all(fd, bytes, (size_t)sb->st_size + 1);
	if (n == -1 || fstat(fd, &after) == -1)
		st = status_errno("%s", path);
	else if (n != sb->st_size || !is_same(sb, &after))
		st = status_set(STATUS_CHANGED,
		    "%s: it was written to while it was read", path);
	if (st != STATUS_OK) {
		free(bytes);
		return st;
	}
	*out = bytes;
	*len = (size_t)n;
	return STATUS_OK;
}

enum status
users_read_bytes(char **out, size_t *len, struct stat *sb, const char *path)
{
	enum status st = STATUS_CHANGED;
	int fd, i;

	*out = NULL;
	*len = 0;
	for (i = 0; i < TRIES && st == STATUS_CHANGED; i++) {
		/* O_NONBLOCK: a FIFO is refused, not waited for. */
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (fd == -1)
			return status_errno("%s", path);
		st = read_open_file(out, len, sb, fd, path);
		close(fd);
	}
	return st;
}

enum status
users_read(struct users **out, const char *path,
    const struct users_warning *warning)
{
	struct stat sb;
	enum status st;
	char *bytes;
	size_t len;

	*out = NULL;
	if ((st = users_read_bytes(&bytes, &len, &sb, path)) != STATUS_OK)
		return st;
	st = users_parse(out, bytes, len, path, warning);
	free(bytes);
	return st;
}
