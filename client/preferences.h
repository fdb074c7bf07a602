/*
 * preferences - all that says how to connect, and where.  What is found first
 * counts, by itself:
 *
 *	the command line
 *	the environment: FT_ and the name of an option, FT_USER
 *	the sections of the configuration file for this host, in their order
 *	what is so if nobody says anything
 */
#ifndef PREFERENCES_H
#define PREFERENCES_H

#include "command_line.h"
#include "destination.h"
#include "status.h"

struct preferences;	/* owns what it has made `line` point at */

/* Complete the command line, and make the destination from its target. */
enum status preferences_begin(struct preferences **out,
    struct command_line *line, struct destination *target);

/* preferences_end(NULL) does nothing. */
void preferences_end(struct preferences *preferences);

#endif
