/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "pager.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "local.h"

struct pager {
	struct client	*client;	/* borrowed */
	const char	*name;		/* borrowed; for people */
	pid_t		 pid;
	int		 process;	/* owned; a pidfd */
	int		 text;		/* owned; it reads the other end */
	int		 either;	/* owned; epoll: has it ended, or does
					 * it take more? */
	bool		 is_content;	/* it takes no more */
};

/* What less does for its keys is no way to a shell. */
static enum status
start(struct pager *pager, int input)
{
	static char sh[] = "/bin/sh", option[] = "-c";
	static char less[] = "less", more[] = "more";
	static char secure[] = "LESSSECURE=1";
	char *line = getenv("PAGER"), *argv[4] = { less };
	enum status st;

	pager->name = less;
	if (line != NULL && *line != '\0') {
		pager->name = line;
		argv[0] = sh;
		argv[1] = option;
		argv[2] = line;
	}
	st = local_begin(&pager->pid, argv, input, secure);
	if (st != STATUS_NOT_FOUND || argv[0] != less)
		return st;
	pager->name = argv[0] = more;
	return local_begin(&pager->pid, argv, input, secure);
}

static bool
watch(const struct pager *pager, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };

	return epoll_ctl(pager->either, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void
pager_free(struct pager *pager)
{
	if (pager->either != -1)
		close(pager->either);
	if (pager->process != -1)
		close(pager->process);
	if (pager->text != -1)
		close(pager->text);
	free(pager);
}

static enum status
connect_to(struct pager *pager)
{
	int ends[2];
	enum status st;

	/* A socket, as one can write to it without SIGPIPE. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1)
		return status_errno("pager");
	pager->text = ends[0];
	pager->either = epoll_create1(EPOLL_CLOEXEC);
	if (pager->either == -1 || !watch(pager, pager->text, EPOLLOUT))
		st = status_errno("pager");
	else
		st = start(pager, ends[1]);
	close(ends[1]);
	return st;
}

enum status
pager_begin(struct pager **out, struct client *client)
{
	struct pager *pager;
	enum status st;

	*out = NULL;
	if ((pager = calloc(1, sizeof(*pager))) == NULL)
		return status_no_memory();
	pager->client = client;
	pager->process = pager->text = pager->either = -1;
	if ((st = connect_to(pager)) != STATUS_OK) {
		pager_free(pager);
		return st;
	}
	interrupt_leave_to_other(client->interrupt, true);
	pager->process = pidfd_open(pager->pid, 0);
	if (pager->process == -1 || !watch(pager, pager->process, EPOLLIN)) {
		st = status_errno("pager");
		(void)pager_end(pager);
		return st;
	}
	*out = pager;
	return STATUS_OK;
}

/* A person may take hours: the server hears from us meanwhile. */
static enum status
wait_for(const struct pager *pager, int fd)
{
	struct client *client = pager->client;
	enum status st = STATUS_OK;

	if (remote_stand_by(client->remote, client->interrupt, fd, -1) !=
	    STATUS_OK)
		st = interrupt_wait(client->interrupt, fd);
	return st != STATUS_OK || !interrupt_is_pending(client->interrupt) ?
	    st : status_set(STATUS_CANCELLED, "interrupted");
}

enum status
pager_write(struct pager *pager, const char *text, size_t len)
{
	enum status st = STATUS_OK;
	ssize_t n;

	while (len > 0 && !pager->is_content && st == STATUS_OK) {
		n = send(pager->text, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n >= 0) {
			text += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN)
			st = wait_for(pager, pager->either);
		else if (errno == EPIPE || errno == ECONNRESET)
			pager->is_content = true;
		else if (errno != EINTR)
			st = status_errno("%s", pager->name);
	}
	return st;
}

bool
pager_is_content(const struct pager *pager)
{
	return pager->is_content;
}

int
pager_fd(const struct pager *pager)
{
	return pager->process;
}

/* Waits for it, and leaves it to be waited for. */
static bool
was_interrupted(const struct pager *pager)
{
	siginfo_t info = { 0 };

	while (waitid(P_PID, (id_t)pager->pid, &info, WEXITED | WNOWAIT) == -1)
		if (errno != EINTR)
			return false;
	return info.si_code == CLD_KILLED && info.si_status == SIGINT;
}

enum status
pager_end(struct pager *pager)
{
	struct interrupt *interrupt = pager->client->interrupt;
	enum status st = STATUS_OK, ended;
	bool was_left;

	close(pager->text);
	pager->text = -1;
	if (pager->process != -1)
		st = wait_for(pager, pager->process);
	if (st != STATUS_OK)
		kill(pager->pid, SIGTERM);
	was_left = was_interrupted(pager);
	ended = local_end(pager->pid, pager->name);
	interrupt_leave_to_other(interrupt, false);
	pager_free(pager);
	return st != STATUS_OK || was_left ? st : ended;
}
