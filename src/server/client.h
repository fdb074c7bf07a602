/*
 * client - who is on the other side of a session, whatever face they speak: the
 * login, the user as the user file has it now, and the current folder.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "audit.h"
#include "batch_former.h"
#include "caller.h"
#include "kit.h"
#include "mailbox.h"
#include "own_locks.h"
#include "renewals.h"
#include "request.h"
#include "services.h"

struct client {
	struct audit_who who;
	struct services	*services;	/* borrowed */
	struct settings	*settings;	/* owned reference */
	struct settings	*now;		/* likewise: those in force at the
					 * last request, for shares */
	uint8_t		 origin[16];	/* for the login line */
	int		 fd;		/* borrowed; the session's socket */
	bool		 is_surplus;	/* beyond the bounds: to be sent away */

	struct mailbox	*mailbox;	/* owned reference */
	struct batch_former *former;	/* owned; NULL before the first put */
	struct own_locks *own;		/* owned; from the first request on */
	char		*cwd;		/* owned; NULL is "/" */
	struct parcel	*parcel;	/* owned reference, or NULL */
	struct kit	*kit;		/* lent by the worker for a turn */

	/* login */
	struct login_job *job;		/* owned, while a password is checked */
	unsigned int	 failures;
	unsigned int	 login_wait;	/* of STATUS_BUSY: seconds, or 0 */
	bool		 is_in;
	uint64_t	 login_time;	/* of the password; since 1970 */
	uint32_t	 ticket_seconds; /* asked for; 0: as configured */
	uint8_t		 line_digest[USER_DIGEST_LEN];
	uint8_t		 hash_digest[RENEWALS_DIGEST];
};

/* `wake(ctx)` is called when something lies in the mailbox. */
enum status client_init(struct client *client, struct services *services,
    void (*wake)(void *ctx), void *ctx);
void client_clear(struct client *client);

/* Its session is over: what it has locked is free from now on. */
void client_let_go(struct client *client);

/* Where the client comes from. */
void client_set_address(struct client *client, int fd,
    const struct sockaddr *address);

/*
 * Prepare to check a password: makes client->job, which the session takes to
 * the login line.  The bytes are copied.  STATUS_BUSY if the user is locked out
 * at this address.
 */
enum status client_ask_password(struct client *client,
    const struct request_bytes *user, const struct request_bytes *password);

/*
 * The job came back (or found no place in the line, as `st` says): free it and
 * log in, or say why not.
 */
enum status client_password_checked(struct client *client, enum status st);

/* Log in by a ticket, at once. */
enum status client_use_ticket(struct client *client,
    const struct request_bytes *user, const struct request_bytes *ticket);

/*
 * A new ticket for a client that is in; its life in seconds, which is the one
 * asked for, but never past the end of the login.
 */
enum status client_make_ticket(struct client *client, uint8_t *ticket,
    size_t *len, uint32_t *seconds);

/*
 * The user as of now, for one request.  The caller holds the table (`*users`)
 * as long as `caller` is in use.  STATUS_LOGIN_REFUSED if the user is gone,
 * locked, or has another password: the session must end.
 */
enum status client_caller(struct client *client, struct caller *caller,
    struct users **users);

/* How safe an acknowledged file of this user is at the least. */
enum durability client_durability(struct client *client);

#endif
