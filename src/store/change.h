/*
 * change - small changes to folders: make, remove and rename, under the same
 * locks as a commit, and flushed before they return where the base says so.
 */
#ifndef CHANGE_H
#define CHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "names.h"
#include "status.h"
#include "walk.h"

/* Conditions on a change; all zero for none. */
struct change_terms {
	bool		 if_version;	/* of the source */
	uint8_t		 version[16];
	bool		 refuse_taken;	/* mv: the target must not exist */
};

/* Paths are clean.  Symlinks at the last component are never followed. */
enum status change_mkdir(const struct place *place, struct names *names,
    const char *path, uint32_t mode);
enum status change_rmdir(const struct place *place, struct names *names,
    const char *path);
enum status change_rm(const struct place *place, struct names *names,
    const char *path, const struct change_terms *terms);
enum status change_mv(const struct place *place, struct names *names,
    const char *path, const char *target, const struct change_terms *terms);

#endif
