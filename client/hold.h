/*
 * hold - what a client holds while commands run: the remote, the outbox,
 * and the signals, which come out of client->interrupt meanwhile.
 */
#ifndef HOLD_H
#define HOLD_H

#include <stdbool.h>

#include "ftclient.h"
#include "status.h"

/* Work with the remote that client->sign_in has, which may be NULL. */
enum status hold_begin(struct client *client);

/* Let go of it all but the remote, so that signals act as usual. */
void hold_end(struct client *client);

/* True while a login is on its way, whose outcome is not known. */
bool hold_is_open(const struct client *client);

/*
 * Wait for that login.  If it was in vain, `*refused` is set, log in again:
 * requests behind the first login were not served, and the remote is another.
 */
enum status hold_settle(struct client *client, bool *refused);

#endif
