/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "file_write.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum status
write_all(int fd, const char *bytes, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, bytes, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return STATUS_CANNOT_CREATE;
		bytes += n;
		len -= (size_t)n;
	}
	return STATUS_OK;
}

static enum status
flush_folder(const char *path)
{
	char copy[PATH_MAX];
	int fd, result;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return STATUS_CANNOT_CREATE;
	result = fsync(fd);
	close(fd);
	return result == 0 ? STATUS_OK : STATUS_CANNOT_CREATE;
}

enum status
file_write(const char *path, const void *bytes, size_t len, mode_t mode)
{
	char stage[PATH_MAX];
	enum status st = STATUS_CANNOT_CREATE;
	int fd = -1, error;

	if (strlen(path) + sizeof(".XXXXXX") > sizeof(stage))
		return status_set(st, "create %s: the name is too long", path);
	snprintf(stage, sizeof(stage), "%s.XXXXXX", path);
	if ((fd = mkostemp(stage, O_CLOEXEC)) == -1)
		goto out;
	if (fchmod(fd, mode) == 0 && write_all(fd, bytes, len) == STATUS_OK &&
	    fsync(fd) == 0 && rename(stage, path) == 0)
		st = flush_folder(path);
	if (st != STATUS_OK) {
		error = errno;
		unlink(stage);
		errno = error;
	}
out:
	error = errno;
	if (fd != -1)
		close(fd);
	if (st != STATUS_OK)
		status_set(st, "create %s: %s", path, strerror(error));
	return st;
}
