/*
 * place - where a session is, and what others wish of it, in one atomic word.
 *
 * A session is always in exactly one place, and that place owns it.  A wish
 * moves a parked session into the ready queue; a session with a wish cannot be
 * parked.  So nothing that happens to a session is ever missed, and no lock is
 * needed.
 */
#ifndef PLACE_H
#define PLACE_H

#include <stdatomic.h>
#include <stdbool.h>

enum whereabouts {
	PLACE_PARKED,		/* waits in the listener's epoll */
	PLACE_QUEUED,		/* waits for a worker */
	PLACE_WORKING,		/* in a worker's hands */
	PLACE_LOGIN		/* in the login line */
};

enum wish {
	WISH_READY = 1 << 8,	/* its socket can be read or written */
	WISH_RESULT = 1 << 9,	/* something lies in its mailbox */
	WISH_TIMEOUT = 1 << 10,	/* its deadline has passed */
	WISH_DRAIN = 1 << 11,	/* the server is shutting down */
	WISH_KICK = 1 << 12	/* end now */
};

struct session_place {
	atomic_uint word;
};

void place_init(struct session_place *place, enum whereabouts at);

/*
 * Wish something.  True if this moved the session from parked to queued: then
 * the caller must put it into the ready queue.
 */
bool place_wish(struct session_place *place, enum wish wish);

/* Queued to working.  Returns the wishes so far, and clears them. */
unsigned int place_take(struct session_place *place);

/* Working to parked; false, and still working, if there is a wish. */
bool place_park(struct session_place *place);

/* Working to `to`, or back from the login line to the queue; wishes stay. */
void place_move(struct session_place *place, enum whereabouts from,
    enum whereabouts to);

/* For timeouts and displays: where it is right now. */
enum whereabouts place_now(const struct session_place *place);

#endif
