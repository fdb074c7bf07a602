/*
 * inflow - a folder of the server as it flows in with all in it, by one
 * request: a server may say anything, and what is no path below, comes out of
 * order, or is more than a folder can have breaks the connection off.
 *
 *	inflow_new, inflow_run, [inflow_has ...,] inflow_free
 */
#ifndef INFLOW_H
#define INFLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "ftclient.h"
#include "remote_tree.h"
#include "status.h"
#include "tally.h"

struct inflow;

struct inflow_plan {
	const char	*path;		/* the server's folder; borrowed */
	const char	*local;		/* is there already; borrowed */
	bool		 keeps;		/* times and modes */
	uint32_t	 wait;		/* seconds, for locks of others */
};

/* Can the server do this? */
bool inflow_is_known(const struct client *client);

/* Failures of single files are told to the tally, which is borrowed. */
enum status inflow_new(struct inflow **out, struct client *client,
    struct tally *tally, const struct inflow_plan *plan);

/*
 * Have it all.  After the loss of a connection that was made again
 * `*is_lost` tells that the rest is to be fetched otherwise.
 */
enum status inflow_run(struct inflow *inflow, bool *is_lost);

/* Then: was it fetched, or its failure told, in the version that it has? */
bool inflow_has(const struct inflow *inflow,
    const struct remote_entry *entry);

/* Is it the one of which something is here? */
bool inflow_has_some(const struct inflow *inflow,
    const struct remote_entry *entry);

void inflow_free(struct inflow *inflow);

#endif
