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
spawn(pid_t *pid, char *const *argv,
    const posix_spawn_file_actions_t *actions, char *const *variables)
{
	posix_spawnattr_t attributes;
	sigset_t none;
	int error;

	if ((error = posix_spawnattr_init(&attributes)) != 0)
		return error;
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	error = posix_spawnp(pid, argv[0], actions, &attributes, argv,
	    variables);
	posix_spawnattr_destroy(&attributes);
	return error;
}

/* Ours, with that one in front: the first of a name counts. */
static char **
with_variable(char *variable)
{
	char **all;
	size_t n;

	for (n = 0; environ[n] != NULL; n++)
		;
	if ((all = calloc(n + 2, sizeof(*all))) == NULL)
		return NULL;
	all[0] = variable;
	memcpy(all + 1, environ, n * sizeof(*all));
	return all;
}

static int
spawn_reader(pid_t *pid, char *const *argv, int input,
    char *const *variables)
{
	posix_spawn_file_actions_t actions;
	int error;

	if ((error = posix_spawn_file_actions_init(&actions)) != 0)
		return error;
	error = posix_spawn_file_actions_adddup2(&actions, input,
	    STDIN_FILENO);
	if (error == 0)
		error = spawn(pid, argv, &actions, variables);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

enum status
local_begin(pid_t *pid, char *const *argv, int input, char *variable)
{
	char **variables;
	int error;

	fflush(stdout);
	if ((variables = with_variable(variable)) == NULL)
		return status_no_memory();
	error = spawn_reader(pid, argv, input, variables);
	free(variables);
	errno = error;
	return error == 0 ? STATUS_OK : status_errno("%s", argv[0]);
}

enum status
local_end(pid_t pid, const char *name)
{
	int result;

	while (waitpid(pid, &result, 0) == -1)
		if (errno != EINTR)
			return status_errno("%s", name);
	if (WIFEXITED(result) && WEXITSTATUS(result) == 0)
		return STATUS_OK;
	if (WIFSIGNALED(result))
		return status_set(STATUS_IO, "%s was ended by signal %d",
		    name, WTERMSIG(result));
	return status_set(STATUS_IO, "%s ended with exit code %d", name,
	    WEXITSTATUS(result));
}

enum status
local_run(char *const *argv)
{
	pid_t pid;
	int error;

	fflush(stdout);
	if ((error = spawn(&pid, argv, NULL, environ)) != 0) {
		errno = error;
		return status_errno("%s", argv[0]);
	}
	return local_end(pid, argv[0]);
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
