/*
 * local - programs of this machine, run between the commands.
 */
#ifndef LOCAL_H
#define LOCAL_H

#include "status.h"

/* Run a line by the user's shell; an interactive shell if it is empty. */
enum status local_shell(const char *line);

/* Run a program, found by $PATH, with arguments that end with NULL. */
enum status local_run(char *const *argv);

#endif
