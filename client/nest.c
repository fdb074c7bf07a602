/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "nest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "below.h"
#include "ft1.h"
#include "paths.h"

#define NAME_KEPT	200	/* bytes of the name in that of the part */
#define PART_ROOM	(NAME_KEPT + 32)

struct nest {
	char		*local;		/* owned */
	int		 root;		/* owned */
	int		 folder;	/* owned; -1, or the one at `at` */
	char		 at[FT1_PATH_MAX + 1];
	uint64_t	 number;	/* in the names of parts, of this run */
};

enum status
nest_open(struct nest **out, const char *local)
{
	struct nest *nest;

	*out = NULL;
	if ((nest = calloc(1, sizeof(*nest))) == NULL ||
	    (nest->local = strdup(local)) == NULL) {
		free(nest);
		return status_no_memory();
	}
	nest->folder = -1;
	nest->root = open(local, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (nest->root == -1 || getrandom(&nest->number,
	    sizeof(nest->number), 0) != sizeof(nest->number)) {
		status_set(STATUS_CANNOT_CREATE, "%s: %s", local,
		    strerrordesc_np(errno));
		nest_close(nest);
		return STATUS_CANNOT_CREATE;
	}
	*out = nest;
	return STATUS_OK;
}

static void
leave(struct nest *nest)
{
	if (nest->folder != -1)
		close(nest->folder);
	nest->folder = -1;
}

void
nest_close(struct nest *nest)
{
	if (nest == NULL)
		return;
	leave(nest);
	if (nest->root != -1)
		close(nest->root);
	free(nest->local);
	free(nest);
}

char *
nest_path(const struct nest *nest, const char *path)
{
	return path_join(nest->local, path);
}

int
nest_top(const struct nest *nest)
{
	return nest->root;
}

/* Why nothing can be made there; a full disk is no fault of the place. */
static enum status
cannot_create(const struct nest *nest, const char *path)
{
	int error = errno;
	enum status st = status_errno("%s/%s", nest->local, path);

	if (st == STATUS_NO_SPACE || st == STATUS_QUOTA || st == STATUS_IO ||
	    st == STATUS_TOO_LARGE)
		return st;
	return status_set(STATUS_CANNOT_CREATE, "%s/%s: %s", nest->local,
	    path, strerrordesc_np(error));
}

/* Have that folder open; "" is the nest itself. */
static bool
enter(struct nest *nest, const char *path)
{
	if (nest->folder != -1 && strcmp(nest->at, path) == 0)
		return true;
	leave(nest);
	nest->folder = below_open(nest->root, *path != '\0' ? path : ".",
	    O_RDONLY | O_DIRECTORY);
	snprintf(nest->at, sizeof(nest->at), "%s", path);
	return nest->folder != -1;
}

/* The same for the folder above, and the name in it. */
static bool
enter_parent(struct nest *nest, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char parent[FT1_PATH_MAX + 1] = "";

	*name = slash != NULL ? slash + 1 : path;
	if (slash != NULL)
		snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path),
		    path);
	return enter(nest, parent);
}

enum status
nest_folder(struct nest *nest, const char *path, bool *is_new)
{
	const char *name;
	struct stat sb;

	*is_new = false;
	if (!enter_parent(nest, path, &name))
		return cannot_create(nest, path);
	if (mkdirat(nest->folder, name, 0777) == 0) {
		*is_new = true;
		return STATUS_OK;
	}
	if (errno != EEXIST)
		return cannot_create(nest, path);
	/* A link is no folder here: what is fetched stays in its own. */
	if (fstatat(nest->folder, name, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(sb.st_mode))
		return STATUS_OK;
	errno = EEXIST;
	return cannot_create(nest, path);
}

enum status
nest_finish(struct nest *nest, const char *path, uint32_t mode,
    struct file_time time)
{
	const struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		{ .tv_sec = (time_t)time.seconds,
		  .tv_nsec = (long)time.nanoseconds },
	};

	if (!enter(nest, path) || futimens(nest->folder, times) == -1 ||
	    fchmod(nest->folder, mode & 0777) == -1)
		return status_errno("%s/%s", nest->local, path);
	return STATUS_OK;
}

/*
 * --- Files ------------------------------------------------------------------
 */

/* What stands there that cannot be replaced, or else its permission bits. */
static enum status
look(const struct nest *nest, const struct nest_file *file, const char *name,
    bool *is_there, mode_t *mode)
{
	struct stat sb;

	*is_there = fstatat(nest->folder, name, &sb, AT_SYMLINK_NOFOLLOW) == 0;
	if (!*is_there)
		return errno == ENOENT ? STATUS_OK :
		    cannot_create(nest, file->path);
	*mode = sb.st_mode & 0777;
	if (S_ISREG(sb.st_mode))
		return STATUS_OK;
	return status_set(STATUS_CANNOT_CREATE, "%s/%s: %s here", nest->local,
	    file->path, S_ISLNK(sb.st_mode) ? "is a symbolic link" :
	    S_ISDIR(sb.st_mode) ? "is a folder" :
	    "neither a file nor a folder");
}

static bool
write_all(int fd, const char *bytes, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, bytes, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
set_facts(int fd, const struct nest_file *file)
{
	const struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		{ .tv_sec = (time_t)file->time.seconds,
		  .tv_nsec = (long)file->time.nanoseconds },
	};

	return !file->keeps || (fchmod(fd, file->mode & 0777) == 0 &&
	    futimens(fd, times) == 0);
}

/* All of the file under the name of a part, which is nobody else's. */
static bool
fill_part(const struct nest *nest, const struct nest_file *file,
    const char *part, const mode_t *mode)
{
	int error, fd = openat(nest->folder, part,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	bool good;

	if (fd == -1)
		return false;
	/* What was closed to others stays so. */
	good = (mode == NULL || fchmod(fd, *mode) == 0) &&
	    write_all(fd, file->bytes, file->len) && set_facts(fd, file);
	error = errno;
	/* Some file systems tell of a full disk only as it is closed. */
	if (close(fd) == -1 && good) {
		good = false;
		error = errno;
	}
	if (!good)
		(void)unlinkat(nest->folder, part, 0);
	errno = error;
	return good;
}

/* EEXIST if the name is not free after all. */
static bool
put_in_place(const struct nest *nest, const char *part, const char *name,
    bool replaces)
{
	if (!replaces && renameat2(nest->folder, part, nest->folder, name,
	    RENAME_NOREPLACE) == 0)
		return true;
	/* EINVAL: a file system that cannot do so. */
	if (!replaces && errno == EINVAL &&
	    faccessat(nest->folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		errno = EEXIST;
	if (!replaces && errno != EINVAL && errno != ENOENT)
		return false;
	return renameat(nest->folder, part, nest->folder, name) == 0;
}

static enum status
make(const struct nest *nest, const struct nest_file *file,
    const char *name, bool looks)
{
	bool is_there = false;
	char part[PART_ROOM];
	enum status st;
	mode_t mode;
	int error;

	if (looks && (st = look(nest, file, name, &is_there,
	    &mode)) != STATUS_OK)
		return st;
	snprintf(part, sizeof(part), ".%.*s.%016" PRIx64 ".part", NAME_KEPT,
	    name, nest->number);
	if (!fill_part(nest, file, part, is_there ? &mode : NULL))
		return cannot_create(nest, file->path);
	if (put_in_place(nest, part, name, is_there))
		return STATUS_OK;
	error = errno;
	(void)unlinkat(nest->folder, part, 0);
	errno = error;
	return error == EEXIST ? STATUS_EXISTS :
	    cannot_create(nest, file->path);
}

enum status
nest_file(struct nest *nest, const struct nest_file *file)
{
	const char *name;
	enum status st;

	if (!enter_parent(nest, file->path, &name))
		return cannot_create(nest, file->path);
	st = make(nest, file, name, !file->is_free);
	/* It was not free, or is not any more. */
	if (st == STATUS_EXISTS)
		st = make(nest, file, name, true);
	return st == STATUS_EXISTS ? cannot_create(nest, file->path) : st;
}
