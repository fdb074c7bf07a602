/*
 * local - programs of this machine, run between the commands.
 */
#ifndef LOCAL_H
#define LOCAL_H

#include <sys/types.h>

#include "status.h"

/* Run a line by the user's shell; an interactive shell if it is empty. */
enum status local_shell(const char *line);

/* Run a program, found by $PATH, with arguments that end with NULL. */
enum status local_run(char *const *argv);

/*
 * Start such a program, which reads `input` and has `variable`, NAME=VALUE, in
 * its environment; wait for its end.  STATUS_NOT_FOUND if there is none.
 */
enum status local_begin(pid_t *pid, char *const *argv, int input,
    char *variable);
enum status local_end(pid_t pid, const char *name);

#endif
