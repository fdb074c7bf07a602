/*
 * ticker - a thread that does something about once a second.
 */
#ifndef TICKER_H
#define TICKER_H

#include "status.h"

struct ticker;

/* Called with the number of the call, 0 at first, and with `ctx`. */
typedef void ticker_function(void *ctx, unsigned int number);

/* `ctx` is borrowed until ticker_stop.  STATUS_NO_MEMORY. */
enum status ticker_start(struct ticker **out, ticker_function *tick,
    void *ctx);

/* Waits for a call that is under way.  ticker_stop(NULL) does nothing. */
void ticker_stop(struct ticker *ticker);

#endif
