/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "part.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "below.h"

#define NAME_KEPT	200	/* bytes of the name in that of the part */
#define TRIES		8

struct part {
	int	 fd;		/* owned unless it is standard output */
	bool	 streams;	/* written in order, cannot be put in place */
	char	*place;		/* owned; where the file belongs */
	const char *below;	/* its end, seen from the top; or NULL */
	int	 folder;	/* owned while it is entered, or AT_FDCWD */
	const char *name;	/* the place, seen from the folder */
	char	*temporary;	/* owned; likewise, where it is now, or NULL */
	uint64_t at;		/* behind the last byte; streams only */
	uint64_t size;
	struct part_plan plan;	/* paths: borrowed by part_begin only */
	bool	 keeps;		/* these two */
	mode_t	 mode;
	struct file_time time;
};

static enum status
cannot_create(const char *path)
{
	enum status st = status_errno("%s", path);

	/* Missing folders and rights are one to who wanted a file there. */
	if (st == STATUS_NO_SPACE || st == STATUS_QUOTA || st == STATUS_IO ||
	    st == STATUS_TOO_LARGE)
		return st;
	return status_set(STATUS_CANNOT_CREATE, "%s: %s", path,
	    strerrordesc_np(errno));
}

/*
 * Have its folder open, but only while something is done in it: many may wait
 * for their bytes.  False with errno.
 */
static bool
enter(struct part *part)
{
	if (part->below != NULL)
		part->folder = below_parent(part->plan.top, part->below,
		    &part->name);
	return part->folder != -1;
}

static void
leave(struct part *part)
{
	if (part->folder >= 0)
		close(part->folder);
	part->folder = AT_FDCWD;
}

/* The name of a temporary file next to the place. */
static char *
temporary_name(const char *place, uint64_t number)
{
	const char *slash = strrchr(place, '/');
	const char *name = slash != NULL ? slash + 1 : place;
	char *out;

	if (asprintf(&out, "%.*s.%.*s.%016" PRIx64 ".part",
	    (int)(name - place), place, NAME_KEPT, name, number) == -1)
		return NULL;
	return out;
}

/*
 * The error of a part that is open and cannot be had; 0 if it can.  One that
 * was found must be a file of ours without another name: whoever else may
 * write in the folder could have laid out anything under a name that they can
 * guess.
 */
static int
make_it_ours(const struct part *part, bool is_new)
{
	struct stat here, named;

	if (flock(part->fd, LOCK_EX | LOCK_NB) == -1)
		return EEXIST;
	/* Who had it before may have put it in place, or removed it. */
	if (fstat(part->fd, &here) == -1 ||
	    fstatat(part->folder, part->temporary, &named,
	    AT_SYMLINK_NOFOLLOW) == -1 ||
	    here.st_dev != named.st_dev || here.st_ino != named.st_ino)
		return EAGAIN;
	if (!is_new && (!S_ISREG(here.st_mode) ||
	    here.st_uid != geteuid() || here.st_nlink != 1))
		return EEXIST;
	return part->plan.goes_on || ftruncate(part->fd, 0) == 0 ? 0 : EEXIST;
}

/* The error of what is no part, or is gone by now. */
static int
error_of_old(int error)
{
	switch (error) {
	case ENOENT:
		return EAGAIN;
	case EACCES:
	case EISDIR:
	case ELOOP:
	case ENXIO:
	case EPERM:
		return EEXIST;
	default:
		return error;
	}
}

/*
 * Ours alone while it is open; false with EEXIST if it is another's, with
 * EAGAIN if that other is done with it by now.
 */
static bool
open_temporary(struct part *part)
{
	const int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC |
	    O_NOCTTY;
	bool is_new;
	int error;

	part->fd = openat(part->folder, part->temporary,
	    flags | O_CREAT | O_EXCL, 0666);
	is_new = part->fd != -1;
	if (!is_new && errno == EEXIST) {
		part->fd = openat(part->folder, part->temporary, flags);
		if (part->fd == -1)
			errno = error_of_old(errno);
	}
	if (part->fd == -1)
		return false;
	if ((error = make_it_ours(part, is_new)) == 0)
		return true;
	close(part->fd);
	part->fd = -1;
	errno = error;
	return false;
}

static enum status
make_temporary(struct part *part, const struct stat *old)
{
	uint64_t number = part->plan.key;
	bool again = true;
	int i;

	/* Another run may be at work on the one that could be gone on with. */
	for (i = 0; i < TRIES && again; i++) {
		free(part->temporary);
		part->temporary = temporary_name(part->name, number);
		if (part->temporary == NULL)
			return status_no_memory();
		if (open_temporary(part))
			break;
		again = errno == EEXIST || errno == EAGAIN;
		if (errno == EEXIST && getrandom(&number, sizeof(number),
		    0) != sizeof(number))
			break;
	}
	if (part->fd == -1) {
		free(part->temporary);
		part->temporary = NULL;
		return cannot_create(part->place);
	}
	/* What was closed to others stays so. */
	if (old != NULL && fchmod(part->fd, old->st_mode & 0777) == -1)
		return cannot_create(part->place);
	return STATUS_OK;
}

static enum status
open_stream(struct part *part)
{
	part->streams = true;
	part->fd = open(part->place, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return part->fd == -1 ? cannot_create(part->place) : STATUS_OK;
}

/* Takes over the path, which may be NULL if there is no memory. */
static enum status
set_place(struct part *part, char *path)
{
	part->place = path;
	part->name = path;
	return path != NULL ? STATUS_OK : status_no_memory();
}

/* Nothing that stands there leads elsewhere, or keeps us waiting. */
static enum status
find_place_below(struct part *part, const char *path)
{
	enum status st = set_place(part, strdup(path));
	struct stat sb;

	if (st != STATUS_OK)
		return st;
	part->below = part->place + strlen(path) - strlen(part->plan.below);
	if (!enter(part))
		return cannot_create(path);
	if (fstatat(part->folder, part->name, &sb, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? make_temporary(part, NULL) :
		    cannot_create(path);
	if (S_ISREG(sb.st_mode))
		return make_temporary(part, &sb);
	return status_set(STATUS_CANNOT_CREATE, "%s: %s here", path,
	    S_ISLNK(sb.st_mode) ? "is a symbolic link" :
	    S_ISDIR(sb.st_mode) ? "is a folder" :
	    "neither a file nor a folder");
}

static enum status
find_place(struct part *part, const char *path)
{
	enum status st;
	struct stat sb;

	if (part->plan.below != NULL)
		return find_place_below(part, path);
	if (strcmp(path, "-") == 0) {
		part->streams = true;
		part->fd = STDOUT_FILENO;
		if (fflush(stdout) == EOF)
			return status_errno("standard output");
		return set_place(part, strdup("standard output"));
	}
	if (stat(path, &sb) == -1) {
		if (errno != ENOENT)
			return cannot_create(path);
		st = set_place(part, strdup(path));
		return st == STATUS_OK ? make_temporary(part, NULL) : st;
	}
	/* The file behind a symlink is replaced, not the link. */
	if ((part->place = realpath(path, NULL)) == NULL)
		return cannot_create(path);
	part->name = part->place;
	if (S_ISDIR(sb.st_mode))
		return status_set(STATUS_CANNOT_CREATE, "%s: is a folder",
		    path);
	return S_ISREG(sb.st_mode) ? make_temporary(part, &sb) :
	    open_stream(part);
}

enum status
part_begin(struct part **out, const struct part_plan *plan)
{
	struct part *part;
	enum status st;

	*out = NULL;
	if ((part = calloc(1, sizeof(*part))) == NULL)
		return status_no_memory();
	part->fd = -1;
	part->folder = AT_FDCWD;
	part->plan = *plan;
	st = find_place(part, plan->path);
	leave(part);
	if (st != STATUS_OK) {
		part_abort(part);
		return st;
	}
	*out = part;
	return STATUS_OK;
}

enum status
part_resize(struct part *part, uint64_t size)
{
	if (size > INT64_MAX)
		return status_set(STATUS_TOO_LARGE, "%s: too large",
		    part->place);
	part->size = size;
	if (!part->streams && ftruncate(part->fd, (off_t)size) == -1)
		return cannot_create(part->place);
	return STATUS_OK;
}

enum status
part_clear(struct part *part, uint64_t from, uint64_t to)
{
	static const char zeros[65536];
	enum status st = STATUS_OK;
	size_t n;

	if (part->streams || from >= to || fallocate(part->fd,
	    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from,
	    (off_t)(to - from)) == 0)
		return STATUS_OK;
	for (; from < to && st == STATUS_OK; from += n) {
		n = to - from < sizeof(zeros) ? (size_t)(to - from) :
		    sizeof(zeros);
		st = part_write(part, zeros, n, from);
	}
	return st;
}

uint64_t
part_length(const struct part *part)
{
	struct stat sb;

	return part->streams || fstat(part->fd, &sb) == -1 ? 0 :
	    (uint64_t)sb.st_size;
}

bool
part_can_resume(const struct part *part)
{
	return !part->streams;
}

enum status
part_read(struct part *part, void *bytes, size_t len, uint64_t offset,
    size_t *got)
{
	ssize_t n = 1;

	for (*got = 0; *got < len && n > 0; *got += n > 0 ? (size_t)n : 0) {
		n = pread(part->fd, (char *)bytes + *got, len - *got,
		    (off_t)(offset + *got));
		if (n == -1 && errno != EINTR)
			return status_errno("%s", part->place);
	}
	return STATUS_OK;
}

static enum status
write_stream(struct part *part, const char *bytes, size_t len)
{
	ssize_t n;

	part->at += len;
	while (len > 0) {
		n = write(part->fd, bytes, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return status_errno("%s", part->place);
		bytes += n;
		len -= (size_t)n;
	}
	return STATUS_OK;
}

enum status
part_fill(struct part *part, uint64_t offset)
{
	static const char zeros[65536];
	enum status st = STATUS_OK;
	size_t n;

	while (part->streams && part->at < offset && st == STATUS_OK) {
		n = offset - part->at < sizeof(zeros) ?
		    (size_t)(offset - part->at) : sizeof(zeros);
		st = write_stream(part, zeros, n);
	}
	return st;
}

enum status
part_write(struct part *part, const void *bytes, size_t len, uint64_t offset)
{
	const char *at = bytes;
	enum status st;
	ssize_t n;

	if (part->streams) {
		if ((st = part_fill(part, offset)) != STATUS_OK)
			return st;
		return write_stream(part, bytes, len);
	}
	while (len > 0) {
		n = pwrite(part->fd, at, len, (off_t)offset);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return status_errno("%s", part->place);
		at += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return STATUS_OK;
}

bool
part_copy(struct part *part, int from, uint64_t offset, size_t len)
{
	off_t in = (off_t)offset, out = (off_t)offset;
	ssize_t n = 1;

	for (; len > 0 && n > 0; len -= (size_t)n) {
		n = copy_file_range(from, &in, part->fd, &out, len, 0);
		if (n <= 0)
			return false;
	}
	return true;
}

void
part_keep_facts(struct part *part, uint32_t mode, struct file_time time)
{
	part->keeps = true;
	part->mode = mode & 0777;
	part->time = time;
}

static enum status
set_facts(const struct part *part)
{
	const struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		{ .tv_sec = (time_t)part->time.seconds,
		  .tv_nsec = (long)part->time.nanoseconds },
	};

	if (part->keeps && (fchmod(part->fd, part->mode) == -1 ||
	    futimens(part->fd, times) == -1))
		return status_errno("%s", part->place);
	return STATUS_OK;
}

/* Nobody else opens it as a part while it is locked: it is until the end. */
static enum status
put_in_place(struct part *part)
{
	enum status st = set_facts(part);
	int copy;

	/* Some file systems tell of a full disk only as it is closed. */
	copy = fcntl(part->fd, F_DUPFD_CLOEXEC, 0);
	if ((copy == -1 || close(copy) == -1) && st == STATUS_OK)
		st = status_errno("%s", part->place);
	if (st == STATUS_OK && (!enter(part) || renameat(part->folder,
	    part->temporary, part->folder, part->name) == -1))
		st = cannot_create(part->place);
	leave(part);
	if (st == STATUS_OK) {
		free(part->temporary);
		part->temporary = NULL;
	}
	return st;
}

enum status
part_commit(struct part *part)
{
	enum status st;

	st = part->streams ? part_fill(part, part->size) :
	    put_in_place(part);
	part_abort(part);
	return st;
}

void
part_keep(struct part *part)
{
	if (part == NULL)
		return;
	free(part->temporary);
	part->temporary = NULL;		/* not ours to remove any more */
	part_abort(part);
}

void
part_abort(struct part *part)
{
	if (part == NULL)
		return;
	/* Removed while it is locked: then it is nobody else's. */
	if (part->temporary != NULL && enter(part))
		(void)unlinkat(part->folder, part->temporary, 0);
	leave(part);
	if (part->fd != -1 && part->fd != STDOUT_FILENO)
		close(part->fd);
	free(part->temporary);
	free(part->place);
	free(part);
}
