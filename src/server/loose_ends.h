/*
 * loose_ends - what a good configuration names and nobody finds: roots and
 * shares whose folder is missing or shut to the server's account, and names of
 * `allow` that no user or group bears.  A server serves all the same.
 */
#ifndef LOOSE_ENDS_H
#define LOOSE_ENDS_H

#include "server_config.h"
#include "user_file.h"

#define LOOSE_ENDS_MOST 20	/* lines of them */

/*
 * Tell of each, by the name of the user or the share, and in a last line how
 * many are not told.  Asks a child that has become the account, so that its
 * groups and access lists count; changes nothing.  If it cannot look, or not
 * within some seconds, it tells of that.
 */
void loose_ends_tell(const struct config *config,
    const struct users *users, const struct users_warning *warning);

#endif
