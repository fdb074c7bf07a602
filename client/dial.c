/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "dial.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

/* A peer that vanished without a word is noticed after about so long. */
#define DEAD_AFTER_SECONDS	60

static void
set_up_socket(int fd)
{
	int on = 1, idle = DEAD_AFTER_SECONDS / 2, interval = 10, tries = 3;
	unsigned int timeout = DEAD_AFTER_SECONDS * 1000;

	/* Each of them only makes a good thing better. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval,
	    sizeof(interval));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &tries, sizeof(tries));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout,
	    sizeof(timeout));
}

/* 0, or the errno that tells why not. */
static int
finish_connect(int fd, int milliseconds, struct interrupt *interrupt)
{
	struct pollfd fds[2] = {
		{ .fd = fd, .events = POLLOUT },
		{ .fd = interrupt_fd(interrupt), .events = POLLIN },
	};
	uint64_t now, end = clock_ms() + (uint64_t)milliseconds;
	socklen_t len = sizeof(int);
	int error;

	while (fds[0].revents == 0) {
		/* One that was seen already wakes no poll. */
		if (interrupt_is_pending(interrupt))
			return ECANCELED;
		if ((now = clock_ms()) >= end)
			return ETIMEDOUT;
		if (poll(fds, 2, (int)(end - now)) == -1 && errno != EINTR)
			return errno;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		return errno;
	return error;
}

static int
try_address(int *out, const struct addrinfo *address, int milliseconds,
    struct interrupt *interrupt)
{
	int fd, error = 0;

	fd = socket(address->ai_family,
	    address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    address->ai_protocol);
	if (fd == -1)
		return errno;
	set_up_socket(fd);
	if (connect(fd, address->ai_addr, address->ai_addrlen) == -1)
		error = errno == EINPROGRESS ?
		    finish_connect(fd, milliseconds, interrupt) : errno;
	if (error != 0) {
		close(fd);
		return error;
	}
	*out = fd;
	return 0;
}

enum status
dial(int *out, const char *host, const char *port, int milliseconds,
    struct interrupt *interrupt)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
	    .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *list, *address;
	int error;

	*out = -1;
	/* That nobody answers who would know says nothing of the host. */
	if ((error = getaddrinfo(host, port, &hints, &list)) != 0)
		return status_set(error == EAI_AGAIN ? STATUS_TIMEOUT :
		    STATUS_UNKNOWN_HOST,
		    "cannot find the address of %s: %s", host,
		    gai_strerror(error));
	error = EADDRNOTAVAIL;
	for (address = list; address != NULL; address = address->ai_next)
		if ((error = try_address(out, address, milliseconds,
		    interrupt)) == 0 || error == ECANCELED)
			break;
	freeaddrinfo(list);
	if (error == ECANCELED)
		return status_set(STATUS_CANCELLED, "interrupted");
	if (error == ECONNREFUSED)
		return status_set(STATUS_UNREACHABLE, "connection refused: "
		    "nobody listens on port %s", port);
	if (error != 0)
		return status_set(STATUS_UNREACHABLE, "cannot connect: %s",
		    strerrordesc_np(error) != NULL ? strerrordesc_np(error) :
		    "error");
	return STATUS_OK;
}
