/*
 * throttle - the bytes per second that all connections of a run may move
 * together, in both directions.  Any thread may ask.
 */
#ifndef THROTTLE_H
#define THROTTLE_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

struct throttle;

#define THROTTLE_LEAST	1024u	/* bytes per second */
#define THROTTLE_MOST	(UINT64_C(1) << 40)

enum status throttle_new(struct throttle **out, uint64_t rate);
void throttle_free(struct throttle *throttle);

uint64_t throttle_rate(const struct throttle *throttle);

/*
 * How many of `want` bytes (at least 1) may be moved now.  If none, `*wait`
 * tells how many milliseconds later it is worth to ask again.
 */
size_t throttle_ask(struct throttle *throttle, size_t want, int *wait);

/* So many of them were moved. */
void throttle_take(struct throttle *throttle, size_t moved);

#endif
