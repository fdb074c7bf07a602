/*
 * prune - what get -r --delete and put -r --delete remove: whatever stands in
 * the folder that was written to, and not in the one that was read.
 *
 * What a pattern leaves out stays, and so do the folders that it is in; and all
 * below the name of a link, or of a file, that was left out: nobody has looked
 * for it in the source.
 */
#ifndef PRUNE_H
#define PRUNE_H

#include "ftclient.h"
#include "path_list.h"
#include "status.h"
#include "tally.h"
#include "tree_options.h"

/* All borrowed. */
struct prune {
	struct client	*client;
	struct tally	*tally;
	const struct tree_options *options;
	const struct path_list *source;	/* all that was there; sorted */
	const struct path_list *left;	/* of these, what was not taken and
					 * not looked into; sorted */
};

/*
 * Each removal is told, and each that fails goes into the tally; with -n
 * nothing is removed.  What these return ends the command.
 */
enum status prune_local(const struct prune *prune, const char *folder);
enum status prune_remote(const struct prune *prune, const char *folder);

#endif
