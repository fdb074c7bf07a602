/* SPDX-License-Identifier: ISC */
/*
 * ftserver as it ships, but for a hook that a worker calls after each login:
 * the user's name says what a worker that was taken over would try.
 */
#include "config.h"

#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "monitor.h"

static int
open_shadow(void)
{
	return open("/etc/shadow", O_RDONLY | O_CLOEXEC);
}

static int
write_outside(void)
{
	return open("/tmp/ftserver-was-here", O_WRONLY | O_CREAT | O_CLOEXEC,
	    0600);
}

static int
execute_program(void)
{
	char *const words[] = { NULL };

	return execve("/bin/true", words, words);
}

static int
make_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int
trace_monitor(void)
{
	return (int)ptrace(PTRACE_SEIZE, getppid(), NULL, NULL);
}

static int
be_traced(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int
read_monitor(void)
{
	char byte;
	struct iovec mine = { &byte, 1 };
	struct iovec there = { &byte, 1 };

	return (int)process_vm_readv(getppid(), &mine, 1, &there, 1, 0);
}

static int
mount_something(void)
{
	return mount("none", "/tmp", "tmpfs", 0, NULL);
}

static int
kill_monitor(void)
{
	return kill(getppid(), SIGKILL);
}

static int
make_process(void)
{
	return (int)fork();
}

static const struct {
	const char	*user;
	int		(*try)(void);
} deeds[] = {
	{ "shadow", open_shadow },
	{ "write", write_outside },
	{ "execute", execute_program },
	{ "socket", make_socket },
	{ "trace", trace_monitor },
	{ "traced", be_traced },
	{ "peek", read_monitor },
	{ "mount", mount_something },
	{ "kill", kill_monitor },
	{ "fork", make_process },
};

static void
hook(const char *user)
{
	size_t i;
	int result;

	for (i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		if (strcmp(deeds[i].user, user) != 0)
			continue;
		result = deeds[i].try();
		log_line(LOG_LEVEL_ERROR, 0, "hook %s: %s", user,
		    result == -1 ? strerror(errno) : "done");
	}
}

int
main(int argc, char **argv)
{
	return monitor_main(argc, argv, hook);
}
