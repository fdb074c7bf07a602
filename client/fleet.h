/*
 * fleet - many files on their way over several connections: each takes the
 * next file when it has room for one.  What became of them is told in the
 * order of their numbers and by the caller's thread, as if there were one.
 *
 * With one connection it is the client's own.  The others, if any, log in by
 * its ticket; where the server has no room for all, fewer do the work.  A file
 * goes over one connection, but for those of fleet_split, which go first.
 */
#ifndef FLEET_H
#define FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crew.h"
#include "download.h"
#include "ftclient.h"
#include "outbox.h"
#include "status.h"

#define FLEET_MOST	(CREW_MOST + 1)	/* connections */

struct fleet_file {
	char		*local, *remote;	/* owned by the fleet */
	const char	*below;		/* borrowed; the same of what is to be
					 * fetched as of its plan */
	uint64_t	 size;		/* as far as it is known */
	bool		 goes_on;	/* begins as it is for all */
	_Atomic uint64_t *moved;	/* what comes of it; borrowed or NULL */
};

struct fleet_result {
	enum status	 st;		/* with the thread's text */
	bool		 is_none;	/* there was nothing to do */
	bool		 is_local;	/* it could not be read here */
	uint64_t	 size;
	uint64_t	 moved;		/* bytes of it that were sent */
	const struct sending *sending;	/* with one connection: what was sent;
					 * else NULL */
	bool		 is_async;	/* not on the server's disk yet */
};

struct fleet_work {
	unsigned int	 jobs;		/* connections; 0 and 1: one */
	size_t		 count;		/* of numbers, which begin with 0 */
	/* What holds for all files; NULL for the one that it is not. */
	const struct download_plan *fetch;
	const struct letter *send;	/* without a watch */
	/*
	 * What is the file of that number?  Without names there is nothing to
	 * do.  A failure is told as the file's.  Called from any thread.
	 */
	enum status	(*describe)(void *owner, size_t number,
	    struct fleet_file *file);
	/*
	 * How large is it?  0 if it is not known, or there is nothing to do.
	 * Called before anything is moved.
	 */
	uint64_t	(*size)(void *owner, size_t number);
	/* From the thread that called fleet_run. */
	void		(*done)(void *owner, size_t number,
	    const struct fleet_result *result);
	void		*owner;		/* borrowed */
};

/*
 * Do it all.  A failure has ended it: a connection that is lost for good, a
 * signal, no memory.  What was done by then has been told.
 */
enum status fleet_run(struct client *client, const struct fleet_work *work);

#endif
