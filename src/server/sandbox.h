/*
 * sandbox - what the server process gives up before its first thread starts:
 * new privileges, files outside the bases and the folder of the user file
 * (Landlock; that one is only read), and all system calls that are not on a
 * list (seccomp, which kills the process).
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include "server_config.h"
#include "status.h"

/*
 * Become the account `config->user` (when root), give up everything, and stay
 * so for good.  Call with all bases open and before any thread exists.
 * If the parent ends the process is killed from now on; STATUS_UNREACHABLE if
 * it has ended meanwhile.  A kernel without Landlock is said in the log.
 *
 * Afterwards: threads end by returning (pthread_exit would load a library);
 * no new OpenSSL provider and no name of an account can be looked up.
 */
enum status sandbox_enter(const struct config *config);

#endif
