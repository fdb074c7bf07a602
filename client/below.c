/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "below.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/openat2.h>

#define MODE_BITS	0777
#define RACES_MOST	16

int
below_open(int top, const char *path, int flags)
{
	struct open_how how = { .flags = (unsigned int)(flags | O_CLOEXEC),
	    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	int fd, tries = 0;

	/* EAGAIN: something was renamed meanwhile, or it is leased. */
	do
		fd = (int)syscall(SYS_openat2, top, path, &how, sizeof(how));
	while (fd == -1 && (errno == EINTR ||
	    (errno == EAGAIN && tries++ < RACES_MOST)));
	return fd;
}

int
below_parent(int top, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char *folder;
	int fd, error;

	*name = slash != NULL ? slash + 1 : path;
	folder = slash == NULL ? strdup(".") :
	    strndup(path, (size_t)(slash - path));
	if (folder == NULL)
		return -1;
	fd = below_open(top, folder, O_PATH | O_DIRECTORY);
	error = errno;
	free(folder);
	errno = error;
	return fd;
}

enum status
below_make_folder(int top, const char *path, uint32_t mode)
{
	enum status st = STATUS_OK;
	struct stat sb;
	const char *name;
	int fd;

	fd = below_parent(top, path, &name);
	if (fd == -1 || (mkdirat(fd, name, mode) == -1 &&
	    (errno != EEXIST ||
	    fstatat(fd, name, &sb, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISDIR(sb.st_mode))))
		st = status_set(STATUS_CANNOT_CREATE, "%s: %s", path,
		    strerrordesc_np(errno));
	if (fd != -1)
		close(fd);
	return st;
}

enum status
below_remove(int top, const char *path, bool is_folder)
{
	enum status st = STATUS_OK;
	const char *name;
	int fd;

	fd = below_parent(top, path, &name);
	if ((fd == -1 || unlinkat(fd, name,
	    is_folder ? AT_REMOVEDIR : 0) == -1) && errno != ENOENT)
		st = status_errno("%s", path);
	if (fd != -1)
		close(fd);
	return st;
}

enum status
below_set_facts(int top, const char *path, uint32_t mode,
    const struct file_time *time)
{
	struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_OMIT },
	};
	enum status st = STATUS_OK;
	const char *name;
	int fd;

	if (time != NULL) {
		times[1].tv_sec = (time_t)time->seconds;
		times[1].tv_nsec = (long)time->nanoseconds;
	}
	fd = below_parent(top, path, &name);
	if (fd == -1 || fchmodat(fd, name, mode & MODE_BITS,
	    AT_SYMLINK_NOFOLLOW) == -1 ||
	    utimensat(fd, name, times, AT_SYMLINK_NOFOLLOW) == -1)
		st = status_errno("%s", path);
	if (fd != -1)
		close(fd);
	return st;
}
