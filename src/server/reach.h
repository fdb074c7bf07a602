/*
 * reach - the places that a user reaches: the own root, and the shares in it.
 */
#ifndef REACH_H
#define REACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "caller.h"

/* All of them, as they are now, for what outlives the request. */
struct reach;

struct reached {
	struct place	 place;		/* without own locks */
	unsigned int	 rights;	/* there */
	char		*path;		/* where it is mounted: "/", "/SHARE" */
	char		*root;		/* of the place */
};

/* NULL without memory.  reach_free(NULL) does nothing. */
struct reach *reach_new(const struct caller *caller);
void reach_free(struct reach *reach);

/* The root is number 0, the shares come behind it; NULL at the end. */
const struct reached *reach_at(const struct reach *reach, size_t number);

/* Does a share stand at the top under that name?  What lies there is hidden. */
bool reach_hides(const struct reach *reach, const char *name);

/*
 * How safe an acknowledged file is at the least, for a caller in its root:
 * async if the root or any share in reach is.
 */
enum durability reach_durability(const struct caller *caller);

/*
 * Put the caller where the user's upload of that id lies, by the path that it
 * goes to.  False, and nothing done, if there is none in reach.
 */
bool reach_upload(struct caller *caller, const uint8_t *id);

/*
 * The folders of all shares that lie in the caller's base, seen or not: nobody
 * who comes by another way removes them.
 */
struct reach_folders {
	size_t		 count;
	struct reach_folder {
		dev_t	 dev;
		ino_t	 ino;
	} at[];
};

/* NULL without memory; to be freed with free(). */
struct reach_folders *reach_folders(const struct caller *caller);

/*
 * Does the clean path lead to the folder of such a share, or to one above it?
 * Then nobody removes or renames it.
 */
bool reach_is_needed(const struct caller *caller, const char *path);

#endif
