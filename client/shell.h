/*
 * shell - commands that a person types, with editing and a history.
 */
#ifndef SHELL_H
#define SHELL_H

#include "ftclient.h"
#include "status.h"

/*
 * Run until quit or ctrl-D.  Ctrl-C drops the line, or stops the command that
 * runs.  STATUS_OK, or why the connection was lost.
 */
enum status shell_run(struct client *client);

#endif
