/*
 * local_tree - all that stands below a folder of this machine, in the order of
 * names: a folder before what is in it.
 *
 * Symbolic links are left out with a notice, unless the options keep or follow
 * them; what is neither a file nor a folder, or cannot be read, or leads back
 * to a folder above it, is a failure in the tally.
 */
#ifndef LOCAL_TREE_H
#define LOCAL_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command_line.h"
#include "file_time.h"
#include "path_list.h"
#include "status.h"
#include "tally.h"
#include "tree_options.h"

struct local_entry {
	char		*path;		/* from the folder on: "a/b" */
	char		 type;		/* 'f' or 'd'; of local_tree_list also
					 * 'l' for a symlink, 'o' for others */
	bool		 is_folder;
	char		*link;		/* the text of a link that is kept; or
					 * NULL */
	uint32_t	 mode;		/* permission bits */
	struct file_time mtime;
	uint64_t	 size;		/* of a file */
};

struct local_tree {
	struct local_entry *at;		/* owned, with their paths */
	size_t		 len, room;
	uint32_t	 mode;		/* of the folder itself */
	const struct command_line *settings;	/* borrowed */
	const struct tree_options *options;	/* borrowed */
	struct tally	*tally;		/* borrowed */
	bool		 lists_all;	/* local_tree_list */
	struct path_list seen;		/* sorted, if the options delete: also
					 * what is left out */
	struct path_list left;		/* likewise, only that */
};

/*
 * What the options let in; with `options` as NULL, all.  A failure is about the
 * folder itself.
 */
enum status local_tree_read(struct local_tree *out, const char *folder,
    const struct command_line *settings, struct tally *tally,
    const struct tree_options *options);

/* The same, of whatever kind and without any notice. */
enum status local_tree_list(struct local_tree *out, const char *folder,
    const struct command_line *settings, struct tally *tally,
    const struct tree_options *options);

void local_tree_clear(struct local_tree *tree);

#endif
