/*
 * revive - a connection that was lost is made again, with the same login and in
 * the same folder, a few times and with growing pauses.
 */
#ifndef REVIVE_H
#define REVIVE_H

#include <stdbool.h>

#include "command_line.h"
#include "destination.h"
#include "interrupt.h"
#include "remote.h"
#include "sign_in.h"

struct revive {
	const struct command_line *settings;	/* borrowed, as all here */
	const struct destination *target;
	struct sign_in	*sign_in;
	struct interrupt *interrupt;
	char	*const	*folder;	/* the server's, or NULL for its root */
	const uint8_t	*tree;		/* id of a folder that is sent as one,
					 * to be taken up again; or NULL */
	unsigned int	 tried;		/* since something went well */
	bool		 is_silent;	/* another tells of it, or none may */
};

/* Is this what befalls a connection, and not a request? */
bool revive_is_loss(enum status st);

/*
 * Make the remote work again, unless it does; but not if it may have held
 * locks.  The thread's text is kept.
 */
enum status revive(struct revive *revive, struct remote *remote);

/*
 * A request failed by what revive_is_loss tells of: STATUS_OK if it is to be
 * asked again.  If it was lost, the remote works again; if the server said so
 * itself, over a connection that stands, some time has passed.  The thread's
 * text for the outcome is kept.
 */
enum status revive_after(struct revive *by, struct remote *remote,
    struct call *call, enum status outcome);

/*
 * Tell of the loss and wait before the next attempt.  STATUS_UNREACHABLE if
 * there have been enough, STATUS_CANCELLED after a signal.
 */
enum status revive_pause(struct revive *revive, enum status why);

/* Go to the folder, on a connection that was just made. */
enum status revive_go_back(const struct revive *revive,
    struct remote *remote);

/* Something went well: begin to count anew. */
void revive_rest(struct revive *revive);

#endif
