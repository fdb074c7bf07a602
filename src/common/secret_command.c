/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/crypto.h>

#define SHELL		"/bin/sh"
#define OUTPUT_MAX	65536u	/* bytes that are taken */

/* How it begins: enough to see whether the first line is too long. */
struct output {
	char	 bytes[SECRET_MAX + 1];
	size_t	 len;
};

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

/* False if the command has ended, and all that it printed was read. */
static bool
has_more(int fd, int process)
{
	struct pollfd ready[2] = { { .fd = fd, .events = POLLIN },
		{ .fd = process, .events = POLLIN } };

	while (poll(ready, 2, -1) == -1)
		if (errno != EINTR)
			return false;
	/* Between the two looks it may have printed, and ended. */
	return ready[0].revents != 0 || poll(ready, 1, 0) == 1;
}

/*
 * Take all, so that the command can end by itself; one that never does gets
 * SIGPIPE.  The end of the output may never come, if something that it has left
 * running holds it open; so its own end counts as well.
 */
static void
gather(struct output *output, int fd, int process)
{
	char bytes[512];
	size_t room, taken = 0;
	ssize_t n = 1;

	while (n != 0 && taken < OUTPUT_MAX && has_more(fd, process)) {
		if ((n = read(fd, bytes, sizeof(bytes))) == -1) {
			if (errno == EINTR)
				continue;
			break;
		}
		room = sizeof(output->bytes) - output->len;
		if ((size_t)n < room)
			room = (size_t)n;
		memcpy(output->bytes + output->len, bytes, room);
		output->len += room;
		taken += (size_t)n;
	}
	OPENSSL_cleanse(bytes, sizeof(bytes));
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
run(struct output *output, const char *command, const int ends[2])
{
	int error, process;
	pid_t pid;

	error = spawn(&pid, command, ends[1]);
	close(ends[1]);
	if (error != 0) {
		close(ends[0]);
		errno = error;
		return status_errno("run `%s`", command);
	}
	/* Without one the end of the output has to do: poll skips a -1. */
	process = pidfd_open(pid, 0);
	gather(output, ends[0], process);
	close(ends[0]);
	if (process != -1)
		close(process);
	return await(pid, command);
}

enum status
secret_read_command(struct secret *out, const char *command)
{
	struct output output = { .len = 0 };
	enum status st;
	int ends[2];

	secret_wipe(out);
	if (pipe2(ends, O_CLOEXEC) == -1)
		return status_errno("run `%s`", command);
	/* Why it failed says more than what it did not print. */
	if ((st = run(&output, command, ends)) == STATUS_OK)
		st = secret_take_line(out, output.bytes, output.len,
		    "the output of the command for the password");
	OPENSSL_cleanse(&output, sizeof(output));
	if (st == STATUS_OK && out->len == 0)
		st = status_set(STATUS_CONFIG, "the command for the "
		    "password printed none: %s", command);
	return st;
}
