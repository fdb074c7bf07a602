/*
 * get_links - the symbolic links of a folder that is fetched with -l, made
 * here when everything else has come, so that nothing is written through one.
 *
 * Only those are made that lead to a place in the folder, by their text and
 * over each other (link_text.h); others are left out with a notice.
 */
#ifndef GET_LINKS_H
#define GET_LINKS_H

#include <stdbool.h>

#include "ftclient.h"
#include "remote_tree.h"
#include "status.h"
#include "tally.h"

/* All borrowed. */
struct get_links {
	struct client	*client;
	struct tally	*tally;
	const struct remote_tree *tree;	/* sorted */
	const char	*path;		/* the server's folder, and ... */
	const char	*local;		/* ... what it is here */
	int		 top;		/* that folder, unless it is dry */
	bool		 keeps;		/* times */
};

/* Failures of one link go into the tally; with a dry one nothing is made. */
enum status get_links(const struct get_links *links);

#endif
