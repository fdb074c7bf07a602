/*
 * remote_tree - all that stands below a folder of the server, in the order of
 * names: a folder before what is in it.
 *
 * A server may say anything: whatever is no path below that folder, or is more
 * than the bounds below, breaks the connection off.
 */
#ifndef REMOTE_TREE_H
#define REMOTE_TREE_H

#include <stddef.h>

#include "ft1.h"
#include "path_list.h"
#include "remote.h"
#include "status.h"
#include "tree_options.h"

#define REMOTE_TREE_MOST	4194304u	/* files and folders, and ... */
#define REMOTE_TREE_PATHS	536870912u	/* ... bytes of their paths */

struct remote_entry {
	char		*path;		/* from the folder on: "a/b" */
	char		 type;		/* 'f', 'd', 'l' or 'o' */
	uint16_t	 mode;
	uint64_t	 size;
	struct file_time mtime;
	uint8_t		 id[FT1_ID_SIZE];	/* its version */
};

struct remote_tree {
	struct remote_entry *at;	/* owned, with their paths */
	size_t		 len, room;
	size_t		 bytes;		/* of all paths */
	uint64_t	 told;		/* entries, of which the options ... */
	const struct tree_options *options;	/* borrowed: let these in; or
						 * NULL: all */
	struct path_list seen;		/* sorted, if the options delete: also
					 * what is left out */
};

/* Begin with { .options = ... }.  Ask for all that is below that path. */
enum status remote_tree_read(struct remote_tree *tree, struct remote *remote,
    const char *path);

/* Take the rows of an ENTRIES frame. */
enum status remote_tree_take(struct remote_tree *tree,
    const struct frame *frame);

/* By the bytes of their paths. */
void remote_tree_sort(struct remote_tree *tree);

void remote_tree_clear(struct remote_tree *tree);

#endif
