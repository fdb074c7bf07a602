/*
 * tree_filter - which members of a folder a command is about: --include and
 * --exclude in the order in which they were given, --newer-than, --min-size
 * and --max-size.
 *
 * The first pattern that fits decides; what none fits is in.  A pattern
 * without a slash is for the last name of a path, one with a slash for the
 * whole path from the top, where * stands for no slash and the name ** for
 * any number of folders.  A slash at its end makes it one for folders.
 */
#ifndef TREE_FILTER_H
#define TREE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "file_time.h"
#include "status.h"

struct arguments;
struct given;

struct tree_filter {
	const struct given *rules;	/* borrowed of the arguments */
	size_t		 len;
	bool		 has_newer;
	struct file_time newer;		/* than this */
	uint64_t	 least, most;	/* bytes */
};

/* From the options; `now` in seconds.  STATUS_USAGE for what makes no sense. */
enum status tree_filter_read(struct tree_filter *out,
    const struct arguments *arguments, int64_t now);

bool tree_filter_is_any(const struct tree_filter *filter);

/* Is it in by its name, if all folders above it are?  `path` is "a/b". */
bool tree_filter_admits(const struct tree_filter *filter, const char *path,
    bool is_folder);

/* Are it and all folders above it in by their names? */
bool tree_filter_reaches(const struct tree_filter *filter, const char *path,
    bool is_folder);

/* Is a file in by its size and time? */
bool tree_filter_fits(const struct tree_filter *filter, uint64_t size,
    struct file_time mtime);

#endif
