/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "place.h"

#include <assert.h>

#define PLACE_MASK 0xffu

void
place_init(struct session_place *place, enum whereabouts at)
{
	atomic_init(&place->word, (unsigned int)at);
}

bool
place_wish(struct session_place *place, enum wish wish)
{
	unsigned int old, new;
	bool queues;

	old = atomic_load(&place->word);
	do {
		queues = (old & PLACE_MASK) == PLACE_PARKED;
		new = old | (unsigned int)wish;
		if (queues)
			new = (new & ~PLACE_MASK) | PLACE_QUEUED;
	} while (!atomic_compare_exchange_weak(&place->word, &old, new));
	return queues;
}

unsigned int
place_take(struct session_place *place)
{
	unsigned int old = atomic_exchange(&place->word, PLACE_WORKING);

	assert((old & PLACE_MASK) == PLACE_QUEUED);
	return old & ~PLACE_MASK;
}

bool
place_park(struct session_place *place)
{
	unsigned int working = PLACE_WORKING;

	return atomic_compare_exchange_strong(&place->word, &working,
	    PLACE_PARKED);
}

void
place_move(struct session_place *place, enum whereabouts from,
    enum whereabouts to)
{
	unsigned int old;

	/* The lowest byte is ours alone while we own the session. */
	old = atomic_fetch_xor(&place->word,
	    (unsigned int)from ^ (unsigned int)to);
	assert((old & PLACE_MASK) == (unsigned int)from);
	(void)old;
}

enum whereabouts
place_now(const struct session_place *place)
{
	return (enum whereabouts)(atomic_load(&place->word) & PLACE_MASK);
}
