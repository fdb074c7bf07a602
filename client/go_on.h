/*
 * go_on - says how a transfer that left something can be gone on with.
 */
#ifndef GO_ON_H
#define GO_ON_H

#include "command_line.h"
#include "download.h"
#include "sender.h"

/*
 * "go on with it by: put -a NAME OTHER", as it is typed; OTHER is left out if
 * it is what NAME is called by itself, or NULL.  NAME may be NULL, too.
 */
void go_on_tell(const struct command_line *settings, const char *command,
    const char *name, const char *other);

/* The same for one file; of a put only if `st` lets the server keep it. */
void go_on_with_put(const struct command_line *settings,
    const struct sending *sending, enum status st);
void go_on_with_get(const struct command_line *settings,
    const struct download_plan *plan, enum status st);

#endif
