/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "local.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The program takes the signals that we hold back. */
static int
spawn(pid_t *pid, char *const *argv)
{
	posix_spawnattr_t attributes;
	sigset_t none;
	int error;

	if ((error = posix_spawnattr_init(&attributes)) != 0)
		return error;
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	error = posix_spawnp(pid, argv[0], NULL, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	return error;
}

enum status
local_run(char *const *argv)
{
	int result, error;
	pid_t pid;

	fflush(stdout);
	if ((error = spawn(&pid, argv)) != 0) {
		errno = error;
		return status_errno("%s", argv[0]);
	}
	while (waitpid(pid, &result, 0) == -1)
		if (errno != EINTR)
			return status_errno("%s", argv[0]);
	if (WIFEXITED(result) && WEXITSTATUS(result) == 0)
		return STATUS_OK;
	if (WIFSIGNALED(result))
		return status_set(STATUS_IO, "%s was ended by signal %d",
		    argv[0], WTERMSIG(result));
	return status_set(STATUS_IO, "%s ended with exit code %d", argv[0],
	    WEXITSTATUS(result));
}

enum status
local_shell(const char *line)
{
	char *shell = getenv("SHELL"), *copy, option[] = "-c";
	char standard[] = "/bin/sh";
	char *argv[4] = { NULL };
	enum status st;

	argv[0] = shell != NULL && shell[0] == '/' ? shell : standard;
	line += strspn(line, " \t");
	if (*line == '\0')
		return local_run(argv);
	if ((copy = strdup(line)) == NULL)
		return status_no_memory();
	argv[1] = option;
	argv[2] = copy;
	st = local_run(argv);
	free(copy);
	return st;
}
