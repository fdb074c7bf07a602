/*
 * listen - the sockets that connections come in by.  The monitor opens them
 * once and keeps them, so that no connection is refused while a server process
 * is replaced.
 */
#ifndef LISTEN_H
#define LISTEN_H

#include <stddef.h>

#include "server_config.h"
#include "status.h"

struct listen_set {
	int	*fds;		/* owned; non-blocking, closed on exec */
	size_t	 count;
};

#define LISTEN_NAME_MAX 64	/* room for "[ADDR]:PORT" and its NUL */

/* STATUS_CONFIG if a text is no ADDR:PORT or [ADDR]:PORT in numbers. */
enum status listen_check(const struct config *config);

/*
 * Take over the sockets that systemd opened if there are any (they stand in the
 * place of config->listen), else open one per address.  STATUS_UNREACHABLE if
 * an address is taken already, STATUS_NOT_PERMITTED if it may not be bound.
 * [::] is left out with a line in the log on a system without IPv6.
 */
enum status listen_open(struct listen_set *out, const struct config *config);

/* Where a socket listens, as ADDR:PORT or [ADDR]:PORT. */
enum status listen_name(char out[LISTEN_NAME_MAX], int fd);

/*
 * The address and the port of such a text, apart: `address` without brackets.
 */
enum status listen_split(char address[LISTEN_NAME_MAX],
    char port[LISTEN_NAME_MAX], const char *text);

void listen_close(struct listen_set *set);

#endif
