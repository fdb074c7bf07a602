/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "receipt_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct receipt_file {
	int	 fd;		/* owned */
	char	*path;		/* owned */
	pthread_mutex_t mutex;	/* guards what follows, and each line */
	bool	 is_dirty;	/* not all of it is on disk */
};

enum status
receipt_file_open(struct receipt_file **out, const char *path)
{
	struct receipt_file *file;
	enum status st;

	*out = NULL;
	if ((file = calloc(1, sizeof(*file))) == NULL)
		return status_no_memory();
	pthread_mutex_init(&file->mutex, NULL);
	file->path = strdup(path);
	file->fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC |
	    O_NOCTTY, 0600);
	if (file->fd == -1 || file->path == NULL) {
		st = status_errno("%s", path);
		receipt_file_close(file);
		return st;
	}
	*out = file;
	return STATUS_OK;
}

void
receipt_file_close(struct receipt_file *file)
{
	if (file == NULL)
		return;
	if (file->fd != -1)
		close(file->fd);
	pthread_mutex_destroy(&file->mutex);
	free(file->path);
	free(file);
}

/*
 * A line that a full disk or a power cut has torn, of an earlier run, must not
 * spoil ours: it gets the newline that it lacks.
 */
static enum status
end_torn_line(const struct receipt_file *file)
{
	struct stat sb;
	char last;

	if (fstat(file->fd, &sb) == -1)
		return status_errno("%s", file->path);
	if (!S_ISREG(sb.st_mode) || sb.st_size == 0 ||
	    pread(file->fd, &last, 1, sb.st_size - 1) != 1 || last == '\n')
		return STATUS_OK;
	return write(file->fd, "\n", 1) == 1 ? STATUS_OK :
	    status_errno("%s", file->path);
}

static enum status
write_line(const struct receipt_file *file, const char *line)
{
	size_t len = strlen(line);
	enum status st;
	ssize_t n;

	if ((st = end_torn_line(file)) != STATUS_OK)
		return st;
	do
		n = write(file->fd, line, len);
	while (n == -1 && errno == EINTR);
	if (n == (ssize_t)len)
		return STATUS_OK;
	if (n != -1)
		errno = ENOSPC;
	return status_errno("%s", file->path);
}

/* Several threads and clients may share the file: each waits for its turn. */
enum status
receipt_file_add(struct receipt_file *file, const char *line)
{
	enum status st;

	pthread_mutex_lock(&file->mutex);
	while (flock(file->fd, LOCK_EX) == -1)
		if (errno != EINTR)
			break;	/* then O_APPEND alone keeps lines apart */
	file->is_dirty = true;
	st = write_line(file, line);
	(void)flock(file->fd, LOCK_UN);
	pthread_mutex_unlock(&file->mutex);
	return st;
}

/* A pipe has no disk to be on. */
enum status
receipt_file_sync(struct receipt_file *file)
{
	if (!file->is_dirty)
		return STATUS_OK;
	if (fsync(file->fd) == -1 && errno != EINVAL && errno != EROFS)
		return status_errno("%s", file->path);
	file->is_dirty = false;
	return STATUS_OK;
}
