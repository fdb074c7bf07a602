/*
 * sign_in - from a target to a session: connect, make sure that it is the
 * right server, log in; by a ticket if one was kept, else by the password.
 *
 *	sign_in_begin, perhaps sign_in_settle, then sign_in_end
 */
#ifndef SIGN_IN_H
#define SIGN_IN_H

#include <stdbool.h>
#include <stdint.h>

#include "command_line.h"
#include "destination.h"
#include "remote.h"

struct sign_in;

/*
 * A server that is busy is tried again when it says, for a minute at most; a
 * wrong password is asked for again if a person typed it.
 *
 * With `early` a login by ticket is only sent, so that requests can follow it
 * at once; sign_in_settle tells what became of it.
 */
enum status sign_in_begin(struct sign_in **out,
    const struct command_line *settings, const struct destination *target,
    bool early);

/*
 * One more connection of the same user, beside a sign-in that has logged in:
 * by its ticket, and without asking anybody.  sign_in_connect may run in
 * another thread, and ends with STATUS_CANCELLED once `interrupt` is raised.
 */
enum status sign_in_more(struct sign_in **out, const struct sign_in *first);
enum status sign_in_connect(struct sign_in *sign_in,
    struct interrupt *interrupt);

/* Borrowed, until sign_in_settle or sign_in_end. */
struct remote *sign_in_remote(const struct sign_in *sign_in);

/* True while it is not known whether the login was good. */
bool sign_in_is_open(const struct sign_in *sign_in);

/*
 * Wait for a login that is on its way; `*refused` tells that it was in vain,
 * and no request behind it was served.  Leaves the thread's text alone.
 */
void sign_in_settle(struct sign_in *sign_in, bool *refused);

/* After a refusal: log in once more.  There may be another remote then. */
enum status sign_in_again(struct sign_in *sign_in);

/*
 * The connection was lost: make another, by the ticket that was given for the
 * session if it still holds, else by the password if a file or a command has
 * it: nobody is asked unless they may be, as a person waits for it.  It ends
 * with STATUS_CANCELLED after a signal.  The remote stays the same.
 */
enum status sign_in_revive(struct sign_in *sign_in,
    struct interrupt *interrupt, bool may_ask);

/* Say goodbye.  sign_in_end(NULL) does nothing. */
void sign_in_end(struct sign_in *sign_in);

/*
 * Log in by the password and keep a ticket for as long as the server allows,
 * which is until `*until` (seconds since 1970).
 */
enum status sign_in_keep(const struct command_line *settings,
    const struct destination *target, int64_t *until);

/* Forget the tickets for that user of that server; `*count` of them. */
enum status sign_in_forget(const struct destination *target,
    unsigned int *count);

#endif
