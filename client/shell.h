/*
 * shell - commands that a person types, with editing and a history.
 */
#ifndef SHELL_H
#define SHELL_H

#include "ftclient.h"
#include "status.h"

/*
 * Run until quit or ctrl-D.  Ctrl-C drops the line, or stops the command that
 * runs.  After a command that found the connection lost, it can be made again.
 * STATUS_OK, or why the connection was lost if it still is.
 */
enum status shell_run(struct client *client);

#endif
