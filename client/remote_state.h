/*
 * remote_state - what a remote is made of, for the two files that carry it on:
 * remote.c, what goes out and comes in, and remote_wait.c, the time between.
 */
#ifndef REMOTE_STATE_H
#define REMOTE_STATE_H

#include "remote.h"

#define REMOTE_SILENCE_MS	60000	/* unless somebody is in a hurry */

struct remote {
	struct wire	*wire;		/* owned */
	struct call	*first;		/* borrowed; on their way, in order */
	struct call	**last;
	uint32_t	 next_id;
	struct ft1_frame frame;		/* the one that is being made */
	uint8_t		*room;		/* owned; FRAME_ROOM bytes for it */
	struct limits	 limits;
	enum status	 lost;		/* STATUS_OK while it stands */
	char		*lost_text;	/* owned */
	uint32_t	 wait;		/* seconds, if lost is STATUS_BUSY */
	struct call	 ping;		/* asks whether the server lives */
	bool		 pinging;
	uint64_t	 pinged;	/* clock_ms of the last PING */
	bool		 keeps_alive;
	int		 silence;	/* ms until we ask whether it lives */
	uint64_t	 heard;		/* clock_ms of the last bytes from it */
};

#endif
