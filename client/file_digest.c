/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "file_digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_BYTES	262144u

static enum status
read_all(struct digest *digest, uint64_t *size, int fd, const char *path)
{
	uint8_t *bytes = malloc(READ_BYTES);
	enum status st = STATUS_OK;
	ssize_t n = 1;

	if (bytes == NULL)
		return status_no_memory();
	while (n != 0 && st == STATUS_OK) {
		n = read(fd, bytes, READ_BYTES);
		if (n > 0) {
			digest_update(digest, bytes, (size_t)n);
			*size += (uint64_t)n;
		} else if (n == -1 && errno != EINTR)
			st = status_errno("%s", path);
	}
	free(bytes);
	return st;
}

enum status
file_digest(uint8_t out[DIGEST_SIZE], uint64_t *size, const char *path)
{
	struct digest *digest;
	enum status st;
	int fd;

	*size = 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1)
		return status_errno("%s", path);
	if ((digest = digest_begin(0)) == NULL)
		st = status_no_memory();
	else if ((st = read_all(digest, size, fd, path)) == STATUS_OK)
		digest_end(digest, out);
	else
		digest_drop(digest);
	close(fd);
	return st;
}
