/*
 * ftclient - what the commands work with.
 */
#ifndef FTCLIENT_H
#define FTCLIENT_H

#include <stdbool.h>

#include "command_line.h"
#include "destination.h"
#include "interrupt.h"
#include "outbox.h"
#include "path_list.h"
#include "remote.h"
#include "revive.h"
#include "sign_in.h"

struct client {
	const struct command_line	*settings;	/* borrowed */
	const struct destination *target;	/* borrowed */
	struct sign_in	*sign_in;	/* owned by main; or NULL */
	struct remote	*remote;	/* borrowed of it; or NULL */
	struct interrupt *interrupt;	/* see hold.h */
	struct outbox	*outbox;	/* likewise */
	struct revive	 revive;	/* likewise */
	char		*folder;	/* owned; the server's, for people */
	bool		 gathering;	/* put only fills the outbox */
	bool		 tolerant;	/* this line may fail */
	int		 done;		/* words of the command, which is not
					 * begun at its first word again */
	bool		 is_summed_up;	/* the command did all it could, and
					 * has told of each failure */
	struct path_list found;		/* by -g, for the command that runs */
	bool		 leaving;	/* quit was typed */
};

#endif
