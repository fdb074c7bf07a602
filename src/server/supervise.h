/*
 * supervise - the life of the monitor once all is read: keep one server process
 * going, carry out signals, replace what has ended.
 */
#ifndef SUPERVISE_H
#define SUPERVISE_H

#include "handover.h"
#include "listen.h"
#include "quick.h"
#include "server.h"

struct supervise {
	struct handover	*handover;	/* taken over */
	struct listen_set listeners;	/* taken over */
	const char	*file;		/* read again at SIGHUP */
	const struct quick *quick;	/* NULL: the file is read */
	server_hook	 hook;		/* NULL */
};

/*
 * Serve until SIGTERM or SIGINT.  SIGHUP reads all again.  Prints a line
 * `ready ADDR:PORT` for each listener once the first server process accepts.
 * Returns the exit code.
 */
int supervise(struct supervise *what);

#endif
