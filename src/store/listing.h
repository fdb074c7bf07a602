/*
 * listing - the names in a folder, one after the other, in bounded memory.
 */
#ifndef LISTING_H
#define LISTING_H

#include <stdbool.h>
#include <sys/stat.h>

#include "status.h"
#include "walk.h"

struct listing;

/* What a listing tells of each name. */
struct listing_entry {
	char		 name[256];
	struct stat	 st;		/* of a link itself, not followed */
};

/*
 * Begin to list the folder at the clean path `path` (a symlink to one inside
 * the root is followed).  If something else stands there, the listing has just
 * that one entry.
 */
enum status listing_begin(struct listing **out, const struct place *place,
    const char *path);

/*
 * The next entry; it stays valid until the next call.  `*entry` is NULL at
 * the end.  Names that vanish meanwhile, the base's own, and those of over 255
 * bytes (which no request could name) are left out.
 */
enum status listing_next(struct listing *listing,
    const struct listing_entry **entry);

/*
 * Open the entry that came last for reading, if it is a regular file that can
 * be; false for anything else.  `*fd` is the caller's.
 */
bool listing_open(const struct listing *listing,
    const struct listing_entry *entry, int *fd);

void listing_end(struct listing *listing);

#endif
