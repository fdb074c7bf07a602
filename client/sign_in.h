/*
 * sign_in - from a target to a session: connect, make sure that it is the
 * right server, log in.
 */
#ifndef SIGN_IN_H
#define SIGN_IN_H

#include "command_line.h"
#include "destination.h"
#include "remote.h"

/*
 * A server that is busy is tried again when it says, for a minute at most; a
 * wrong password is asked for again if a person typed it.
 */
enum status sign_in(struct remote **out, const struct command_line *settings,
    const struct destination *target);

#endif
