/*
 * progress - a bar for a transfer that takes longer than a second, on
 * standard error and only if that is a terminal.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#define PROGRESS_UNKNOWN UINT64_MAX	/* a total that nobody knows */

struct progress {
	const char	*name;		/* borrowed; escaped when it is drawn */
	uint64_t	 total;		/* bytes */
	uint64_t	 begun;		/* clock_ms */
	uint64_t	 drawn;		/* clock_ms of the last drawing, or 0 */
	bool		 on;
};

/* Nothing will ever be drawn if `quiet`. */
void progress_begin(struct progress *progress, const char *name,
    uint64_t total, bool quiet);

/* So many bytes are done.  Cheap if it is called often. */
void progress_update(struct progress *progress, uint64_t done);

/* Wipe the bar away. */
void progress_end(struct progress *progress);

#endif
