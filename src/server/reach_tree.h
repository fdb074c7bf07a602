/*
 * reach_tree - all below a folder as a user reaches it: the folder itself, and
 * from the user's root the shares behind what is in it.
 *
 *	reach_tree_begin, reach_tree_next ..., reach_tree_end
 */
#ifndef REACH_TREE_H
#define REACH_TREE_H

#include "caller.h"
#include "reach.h"
#include "status.h"
#include "tree.h"

/* Begin with { 0 }. */
struct reach_tree {
	struct tree	*tree;		/* owned; where it is */
	struct reach	*reach;		/* owned, or NULL: no shares below */
	size_t		 share;		/* number of the one that it is in */
	unsigned int	 rights;	/* where it began */
	size_t		 start_len;	/* of that path */
};

/* At the clean path of the caller's place; a link there is followed. */
enum status reach_tree_begin(struct reach_tree *walk,
    const struct caller *caller, const char *path);

/* As tree_next; `*entry` is NULL at the end of all. */
enum status reach_tree_next(struct reach_tree *walk,
    const struct tree_entry **entry);

/*
 * The path, from the start, of the entry that was told last, or of the folder
 * that has failed; and the depth of an entry.
 */
const char *reach_tree_path(const struct reach_tree *walk);
unsigned int reach_tree_depth(const struct reach_tree *walk,
    const struct tree_entry *entry);

/* What the user may do there. */
unsigned int reach_tree_rights(const struct reach_tree *walk);

void reach_tree_end(struct reach_tree *walk);

#endif
