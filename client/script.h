/*
 * script - commands from a file or a pipe, one a line.  The first that fails
 * ends it, unless its line begins with "-".
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include "ftclient.h"
#include "status.h"

/* Run the lines of a file, "-" for standard input. */
enum status script_run(struct client *client, const char *path);

#endif
