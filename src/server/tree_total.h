/*
 * tree_total - how much is in a folder and below, counted in steps while its
 * files are sent, for who wants to know how far that is.
 *
 *	tree_total_begin, tree_total_step ..., tree_total_end
 */
#ifndef TREE_TOTAL_H
#define TREE_TOTAL_H

#include <stdbool.h>
#include <stdint.h>

#include "caller.h"
#include "reach_tree.h"

/* Begin with { 0 }, which counts nothing. */
struct tree_total {
	struct reach_tree walk;
	bool		 is_counting;
	uint64_t	 files, bytes;	/* that the user may read */
};

/*
 * Count below the clean path of the caller's place.  What cannot be counted is
 * not: it is only for people.
 */
void tree_total_begin(struct tree_total *total,
    const struct caller *caller, const char *path);

/* True, once, when all is counted. */
bool tree_total_step(struct tree_total *total);

void tree_total_end(struct tree_total *total);

#endif
