/*
 * copy - bytes of one file at the same offsets of another, a little at a time,
 * by the kernel where it can.  Holes are stepped over, and need no copy.
 */
#ifndef COPY_H
#define COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

/* Set the first four, and the rest to 0. */
struct copy {
	int		 from, to;	/* borrowed */
	uint64_t	 end;		/* where it ends */
	uint64_t	 at;		/* this far */
	uint64_t	 data_end;	/* no hole up to there */
	bool		 by_hand;	/* the kernel does not copy here */
};

/* Find the next data at or behind `at`; at `end` there is none. */
enum status copy_find(struct copy *copy);

/*
 * Copy at most so many bytes, or step over a hole.  STATUS_CHANGED if the file
 * has become shorter than `end`.
 */
enum status copy_step(struct copy *copy, size_t most);

#endif
