/*
 * sign_in - from a target to a session: connect, make sure that it is the
 * right server, log in.
 */
#ifndef SIGN_IN_H
#define SIGN_IN_H

#include "command_line.h"
#include "destination.h"
#include "ft1.h"
#include "remote.h"
#include "secret.h"

/* What opens the next connection without asking a person again. */
struct keyring {
	uint8_t		 ticket[FT1_TICKET_MAX];
	size_t		 ticket_len;	/* 0: none */
	struct secret	 password;
	bool		 has_password;
};

void keyring_wipe(struct keyring *keys);

/*
 * Logs in by what the keyring has, and adds to it (set it to { 0 } at first).
 * A server that is busy is tried again when it says, for a minute at most; a
 * wrong password is asked for again if a person typed it.
 */
enum status sign_in(struct remote **out, const struct command_line *settings,
    const struct destination *target, struct keyring *keys);

#endif
