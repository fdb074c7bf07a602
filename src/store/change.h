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
	bool		 if_absent;	/* rm: never met by what is there */
	bool		 if_version;	/* of the source */
	uint8_t		 version[16];
	bool		 refuse_taken;	/* mv: the target must not exist */
	bool		 deny_taken;	/* mv: nor may a file be replaced:
					 * STATUS_NOT_PERMITTED */
};

/*
 * Paths are clean.  Symlinks at the last component are never followed: they
 * are removed and moved as they are.  STATUS_NOT_PERMITTED for "/", for the
 * base's own and for files that the server may not write.
 *
 * change_mkdir: permission bits of `mode`, less the umask.
 * change_symlink: `text` stays inside by link_text_stays; a link with that very
 * text is good, unless `if_absent`; what else there is: STATUS_EXISTS.  No
 * symlink is followed on the way to its folder (STATUS_NOT_PERMITTED), which
 * could be less deep than the path.
 * change_rmdir: STATUS_NOT_EMPTY.
 * change_rm: files and symlinks; STATUS_IS_A_FOLDER, STATUS_NOT_A_FILE.
 * change_mv: replaces a file, never a folder or a symlink (STATUS_EXISTS), and
 * nothing by a folder.  STATUS_BAD_REQUEST for a folder into itself,
 * STATUS_CROSS_DEVICE between file systems.  A symlink that goes to another
 * folder must be one that change_symlink would make there.
 *
 * When only the flush fails, the change is made and the error told.
 */
enum status change_mkdir(const struct place *place, struct names *names,
    const char *path, uint32_t mode);
struct change_link {
	const char	*text;
	bool		 if_absent;
};
enum status change_symlink(const struct place *place, struct names *names,
    const char *path, const struct change_link *link);
enum status change_rmdir(const struct place *place, struct names *names,
    const char *path);
enum status change_rm(const struct place *place, struct names *names,
    const char *path, const struct change_terms *terms);
enum status change_mv(const struct place *place, struct names *names,
    const char *path, const char *target, const struct change_terms *terms);

#endif
