/*
 * remote_tree - all that stands below a folder of the server, in the order of
 * names: a folder before what is in it.
 *
 * A server may say anything: whatever is no path below that folder, or is more
 * than the bounds below, breaks the connection off.
 */
#ifndef REMOTE_TREE_H
#define REMOTE_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "ft1.h"
#include "ftclient.h"
#include "path_list.h"
#include "remote.h"
#include "status.h"
#include "tally.h"
#include "tree_options.h"

#define REMOTE_TREE_MOST	4194304u	/* files and folders, and ... */
#define REMOTE_TREE_PATH	128u	/* ... bytes of a path, on average */

struct remote_entry {
	char		*path;		/* from the folder on: "a/b" */
	char		 type;		/* 'f', 'd', 'l' or 'o'; NUL: out */
	uint16_t	 mode;
	uint64_t	 size;
	struct file_time mtime;
	uint8_t		 id[FT1_ID_SIZE];	/* its version */
};

struct remote_tree {
	struct remote_entry *at;	/* owned, with their paths */
	size_t		 len, room;
	size_t		 bytes;		/* of all paths */
	const char	*prefix;	/* of paths that come; or NULL */
	uint64_t	 most;		/* entries; 0: REMOTE_TREE_MOST */
	uint64_t	 before, told;	/* entries, of which the options ... */
	const struct tree_options *options;	/* borrowed: let these in; or
						 * NULL: all */
	struct path_list seen;		/* sorted, if the options delete: also
					 * what is left out */
	struct path_list left;		/* likewise, only that; and links that
					 * are not followed */
};

/* Begin with { .options = ... }.  Ask for all that is below that path. */
enum status remote_tree_read(struct remote_tree *tree, struct remote *remote,
    const char *path);

/* And all that is below another one, as if it were the entry `prefix`. */
enum status remote_tree_add(struct remote_tree *tree, struct remote *remote,
    const char *path, const char *prefix);

/*
 * Put what links lead to in their places, and all that is below it: path is
 * that of the whole.  What cannot be followed, or leads back to a folder above
 * it, is a failure in the tally, and has no type then.
 */
enum status remote_tree_follow(struct remote_tree *tree,
    struct client *client, const char *path, struct tally *tally);

/* Do the options let it in? */
bool remote_tree_admits(const struct remote_tree *tree,
    const struct remote_entry *entry);

/* Take the rows of an ENTRIES frame. */
enum status remote_tree_take(struct remote_tree *tree,
    const struct frame *frame);

/* Is the name of the entry a path that stays below its folder? */
bool remote_path_is_below(const struct ft1_entry *entry);

/* By the bytes of their paths. */
void remote_tree_sort(struct remote_tree *tree);

void remote_tree_clear(struct remote_tree *tree);

#endif
