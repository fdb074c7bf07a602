/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/crypto.h>

#define SHELL		"/bin/sh"
#define REST_MAX	65536u	/* bytes behind the line that are taken */

/* Its standard input is a terminal or nothing: what a script reads stays. */
static int
prepare_files(posix_spawn_file_actions_t *files, int out_fd)
{
	int error = 0;

	if (isatty(STDIN_FILENO) == 0)
		error = posix_spawn_file_actions_addopen(files, STDIN_FILENO,
		    "/dev/null", O_RDONLY, 0);
	return error != 0 ? error :
	    posix_spawn_file_actions_adddup2(files, out_fd, STDOUT_FILENO);
}

/* Signals do with it what they do with any program. */
static int
prepare_signals(posix_spawnattr_t *attr)
{
	sigset_t all, none;
	int error;

	sigfillset(&all);
	sigemptyset(&none);
	if ((error = posix_spawnattr_setsigdefault(attr, &all)) != 0 ||
	    (error = posix_spawnattr_setsigmask(attr, &none)) != 0)
		return error;
	return posix_spawnattr_setflags(attr,
	    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

/* An errno value. */
static int
spawn(pid_t *pid, const char *command, int out_fd)
{
	static char shell[] = SHELL, option[] = "-c";
	char *copy = strdup(command);
	char *argv[] = { shell, option, copy, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int error;

	if (copy == NULL || posix_spawn_file_actions_init(&files) != 0) {
		free(copy);
		return ENOMEM;
	}
	if ((error = posix_spawnattr_init(&attr)) == 0) {
		if ((error = prepare_files(&files, out_fd)) == 0 &&
		    (error = prepare_signals(&attr)) == 0)
			error = posix_spawn(pid, shell, &files, &attr, argv,
			    environ);
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&files);
	free(copy);
	return error;
}

/* So that it can end by itself; one that never does gets SIGPIPE. */
static void
drain(int fd)
{
	char rest[512];
	size_t taken = 0;
	ssize_t n;

	do {
		n = read(fd, rest, sizeof(rest));
		if (n > 0)
			taken += (size_t)n;
	} while ((n > 0 && taken < REST_MAX) || (n == -1 && errno == EINTR));
	OPENSSL_cleanse(rest, sizeof(rest));
}

static enum status
await(pid_t pid, const char *command)
{
	int how;

	while (waitpid(pid, &how, 0) == -1)
		if (errno != EINTR)
			return status_errno("wait for `%s`", command);
	if (WIFSIGNALED(how))
		return status_set(STATUS_CONFIG, "the command for the "
		    "password was ended by signal %d: %s", WTERMSIG(how),
		    command);
	if (WEXITSTATUS(how) != 0)
		return status_set(STATUS_CONFIG, "the command for the "
		    "password failed with code %d: %s", WEXITSTATUS(how),
		    command);
	return STATUS_OK;
}

static enum status
run(struct secret *out, const char *command, const int ends[2])
{
	enum status line, st;
	pid_t pid;
	int error;

	error = spawn(&pid, command, ends[1]);
	close(ends[1]);
	if (error != 0) {
		errno = error;
		return status_errno("run `%s`", command);
	}
	line = secret_read_fd(out, ends[0],
	    "the output of the command for the password");
	if (line == STATUS_OK)
		drain(ends[0]);
	close(ends[0]);
	/* Why it failed says more than what it did not print. */
	if ((st = await(pid, command)) != STATUS_OK)
		return st;
	if (line == STATUS_OK && out->len == 0)
		return status_set(STATUS_CONFIG, "the command for the "
		    "password printed none: %s", command);
	return line;
}

enum status
secret_read_command(struct secret *out, const char *command)
{
	enum status st;
	int ends[2];

	secret_wipe(out);
	if (pipe2(ends, O_CLOEXEC) == -1)
		return status_errno("run `%s`", command);
	if ((st = run(out, command, ends)) != STATUS_OK)
		secret_wipe(out);
	return st;
}
