/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "listen.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "notify.h"

#define BACKLOG 4096

static enum status
no_address(const char *text)
{
	return status_set(STATUS_CONFIG, "listen = %s: write ADDR:PORT or "
	    "[ADDR]:PORT in numbers, such as 0.0.0.0:4433 or [::]:4433", text);
}

enum status
listen_split(char address[LISTEN_NAME_MAX], char port[LISTEN_NAME_MAX],
    const char *text)
{
	const char *colon = strrchr(text, ':'), *begin = text, *end = colon;

	if (colon == NULL || strlen(text) >= LISTEN_NAME_MAX)
		return no_address(text);
	if (text[0] == '[') {
		begin++;
		if (--end <= begin || *end != ']')
			return no_address(text);
	} else if (memchr(text, ':', (size_t)(colon - text)) != NULL) {
		return no_address(text);
	}
	memcpy(address, begin, (size_t)(end - begin));
	address[end - begin] = '\0';
	strcpy(port, colon + 1);
	if (address[0] == '\0' || port[0] == '\0' ||
	    port[strspn(port, "0123456789")] != '\0' || strlen(port) > 5 ||
	    atoi(port) > 65535)
		return no_address(text);
	return STATUS_OK;
}

static enum status
resolve(struct addrinfo **out, const char *text)
{
	const struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM
	};
	char address[LISTEN_NAME_MAX], port[LISTEN_NAME_MAX];
	enum status st;

	if ((st = listen_split(address, port, text)) != STATUS_OK)
		return st;
	if (getaddrinfo(address, port, &hints, out) != 0)
		return no_address(text);
	return STATUS_OK;
}

enum status
listen_check(const struct config *config)
{
	struct addrinfo *ai;
	enum status st;
	size_t i;

	for (i = 0; i < config->listen_count; i++) {
		if ((st = resolve(&ai, config->listen[i])) != STATUS_OK)
			return st;
		freeaddrinfo(ai);
	}
	return STATUS_OK;
}

static enum status
cannot_listen(const char *text)
{
	if (errno == EADDRINUSE)
		return status_set(STATUS_UNREACHABLE, "listen on %s: the port "
		    "is taken: another server runs there", text);
	if (errno == EACCES || errno == EPERM)
		return status_set(STATUS_NOT_PERMITTED, "listen on %s: not "
		    "allowed: ports below 1024 are for root", text);
	if (errno == EADDRNOTAVAIL)
		return status_set(STATUS_UNREACHABLE, "listen on %s: this "
		    "machine has no such address", text);
	return status_errno("listen on %s", text);
}

static int
bind_socket(const struct addrinfo *ai)
{
	const int on = 1;
	int fd, error;

	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (fd == -1)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    (ai->ai_family != AF_INET6 || setsockopt(fd, IPPROTO_IPV6,
	    IPV6_V6ONLY, &on, sizeof(on)) == 0) &&
	    bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static enum status
open_one(struct listen_set *set, const char *text)
{
	struct addrinfo *ai;
	enum status st;
	int fd;

	if ((st = resolve(&ai, text)) != STATUS_OK)
		return st;
	fd = bind_socket(ai);
	if (fd != -1)
		set->fds[set->count++] = fd;
	else if (strncmp(text, "[::]:", 5) == 0 &&
	    (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
		log_line(LOG_LEVEL_NOTICE, 0, "%s is left out: "
		    "this system has no IPv6", text);
	else
		st = cannot_listen(text);
	freeaddrinfo(ai);
	return st;
}

static enum status
open_all(struct listen_set *set, const struct config *config)
{
	enum status st;
	size_t i;

	set->fds = calloc(config->listen_count, sizeof(*set->fds));
	if (set->fds == NULL)
		return STATUS_NO_MEMORY;
	for (i = 0; i < config->listen_count; i++)
		if ((st = open_one(set, config->listen[i])) != STATUS_OK)
			return st;
	if (set->count == 0)
		return status_set(STATUS_UNREACHABLE,
		    "there is no address to listen on");
	return STATUS_OK;
}

static enum status
take_over(struct listen_set *set, int first, size_t count)
{
	int fd, on = 0, flags;
	socklen_t len = sizeof(on);

	if ((set->fds = calloc(count, sizeof(*set->fds))) == NULL)
		return STATUS_NO_MEMORY;
	for (fd = first; fd < first + (int)count; fd++) {
		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) ==
		    -1 || !on)
			return status_set(STATUS_CONFIG, "descriptor %d from "
			    "systemd is no listening socket: use "
			    "ListenStream=", fd);
		flags = fcntl(fd, F_GETFL);
		if (flags == -1 ||
		    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
		    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
			return status_errno("descriptor %d", fd);
		set->fds[set->count++] = fd;
	}
	return STATUS_OK;
}

enum status
listen_open(struct listen_set *out, const struct config *config)
{
	size_t given;
	int first;
	enum status st;

	*out = (struct listen_set) { 0 };
	given = notify_sockets(&first);
	if (given > 0)
		st = take_over(out, first, given);
	else
		st = open_all(out, config);
	if (st != STATUS_OK)
		listen_close(out);
	return st;
}

enum status
listen_name(char out[LISTEN_NAME_MAX], int fd)
{
	char host[INET6_ADDRSTRLEN + 1], port[8];
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) == -1)
		return status_errno("getsockname");
	if (getnameinfo((struct sockaddr *)&ss, len, host, sizeof(host), port,
	    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return status_set(STATUS_IO, "an address that has no name");
	snprintf(out, LISTEN_NAME_MAX,
	    ss.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
	return STATUS_OK;
}

void
listen_close(struct listen_set *set)
{
	while (set->count > 0)
		close(set->fds[--set->count]);
	free(set->fds);
	set->fds = NULL;
}
