/*
 * renewal - a better hash of the same password, written by the monitor, since
 * the server process cannot write the user file.
 */
#ifndef RENEWAL_H
#define RENEWAL_H

#include "channel.h"
#include "server_config.h"

/*
 * Carry out a CHANNEL_RENEW.  The user's line changes only if it still is as it
 * was when the password was verified.  What it came to is in the log.
 */
void renewal_carry_out(const struct config *config,
    const struct channel_message *message);

#endif
