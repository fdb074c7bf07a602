/*
 * range_lock - fcntl byte-range locks that belong to an open file description
 * (OFD), as the lock rules want them.  Nothing here ever waits.
 *
 * Every range of a user ends at 2^62; the bytes from there on are the file's
 * guard.
 */
#ifndef RANGE_LOCK_H
#define RANGE_LOCK_H

#include <stdint.h>

#include "status.h"

#define RANGE_LOCK_END	((uint64_t)1 << 62)	/* where the guard begins */

enum range_lock_kind {
	RANGE_LOCK_NONE,	/* give back */
	RANGE_LOCK_SHARED,	/* needs a readable descriptor */
	RANGE_LOCK_EXCLUSIVE	/* needs a writable descriptor */
};

/*
 * Set the lock on `length` bytes from `start` through `fd`; a length of 0, or
 * one that is too long, means up to RANGE_LOCK_END (so an empty range must not
 * be locked at all).  STATUS_LOCKED if somebody else holds one that is in the
 * way.
 */
enum status range_lock(int fd, enum range_lock_kind kind, uint64_t start,
    uint64_t length);

/* The same for the guard. */
enum status range_lock_guard(int fd, enum range_lock_kind kind);

#endif
