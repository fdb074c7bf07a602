/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "range_lock.h"

#include <errno.h>
#include <fcntl.h>

static enum status
set_lock(int fd, enum range_lock_kind kind, uint64_t start, uint64_t length)
{
	static const short types[] = {
		[RANGE_LOCK_NONE] = F_UNLCK,
		[RANGE_LOCK_SHARED] = F_RDLCK,
		[RANGE_LOCK_EXCLUSIVE] = F_WRLCK,
	};
	struct flock lock = {
		.l_type = types[kind],
		.l_whence = SEEK_SET,
		.l_start = (off_t)start,
		.l_len = (off_t)length,
	};

	while (fcntl(fd, F_OFD_SETLK, &lock) == -1) {
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == EACCES)
			return status_set(STATUS_LOCKED,
			    "locked by somebody else, try again later");
		return status_errno("lock");
	}
	return STATUS_OK;
}

enum status
range_lock(int fd, enum range_lock_kind kind, uint64_t start, uint64_t length)
{
	if (start >= RANGE_LOCK_END)
		return status_set(STATUS_BAD_REQUEST,
		    "a lock must begin before 2^62");
	if (length == 0 || length > RANGE_LOCK_END - start)
		length = RANGE_LOCK_END - start;
	return set_lock(fd, kind, start, length);
}

enum status
range_lock_guard(int fd, enum range_lock_kind kind)
{
	return set_lock(fd, kind, RANGE_LOCK_END, 0);
}
