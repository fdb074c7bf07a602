/*
 * tree - all that stands below a folder, one after the other, depth first.
 *
 * Links are told and never followed.  No more than TREE_OPEN_MOST folders are
 * open at a time, however deep it goes: one that was closed is opened again by
 * its path and compared by its inode; its rest is passed over if another one
 * stands there by then.
 */
#ifndef TREE_H
#define TREE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "status.h"
#include "walk.h"

#define TREE_OPEN_MOST 16

struct tree;

struct tree_entry {
	const char	*path;		/* from the start; "" for that itself */
	struct stat	 st;		/* of a link itself */
	unsigned int	 depth;		/* 0 for the start */
	bool		 leaving;	/* a folder after all in it */
};

/*
 * Begin at whatever stands at the clean path; a link there is followed if
 * `follow`.  Place and path are copied but for the base.
 */
enum status tree_begin(struct tree **out, const struct place *place,
    const char *path, bool follow);

/*
 * The next entry, valid until the next call; `*entry` is NULL at the end.
 * Folders are told before what is in them, and again when they are left.  What
 * vanishes meanwhile, and the base's own, is left out.  A failure is about one
 * folder that cannot be read: the walk goes on with the next call.
 */
enum status tree_next(struct tree *tree, const struct tree_entry **entry);

/* Do not go into the folder that was told last. */
void tree_skip(struct tree *tree);

/* The clean path of the entry that was told last, for other functions. */
const char *tree_path(const struct tree *tree);
const struct place *tree_place(const struct tree *tree);

/*
 * The folder, open, in which that entry stands, and its name there.  -1 at the
 * start, and for a folder that is left.
 */
int tree_folder(const struct tree *tree, const char **name);

void tree_end(struct tree *tree);

#endif
