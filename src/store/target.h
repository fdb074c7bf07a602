/*
 * target - what stands under a name that a commit, a removal or a rename is
 * about to change, locked as the lock rules want it.  The caller holds the name
 * (names_hold) from before the first call until after the change.
 */
#ifndef TARGET_H
#define TARGET_H

#include <stdint.h>
#include <sys/stat.h>

#include "own_hold.h"
#include "status.h"
#include "walk.h"

struct target {
	int		 fd;	/* owned; -1 if no file */
	struct own_hold	 hold;	/* of the file, with what `fd` takes */
	struct stat	 st;	/* of the name, links not followed */
};

/*
 * Look at the name, and lock it if it is a regular file: shared on the whole
 * of it, exclusive on its guard, but for what the session has locked itself
 * (place->own, or NULL).  Folders, links and what is not served are told, not
 * locked.  STATUS_NOT_FOUND, STATUS_LOCKED, or STATUS_NOT_PERMITTED
 * for a file that the server may not write.
 */
enum status target_hold(struct target *out, const struct place *place,
    const struct folder *folder, const char *name);
void target_release(struct target *target);

/* STATUS_PRECONDITION if it is of another version. */
enum status target_expect(const struct target *target,
    const uint8_t *version);

/*
 * Rename `old` in `old_folder_fd` to `name`, which must be free: else
 * STATUS_EXISTS.  Also where the file system has no RENAME_NOREPLACE.
 */
enum status target_take_free(int old_folder_fd, const char *old,
    const struct folder *folder, const char *name);

/*
 * Rename it over the file that is held; the file of `heir` is what is renamed
 * (see own_hold_inherit), and what the session has locked of the old file it
 * has locked of that one then.
 */
struct target_move {
	int		 old_folder_fd;
	const char	*old;
	const struct folder *folder;
	const char	*name;
};
enum status target_replace(struct target *target, struct own_hold *heir,
    const struct target_move *move);

#endif
