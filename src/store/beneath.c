/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/openat2.h>

/* A rename beside a look-up with ".." makes it fail with EAGAIN. */
#define TRIES 1000

static int
resolve(int dir_fd, const char *path, int flags, uint64_t how_else)
{
	struct open_how how = {
		.flags = (unsigned int)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | how_else,
	};
	int fd = -1, tries;

	for (tries = 0; tries < TRIES; tries++) {
		fd = (int)syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
		if (fd != -1 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd;
}

int
beneath_open(int dir_fd, const char *path, int flags)
{
	return resolve(dir_fd, path, flags, 0);
}

int
beneath_open_direct(int dir_fd, const char *path, int flags)
{
	return resolve(dir_fd, path, flags, RESOLVE_NO_SYMLINKS);
}
