/*
 * collect - stages and records that were left behind are removed.
 */
#ifndef COLLECT_H
#define COLLECT_H

#include "base.h"

/*
 * Remove stages whose inode nobody has changed for `expiry_seconds`, by the
 * wall clock; those of long uploads together with their records, unless
 * somebody holds a claim on them.  Returns how many uploads.
 */
unsigned int collect_stages(const struct base *base,
    unsigned int expiry_seconds);

/* Remove a name in a folder with all that is below it. */
void collect_remove_below(int folder_fd, const char *name);

/*
 * Remove a stage.  That of a folder only goes out of the way: to remove all
 * that is in it may take long.
 */
void collect_remove(const struct base *base, const char *name);

/* Remove what has gone out of the way. */
void collect_gone(const struct base *base);

#endif
