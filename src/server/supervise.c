/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "supervise.h"

#include <sys/signalfd.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "channel.h"
#include "clock.h"
#include "log.h"
#include "notify.h"
#include "reload.h"
#include "renewal.h"
#include "server_process.h"

#define TICK 1000		/* ms between looks at bases and keys */
#define START_PATIENCE 60	/* seconds until it must accept */
#define HANG_PATIENCE 5		/* seconds to end after its channel broke */
#define DRAIN_GRACE 5		/* seconds on top of drain_timeout */
#define QUICK_DEATH 10000	/* ms; who lives shorter died quickly */
#define DEATHS_MAX 5		/* quick ones in a row */
#define PAUSE_MIN 100		/* ms before the second attempt */

struct monitor {
	struct supervise *what;		/* borrowed */
	struct reload	 reload;
	struct server_process now;	/* the one that serves */
	struct server_process old;	/* the one that drains after a change */
	int		 signals;	/* owned; signalfd(2) */
	uint64_t	 start_at;	/* when to start one anew; 0: not */
	unsigned int	 deaths;	/* quick ones in a row */
	bool		 was_ready;	/* at least one accepted once */
	bool		 is_stopping;
	bool		 is_over;
	int		 exit_code;
};

static const struct config *
config_of(const struct monitor *m)
{
	return m->what->handover->config;
}

static void
end(struct monitor *m, int exit_code)
{
	m->is_over = true;
	m->exit_code = exit_code;
}

static enum status
start_process(struct monitor *m)
{
	const struct server_process_setup setup = {
		.handover = m->what->handover,
		.listeners = &m->what->listeners,
		.hook = m->what->hook,
		.close_fds = { m->signals, m->now.channel, m->old.channel, -1 }
	};
	enum status st;

	m->start_at = 0;
	if ((st = server_process_start(&m->now, &setup)) == STATUS_OK)
		server_process_limit(&m->now, START_PATIENCE);
	return st;
}

static void
drain(struct monitor *m, struct server_process *p)
{
	const struct channel_message message = { .type = CHANNEL_DRAIN };

	if (p->pid == 0)
		return;
	p->kill_at = 0;
	if (!p->is_ready || p->channel == -1 ||
	    channel_send(p->channel, &message) != STATUS_OK)
		server_process_kill(p);
	else
		server_process_limit(p, config_of(m)->drain_timeout +
		    DRAIN_GRACE);
}

static void
stop(struct monitor *m)
{
	if (m->is_stopping) {
		log_line(LOG_LEVEL_NOTICE, 0, "stopping now");
		server_process_kill(&m->now);
		server_process_kill(&m->old);
		return;
	}
	log_line(LOG_LEVEL_NOTICE, 0, "stopping: transfers have %u s",
	    config_of(m)->drain_timeout);
	notify_stopping();
	m->is_stopping = true;
	m->start_at = 0;
	listen_close(&m->what->listeners);
	drain(m, &m->now);
	drain(m, &m->old);
}

/* Say where, in the order of the configuration. */
static void
say_ready(const struct monitor *m)
{
	const struct listen_set *set = &m->what->listeners;
	char name[LISTEN_NAME_MAX];
	size_t i;

	for (i = 0; m->what->quick != NULL && i < set->count; i++)
		if (listen_name(name, set->fds[i]) == STATUS_OK)
			quick_say(m->what->quick, name);
	for (i = 0; i < set->count; i++)
		if (listen_name(name, set->fds[i]) == STATUS_OK)
			printf("ready %s\n", name);
	fflush(stdout);
	notify_ready();
}

static void
take_ready(struct monitor *m)
{
	m->now.is_ready = true;
	m->now.kill_at = 0;
	if (!m->was_ready)
		say_ready(m);
	else
		log_line(LOG_LEVEL_NOTICE, 0, "a new server process serves");
	m->was_ready = true;
	reload_resume(&m->reload, &m->now);
}

static void
take_message(struct monitor *m, struct server_process *p)
{
	struct channel_message message;
	enum status st;

	st = channel_receive(p->channel, CHANNEL_TO_MONITOR, &message);
	if (st == STATUS_UNREACHABLE) {
		/* It ends, or hangs: its exit tells more. */
		close(p->channel);
		p->channel = -1;
		server_process_limit(p, HANG_PATIENCE);
	} else if (st != STATUS_OK) {
		server_process_distrust(p, status_text(st));
	} else if (message.type == CHANNEL_READY) {
		if (p == &m->now)
			take_ready(m);
	} else if (message.type == CHANNEL_RELOADED) {
		if (p == &m->now)
			reload_answer(&m->reload, p, message.text[0]);
	} else {
		renewal_carry_out(config_of(m), &message);
	}
	channel_message_clear(&message);
}

/* The first start must succeed; later on what died is started anew. */
static void
take_death(struct monitor *m, const struct server_process *dead, int status)
{
	char how[128];

	server_process_describe_end(how, sizeof(how), status);
	if (!m->was_ready) {
		if (!WIFEXITED(status) || WEXITSTATUS(status) == 0)
			log_line(LOG_LEVEL_ERROR, 0,
			    "the server process %s before it was ready", how);
		end(m, WIFEXITED(status) && WEXITSTATUS(status) != 0 ?
		    WEXITSTATUS(status) : EX_SOFTWARE);
		return;
	}
	m->deaths = clock_ms() - dead->started < QUICK_DEATH ?
	    m->deaths + 1 : 0;
	if (m->deaths >= DEATHS_MAX) {
		log_line(LOG_LEVEL_ERROR, 0, "the server process %s, for the "
		    "%uth time right after its start: giving up", how,
		    m->deaths);
		end(m, EX_SOFTWARE);
		return;
	}
	log_line(LOG_LEVEL_ERROR, 0, "the server process %s: "
	    "starting a new one", how);
	m->start_at = clock_ms() +
	    (m->deaths == 0 ? 0 : PAUSE_MIN << m->deaths);
}

/* What was told to end has ended: well, it should be. */
static void
take_end(int status)
{
	char how[128];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	server_process_describe_end(how, sizeof(how), status);
	log_line(LOG_LEVEL_ERROR, 0, "the server process %s", how);
}

static void
reap(struct monitor *m)
{
	struct server_process dead;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == m->old.pid) {
			server_process_clear(&m->old);
			take_end(status);
		} else if (pid == m->now.pid) {
			dead = m->now;
			server_process_clear(&m->now);
			reload_forget(&m->reload);
			if (m->is_stopping)
				take_end(status);
			else
				take_death(m, &dead, status);
		}
	}
}

static void
read_again(struct monitor *m)
{
	const struct reload_source source = {
		.file = m->what->file,
		.text = m->what->quick != NULL ?
		    m->what->quick->config_text : NULL
	};

	if (m->is_stopping)
		return;
	notify_reloading();
	reload_begin(&m->reload, &source, &m->now);
}

static void
take_signal(struct monitor *m)
{
	struct signalfd_siginfo info;

	if (read(m->signals, &info, sizeof(info)) != sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGTERM:
	case SIGINT:	stop(m);	break;
	case SIGHUP:
		/* From the kernel: the terminal is gone, and its user too. */
		if (info.ssi_code == SI_KERNEL)
			stop(m);
		else
			read_again(m);
		break;
	case SIGCHLD:	reap(m);	break;
	}
}

/* A base is another folder now, which the sandbox of the old one lacks. */
static void
look_at_bases(struct monitor *m)
{
	const struct config_base *moved;

	if (!m->now.is_ready)
		return;
	moved = server_process_moved_base(&m->now, config_of(m));
	if (moved == NULL)
		return;
	log_line(LOG_LEVEL_NOTICE, 0, "another folder stands at %s, the base "
	    "%s: starting a new server process", moved->path, moved->name);
	server_process_kill(&m->old);
	if (m->old.pid != 0)
		return;		/* again when it is reaped */
	reload_forget(&m->reload);
	m->old = m->now;
	m->now = (struct server_process) { .channel = -1 };
	drain(m, &m->old);
	m->start_at = clock_ms();
}

static void
kill_late(struct server_process *p, uint64_t now)
{
	if (p->pid == 0 || p->kill_at == 0 || now < p->kill_at)
		return;
	log_line(LOG_LEVEL_ERROR, 0, "server process %d takes too long %s: "
	    "killing it", (int)p->pid, p->is_ready ? "to end" : "to start");
	p->kill_at = 0;
	server_process_kill(p);
}

static void
look_around(struct monitor *m)
{
	uint64_t now = clock_ms();
	enum status st;

	kill_late(&m->now, now);
	kill_late(&m->old, now);
	if (m->is_stopping) {
		if (m->now.pid == 0 && m->old.pid == 0)
			end(m, EX_OK);
		return;
	}
	if (m->start_at != 0 && now >= m->start_at &&
	    (st = start_process(m)) != STATUS_OK) {
		log_line(LOG_LEVEL_ERROR, 0, "%s", status_text(st));
		m->start_at = now + TICK;
	}
	look_at_bases(m);
	if (m->now.is_ready)
		reload_rotate_when_due(&m->reload, &m->now);
}

static int
next_wait(const struct monitor *m)
{
	uint64_t now = clock_ms();

	if (m->start_at == 0 || m->start_at > now + TICK)
		return TICK;
	return m->start_at <= now ? 0 : (int)(m->start_at - now);
}

static void
wait_and_serve(struct monitor *m)
{
	struct pollfd pfds[3] = {
		{ .fd = m->signals, .events = POLLIN },
		{ .fd = m->now.channel, .events = POLLIN },
		{ .fd = m->old.channel, .events = POLLIN }
	};

	if (poll(pfds, 3, next_wait(m)) == -1 && errno != EINTR) {
		log_line(LOG_LEVEL_ERROR, 0, "poll failed");
		end(m, EX_OSERR);
		return;
	}
	/* Messages before the end of who sent them. */
	if (pfds[1].revents != 0)
		take_message(m, &m->now);
	if (pfds[2].revents != 0)
		take_message(m, &m->old);
	if (pfds[0].revents != 0)
		take_signal(m);
}

static int
open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void
clear(struct monitor *m)
{
	reload_forget(&m->reload);
	server_process_kill(&m->now);
	server_process_kill(&m->old);
	server_process_clear(&m->now);
	server_process_clear(&m->old);
	listen_close(&m->what->listeners);
	handover_free(m->what->handover);
	m->what->handover = NULL;
	if (m->signals != -1)
		close(m->signals);
}

int
supervise(struct supervise *what)
{
	struct monitor m = {
		.what = what,
		.reload = { .now = &what->handover },
		.now = { .channel = -1 },
		.old = { .channel = -1 }
	};
	enum status st = STATUS_OK;

	if ((m.signals = open_signals()) == -1)
		st = status_errno("signals");
	if (st == STATUS_OK)
		st = start_process(&m);
	if (st != STATUS_OK) {
		log_line(LOG_LEVEL_ERROR, 0, "%s", status_text(st));
		end(&m, EX_OSERR);
	}
	while (!m.is_over) {
		wait_and_serve(&m);
		look_around(&m);
	}
	clear(&m);
	return m.exit_code;
}
