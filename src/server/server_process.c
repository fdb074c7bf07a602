/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "server_process.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "channel.h"
#include "clock.h"
#include "log.h"

/* The monitor waits no longer for a server process that takes nothing. */
#define CHANNEL_PATIENCE 10	/* seconds */

static void
remember_bases(struct server_process *p, const struct config *config)
{
	struct stat sb;
	size_t i;

	for (i = 0; i < config->base_count; i++)
		if (stat(config->bases[i].path, &sb) == 0)
			p->bases[i] = (struct base_identity) { sb.st_dev,
				sb.st_ino };
}

const struct config_base *
server_process_moved_base(const struct server_process *p,
    const struct config *config)
{
	struct stat sb;
	size_t i;

	for (i = 0; i < config->base_count; i++)
		if (stat(config->bases[i].path, &sb) == 0 &&
		    S_ISDIR(sb.st_mode) &&
		    (sb.st_dev != p->bases[i].dev ||
		    sb.st_ino != p->bases[i].ino))
			return &config->bases[i];
	return NULL;
}

/* Only the monitor says when to stop, also to a whole group of processes. */
static void
reset_signals(void)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE,
	    SIGXFSZ };
	sigset_t none;
	size_t i;

	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void __attribute__((noreturn))
be_server(const struct server_process_setup *setup, int channel, pid_t monitor)
{
	const struct server_start start = {
		.handover = setup->handover,
		.channel = channel,
		.listeners = setup->listeners->fds,
		.listener_count = setup->listeners->count,
		.hook = setup->hook
	};
	size_t i;

	for (i = 0; i < sizeof(setup->close_fds) / sizeof(int); i++)
		if (setup->close_fds[i] != -1)
			close(setup->close_fds[i]);
	reset_signals();
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 || getppid() != monitor)
		_exit(EX_UNAVAILABLE);
	exit(server_run(&start));
}

static void
set_patience(int fd)
{
	const struct timeval tv = { .tv_sec = CHANNEL_PATIENCE };

	/* Without it the monitor would wait longer, no more. */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
}

enum status
server_process_start(struct server_process *out,
    const struct server_process_setup *setup)
{
	pid_t monitor = getpid();
	enum status st;
	int fds[2];

	*out = (struct server_process) { .channel = -1 };
	remember_bases(out, setup->handover->config);
	if ((st = channel_pair(fds)) != STATUS_OK)
		return st;
	fflush(stdout);
	out->pid = fork();
	if (out->pid == 0) {
		close(fds[0]);
		be_server(setup, fds[1], monitor);
	}
	close(fds[1]);
	if (out->pid == -1) {
		out->pid = 0;
		close(fds[0]);
		return status_errno("fork");
	}
	set_patience(fds[0]);
	out->channel = fds[0];
	out->started = clock_ms();
	return STATUS_OK;
}

void
server_process_limit(struct server_process *p, unsigned int seconds)
{
	uint64_t at = clock_ms() + (uint64_t)seconds * 1000;

	if (p->pid != 0 && (p->kill_at == 0 || at < p->kill_at))
		p->kill_at = at;
}

void
server_process_kill(const struct server_process *p)
{
	if (p->pid != 0)
		kill(p->pid, SIGKILL);
}

void
server_process_distrust(struct server_process *p, const char *why)
{
	log_line(LOG_LEVEL_ERROR, 0, "server process %d: %s", (int)p->pid, why);
	if (p->channel != -1)
		close(p->channel);
	p->channel = -1;
	server_process_kill(p);
}

void
server_process_clear(struct server_process *p)
{
	if (p->channel != -1)
		close(p->channel);
	*p = (struct server_process) { .channel = -1 };
}

void
server_process_describe_end(char *out, size_t room, int status)
{
	int sig;

	if (WIFEXITED(status)) {
		snprintf(out, room, "ended with exit code %d",
		    WEXITSTATUS(status));
		return;
	}
	sig = WTERMSIG(status);
	if (sig == SIGSYS)
		snprintf(out, room, "was killed by SIGSYS: it made a system "
		    "call that the sandbox forbids");
	else
		snprintf(out, room, "was killed by SIG%s",
		    sigabbrev_np(sig) != NULL ? sigabbrev_np(sig) : "?");
}
