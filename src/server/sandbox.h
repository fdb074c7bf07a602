/*
 * sandbox - what the server process gives up before its first thread starts:
 * new privileges, files outside the bases, the state folder and the folder of
 * the user file (Landlock), and all system calls that are not on a list
 * (seccomp, which kills the process).
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include "server_config.h"
#include "status.h"

/*
 * Become the account `config->user` (when root), give up everything, and stay
 * so for good.  Call with all bases open and before any thread exists.
 */
enum status sandbox_enter(const struct config *config);

#endif
