/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "remote_state.h"

#include <poll.h>
#include <stdlib.h>

#include "clock.h"

#define KEEP_MS		20000	/* between signs of life of our own */

static struct call *
next_to_cancel(struct remote *remote)
{
	bool all = wire_is_interrupted(remote->wire);
	struct call *call;

	for (call = remote->first; call != NULL; call = call->next)
		if (!call->cancelled && (all || call->failed))
			return call;
	return NULL;
}

/* Ask the server to end what the user, or an error here, wants ended. */
static enum status
cancel_calls(struct remote *remote)
{
	struct call *call;
	enum status st;

	/* From the start each time: calls come to their end meanwhile. */
	while ((call = next_to_cancel(remote)) != NULL) {
		call->cancelled = true;
		remote_more(remote, FT1_CANCEL, 0, call);
		if ((st = remote_send(remote)) != STATUS_OK)
			return st;
	}
	return STATUS_OK;
}

static enum status
outcome_of(struct call *call)
{
	enum status st = call->outcome;

	if (st != STATUS_OK)
		status_set(st, "%s", call->text != NULL ? call->text : "");
	free(call->text);
	call->text = NULL;
	return st;
}

/* Any answer to a PING will do; none within the same time again will not. */
static enum status
ask_whether_it_lives(struct remote *remote)
{
	if (remote->pinging && !remote->ping.done) {
		if (clock_ms() - remote->pinged < (uint64_t)remote->silence)
			return STATUS_OK;
		return status_set(STATUS_UNREACHABLE,
		    "the server does not answer");
	}
	remote->pinged = clock_ms();
	free(remote->ping.text);
	remote->ping.text = NULL;
	remote->pinging = true;
	(void)remote_request(remote, FT1_PING, 0, &remote->ping);
	return remote_send(remote);
}

/* How long nothing may be heard before we say something. */
static int
silence(const struct remote *remote)
{
	return remote->keeps_alive && remote->silence > KEEP_MS ? KEEP_MS :
	    remote->silence;
}

void
remote_keep_alive(struct remote *remote)
{
	remote->keeps_alive = true;
	remote->pinged = clock_ms();
}

bool
remote_is_kept_alive(const struct remote *remote)
{
	return remote->keeps_alive;
}

/* A PING if the last one was long ago. */
static enum status
keep_alive(struct remote *remote)
{
	if (!remote->keeps_alive || clock_ms() - remote->pinged < KEEP_MS)
		return STATUS_OK;
	return ask_whether_it_lives(remote);
}

/* Wait for something; who is silent is asked whether it lives. */
static enum status
listen_once(struct remote *remote, int fd)
{
	enum status st;
	bool received;

	st = wire_wait(remote->wire, fd, silence(remote), &received);
	if (received)
		remote->heard = clock_ms();
	else if (st == STATUS_OK && clock_ms() - remote->heard >=
	    (uint64_t)silence(remote)) {
		st = ask_whether_it_lives(remote);
		remote->heard = clock_ms();
	}
	return remote_lose(remote, st);
}

bool
remote_is_readable(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	return poll(&ready, 1, 0) == 1;
}

void
remote_await_beside(struct remote *remote, struct call *call, int fd)
{
	remote->heard = clock_ms();
	while (!call->done && remote->lost == STATUS_OK &&
	    !remote_is_readable(fd)) {
		if (cancel_calls(remote) != STATUS_OK || call->done)
			continue;
		(void)listen_once(remote, fd);
	}
}

void
remote_await(struct remote *remote, struct call *call)
{
	remote_await_beside(remote, call, -1);
}

enum status
remote_wait(struct remote *remote, struct call *call)
{
	remote_await(remote, call);
	return outcome_of(call);
}

enum status
remote_wait_fd(struct remote *remote, struct call *call, int fd)
{
	bool received;

	if (remote->lost != STATUS_OK || call->done)
		return remote_lost(remote);
	if (keep_alive(remote) != STATUS_OK)
		return remote_lost(remote);
	if (fd == -1)
		return listen_once(remote, -1);
	return remote_lose(remote, wire_wait(remote->wire, fd,
	    remote->keeps_alive ? KEEP_MS : -1, &received));
}

enum status
remote_idle(struct remote *remote, struct interrupt *interrupt, int fd)
{
	bool received;

	while (remote->keeps_alive && remote->lost == STATUS_OK) {
		if (interrupt_caught(interrupt) != 0)
			return status_set(STATUS_CANCELLED, "interrupted");
		if (remote_is_readable(fd))
			return STATUS_OK;
		if (keep_alive(remote) == STATUS_OK)
			(void)remote_lose(remote, wire_wait(remote->wire, fd,
			    KEEP_MS, &received));
	}
	return interrupt_wait(interrupt, fd);
}

/* Well before the server gives up a session that says nothing. */
static int
between_pings(const struct remote *remote)
{
	uint32_t seconds = remote->limits.idle_seconds;

	return seconds == 0 || seconds > 3 * KEEP_MS / 1000 ? KEEP_MS :
	    (int)seconds * 1000 / 3;
}

enum status
remote_stand_by(struct remote *remote, struct interrupt *interrupt, int fd,
    int milliseconds)
{
	uint64_t begun = clock_ms(), spent = 0;
	int step = between_pings(remote);
	enum status st;
	bool received;

	while (remote->lost == STATUS_OK && !remote_is_readable(fd) &&
	    !interrupt_is_pending(interrupt) &&
	    (milliseconds < 0 || spent < (uint64_t)milliseconds)) {
		st = clock_ms() - remote->pinged < (uint64_t)step ?
		    STATUS_OK : ask_whether_it_lives(remote);
		if (st == STATUS_OK)
			st = wire_wait(remote->wire, fd, milliseconds >= 0 &&
			    (uint64_t)milliseconds - spent < (uint64_t)step ?
			    milliseconds - (int)spent : step, &received);
		(void)remote_lose(remote, st);
		spent = clock_ms() - begun;
	}
	return remote_lost(remote);
}

enum status
remote_finish(struct remote *remote, struct call *call)
{
	(void)remote_send(remote);
	return remote_wait(remote, call);
}
