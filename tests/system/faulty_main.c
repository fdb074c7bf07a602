/* SPDX-License-Identifier: ISC */
/*
 * ftserver as it ships, on a disk that fails when told: the file named by
 * FT_FAULTS holds an errno for each of these calls, 0 while it goes well.
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "monitor.h"

enum fault { FAULT_FLUSH, FAULT_WRITE, FAULT_READ, FAULTS };

static atomic_int *faults;

/* Shared with the test, and with the server process, which may open nothing. */
static void
map_faults(void)
{
	const char *path = getenv("FT_FAULTS");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;

	if (fd != -1)
		faults = mmap(NULL, FAULTS * sizeof(*faults), PROT_READ,
		    MAP_SHARED, fd, 0);
	if (fd == -1 || faults == MAP_FAILED) {
		perror("FT_FAULTS");
		exit(1);
	}
	close(fd);
}

static int
fails(enum fault fault)
{
	int error = faults != NULL ? atomic_load(&faults[fault]) : 0;

	if (error != 0)
		errno = error;
	return error;
}

int
fsync(int fd)
{
	return fails(FAULT_FLUSH) ? -1 : (int)syscall(SYS_fsync, fd);
}

int
syncfs(int fd)
{
	return fails(FAULT_FLUSH) ? -1 : (int)syscall(SYS_syncfs, fd);
}

ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
	return fails(FAULT_WRITE) ? -1 :
	    syscall(SYS_pwrite64, fd, bytes, len, offset);
}

ssize_t
pread(int fd, void *bytes, size_t len, off_t offset)
{
	return fails(FAULT_READ) ? -1 :
	    syscall(SYS_pread64, fd, bytes, len, offset);
}

int
main(int argc, char **argv)
{
	map_faults();
	return monitor_main(argc, argv, NULL);
}
