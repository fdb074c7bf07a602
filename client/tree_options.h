/*
 * tree_options - what get -r and put -r are told about whole folders.
 */
#ifndef TREE_OPTIONS_H
#define TREE_OPTIONS_H

#include <stdbool.h>

#include "option.h"
#include "status.h"
#include "tree_filter.h"

/* Options of a command that choose among many files: tree_filter.h. */
#define TREE_CHOICES (OPTION_BIT(OPTION_INCLUDE) | \
	OPTION_BIT(OPTION_EXCLUDE) | OPTION_BIT(OPTION_NEWER_THAN) | \
	OPTION_BIT(OPTION_MIN_SIZE) | OPTION_BIT(OPTION_MAX_SIZE))

/* ... and all that do not go with a single file. */
#define TREE_OPTIONS (TREE_CHOICES | OPTION_BIT(OPTION_DELETE) | \
	OPTION_BIT(OPTION_DRY_RUN))

struct tree_options {
	struct tree_filter filter;
	bool		 is_dry;	/* only tell what would be done */
	bool		 follows;	/* symbolic links, or ... */
	bool		 keeps_links;
	bool		 deletes;	/* what the source does not have */
	bool		 is_flat;	/* only what is in the folder itself */
};

/* STATUS_USAGE for what makes no sense. */
enum status tree_options_read(struct tree_options *out,
    const struct arguments *arguments);

/* STATUS_USAGE if one of them is given to a command on one file. */
enum status tree_options_refuse(const struct arguments *arguments);

#endif
