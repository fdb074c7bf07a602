/*
 * key_view - the key and the certificate of a server, for people, and whether
 * it is trusted.  Tells the server nothing.
 */
#ifndef KEY_VIEW_H
#define KEY_VIEW_H

#include "command_line.h"
#include "destination.h"
#include "status.h"

/*
 * STATUS_TRUST, after all was shown, if the key is not the one that was named
 * or is known.  One that nobody knows is no failure.
 */
enum status key_view_run(const struct command_line *settings,
    const struct destination *target);

#endif
