/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "receipt.h"

#include <sys/stat.h>
#include <time.h>

enum status
receipt_stamp(struct upload_receipt *receipt, uint64_t *ino, int fd,
    const char *path)
{
	struct timespec now;
	struct stat st;

	if (fstat(fd, &st) == -1 ||
	    clock_gettime(CLOCK_REALTIME, &now) == -1)
		return status_errno("%s", path);
	version_of(receipt->version, &st);
	receipt->time.seconds = now.tv_sec;
	receipt->time.nanoseconds = (uint32_t)now.tv_nsec;
	*ino = (uint64_t)st.st_ino;
	return STATUS_OK;
}

bool
receipt_may_come(enum status st)
{
	return st == STATUS_LOCKED || st == STATUS_BUSY ||
	    st == STATUS_QUOTA || st == STATUS_NO_MEMORY;
}
