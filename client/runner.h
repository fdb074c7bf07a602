/*
 * runner - commands carried out: split, found, checked, run, told of.
 */
#ifndef RUNNER_H
#define RUNNER_H

#include "ftclient.h"
#include "status.h"

/*
 * Run one command.  A failure has been told on standard error.  What `put`
 * gathers is settled before any other command, and by runner_settle.
 */
enum status runner_run(struct client *client, int argc, char **argv);

/* The same for a line as it is typed; an empty one does nothing. */
enum status runner_run_line(struct client *client, const char *line);

/* Wait for what was put, and tell of it. */
enum status runner_settle(struct client *client);

#endif
