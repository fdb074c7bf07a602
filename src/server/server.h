/*
 * server - the server process: everything but what the monitor does.
 */
#ifndef SERVER_H
#define SERVER_H

#include <stddef.h>

#include "handover.h"

/* Called by a worker after each login; only tests set it. */
typedef void (*server_hook)(const char *user);

struct server_start {
	struct handover	*handover;	/* of the start; its config is taken */
	int		 channel;		/* to the monitor; owned */
	const int	*listeners;		/* listening sockets; owned */
	size_t		 listener_count;
	server_hook	 hook;			/* NULL */
};

/*
 * Drop privileges, enter the sandbox, serve until CHANNEL_DRAIN has been
 * carried out.  Returns the exit code of the process.  If the monitor goes
 * away the process ends at once.
 */
int server_run(const struct server_start *start);

#endif
