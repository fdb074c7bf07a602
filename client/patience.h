/*
 * patience - waiting for a busy server, for as long as it asks, but not for
 * more than half a minute at once and a minute in all.
 */
#ifndef PATIENCE_H
#define PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "board.h"
#include "interrupt.h"
#include "status.h"

/* Begin with { 0 }. */
struct patience {
	uint32_t	wait;		/* seconds that the server asked for */
	uint32_t	spent;		/* seconds waited so far */
};

/*
 * Wait; if verbose, say so, with the board out of the way.  STATUS_BUSY if
 * there is no patience left, STATUS_CANCELLED after a signal; the thread's text
 * is kept if it is of STATUS_BUSY.
 */
enum status patience_wait(struct patience *patience,
    struct interrupt *interrupt, bool verbose, struct board *board);

#endif
