/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "interrupt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct interrupt {
	int		 fd;		/* owned; the signals come out here */
	sigset_t	 before;	/* the mask as we found it */
	int		 caught;	/* the last signal, or 0 */
	unsigned int	 count;		/* signals since they were forgotten */
	bool		 is_relay;	/* raised by us, for good */
	struct sigaction action;	/* of SIGINT, while paused */
	bool		 is_patient;	/* one signal is no reason to stop */
	bool		 is_left;	/* SIGINT is for another program */
};

enum status
interrupt_begin(struct interrupt **out)
{
	struct interrupt *interrupt;
	sigset_t held;

	*out = NULL;
	if ((interrupt = calloc(1, sizeof(*interrupt))) == NULL)
		return status_errno("signals");
	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	interrupt->fd = signalfd(-1, &held, SFD_NONBLOCK | SFD_CLOEXEC);
	if (interrupt->fd == -1) {
		free(interrupt);
		return status_errno("signals");
	}
	sigprocmask(SIG_BLOCK, &held, &interrupt->before);
	*out = interrupt;
	return STATUS_OK;
}

enum status
interrupt_relay(struct interrupt **out)
{
	struct interrupt *interrupt;

	*out = NULL;
	if ((interrupt = calloc(1, sizeof(*interrupt))) == NULL)
		return status_errno("signals");
	interrupt->is_relay = true;
	interrupt->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (interrupt->fd == -1) {
		free(interrupt);
		return status_errno("signals");
	}
	*out = interrupt;
	return STATUS_OK;
}

void
interrupt_raise(struct interrupt *relay)
{
	/* It can only fail because it has been raised very often. */
	(void)eventfd_write(relay->fd, 1);
}

void
interrupt_end(struct interrupt *interrupt)
{
	if (interrupt == NULL)
		return;
	close(interrupt->fd);
	if (!interrupt->is_relay)
		sigprocmask(SIG_SETMASK, &interrupt->before, NULL);
	free(interrupt);
}

int
interrupt_fd(const struct interrupt *interrupt)
{
	return interrupt == NULL ? -1 : interrupt->fd;
}

/* Its descriptor stays readable. */
static int
relay_caught(struct interrupt *relay)
{
	struct pollfd ready = { .fd = relay->fd, .events = POLLIN };

	if (relay->caught == 0 && poll(&ready, 1, 0) == 1) {
		relay->caught = SIGINT;
		relay->count = 2;	/* urgent */
	}
	return relay->caught;
}

int
interrupt_caught(struct interrupt *interrupt)
{
	struct signalfd_siginfo info;

	if (interrupt == NULL)
		return 0;
	if (interrupt->is_relay)
		return relay_caught(interrupt);
	while (read(interrupt->fd, &info, sizeof(info)) == sizeof(info)) {
		if (interrupt->is_left && info.ssi_signo == SIGINT)
			continue;
		interrupt->caught = (int)info.ssi_signo;
		interrupt->count++;
	}
	return interrupt->is_patient && interrupt->count < 2 ? 0 :
	    interrupt->caught;
}

void
interrupt_be_patient(struct interrupt *interrupt, bool is_patient)
{
	interrupt->is_patient = is_patient;
}

void
interrupt_leave_to_other(struct interrupt *interrupt, bool is_left)
{
	/* What came until now is for who had the terminal then. */
	(void)interrupt_caught(interrupt);
	interrupt->is_left = is_left;
}

bool
interrupt_is_pending(struct interrupt *interrupt)
{
	(void)interrupt_caught(interrupt);
	return interrupt != NULL && interrupt->count > 0;
}

bool
interrupt_was_urgent(const struct interrupt *interrupt)
{
	if (interrupt == NULL || interrupt->caught == 0)
		return false;
	return interrupt->count > 1 ||
	    (interrupt->caught != SIGINT && !interrupt->is_patient);
}

bool
interrupt_is_urgent(struct interrupt *interrupt)
{
	(void)interrupt_caught(interrupt);
	return interrupt_was_urgent(interrupt);
}

void
interrupt_forget(struct interrupt *interrupt)
{
	if (interrupt == NULL)
		return;
	interrupt->caught = 0;
	interrupt->count = 0;
}

static void
ignore(int number)
{
	(void)number;
}

void
interrupt_pause(struct interrupt *interrupt)
{
	struct sigaction action = { .sa_handler = ignore };
	sigset_t one;

	if (interrupt == NULL || interrupt->is_relay)
		return;
	sigemptyset(&action.sa_mask);
	sigemptyset(&one);
	sigaddset(&one, SIGINT);
	sigaction(SIGINT, &action, &interrupt->action);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
}

void
interrupt_resume(struct interrupt *interrupt)
{
	sigset_t one;

	if (interrupt == NULL || interrupt->is_relay)
		return;
	sigemptyset(&one);
	sigaddset(&one, SIGINT);
	sigprocmask(SIG_BLOCK, &one, NULL);
	sigaction(SIGINT, &interrupt->action, NULL);
}

static enum status
wait_until(struct interrupt *interrupt, int fd, int milliseconds)
{
	struct pollfd fds[2] = {
		{ .fd = interrupt_fd(interrupt), .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};
	int n;

	if (interrupt_caught(interrupt) != 0)
		return status_set(STATUS_CANCELLED, "interrupted");
	do
		n = poll(fds, 2, milliseconds);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return status_errno("poll");
	if (fds[0].revents != 0 && interrupt_caught(interrupt) != 0)
		return status_set(STATUS_CANCELLED, "interrupted");
	return STATUS_OK;
}

enum status
interrupt_wait(struct interrupt *interrupt, int fd)
{
	return wait_until(interrupt, fd, -1);
}

enum status
interrupt_sleep(struct interrupt *interrupt, int milliseconds)
{
	return wait_until(interrupt, -1, milliseconds);
}
