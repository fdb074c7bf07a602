/*
 * sign_in_state - what a sign-in is made of, for the files that carry it on:
 * sign_in.c, and sign_in_dial.c, which makes the connection.
 */
#ifndef SIGN_IN_STATE_H
#define SIGN_IN_STATE_H

#include "kept_ticket.h"
#include "patience.h"
#include "secret.h"
#include "sign_in.h"
#include "throttle.h"
#include "trust.h"

struct sign_in {
	const struct command_line	*settings;	/* borrowed */
	const struct destination	*target;	/* borrowed */
	char		 whom[FT1_USER_MAX + DESTINATION_NAME_SIZE + 1];
	SSL_CTX			*context;	/* owned */
	struct throttle		*throttle;	/* owned unless is_more; NULL:
						 * no limit */
	struct trust		 trust;
	char			 pin[TRUST_PIN_SIZE];	/* the server's */
	struct remote		*remote;	/* owned; NULL: not connected */
	struct call		 call;		/* the login */
	struct patience		 patience;

	struct secret		 password;
	bool			 has_password;
	bool			 asked;		/* a person just typed it */
	int			 tries;

	struct kept_ticket	 ticket;	/* to log in by */
	struct kept_ticket	 fresh;		/* what the server gave */
	bool			 keeps;		/* a new one is wanted */
	bool			 no_ticket;	/* the password counts */
	bool			 is_void;	/* a kept one is, since now */
	bool			 revives;	/* by what it was given ... */
	bool			 may_ask;	/* ... or a person types */
	bool			 is_more;	/* beside another sign-in */
	struct interrupt	*interrupt;	/* borrowed, or NULL */
	bool			 early;		/* do not wait for a ticket */
	bool			 is_open;	/* nor has anybody yet */
};

/* Connect, make sure of the server, say hello, and look for a ticket. */
enum status sign_in_dial(struct sign_in *sign_in);

#endif
