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
#include "remote.h"
#include "revive.h"
#include "sign_in.h"

struct client {
	const struct command_line	*settings;	/* borrowed */
	const struct destination *target;	/* borrowed */
	struct remote	*remote;	/* owned by main */
	struct interrupt *interrupt;	/* owned by main */
	struct outbox	*outbox;	/* owned by main */
	struct keyring	 keys;
	struct revive	 revive;
	char		*folder;	/* owned; the server's, for people */
	bool		 gathering;	/* put only fills the outbox */
	bool		 tolerant;	/* this line may fail */
	bool		 leaving;	/* quit was typed */
};

#endif
