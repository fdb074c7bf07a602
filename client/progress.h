/*
 * progress - how far one transfer is, for the board to show.
 *
 *	progress_begin, progress_update ..., progress_end
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdint.h>

#include "board.h"

/* With a board of NULL nothing is ever shown. */
void progress_begin(struct progress *progress, struct board *board,
    const char *name, uint64_t total);

/* So many bytes are done.  Cheap if it is called often. */
void progress_update(struct progress *progress, uint64_t done);

/*
 * So many of the bytes that are done, or are soon to be, were brought by an
 * earlier run: they do not count for the pace.
 */
void progress_brought(struct progress *progress, uint64_t bytes);

/* It is shown no more.  Does nothing if it was not begun. */
void progress_end(struct progress *progress);

#endif
