/*
 * walk - from a user's path to a folder and a name in it, never out of the
 * user's root.
 *
 * A user's path is turned into a clean one by its text alone (path_clean) and
 * then resolved by the kernel below the root, beneath which it stays.
 *
 * The base's own folder is kept out of reach where folders are opened: each is
 * compared by its inode, so that no link, rename or spelling leads into it.
 * Only for the last component of a parent the name decides (walk_parent); the
 * few who could do harm there (change_mv, change_rmdir) look at the inode too.
 */
#ifndef WALK_H
#define WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base.h"
#include "status.h"

struct own_locks;
struct parcel;

/* How safe what is acknowledged in a place is. */
enum place_durability {
	PLACE_AS_BASE,		/* as its base has it */
	PLACE_COMMIT,
	PLACE_ASYNC
};

/*
 * Where a user stands: borrowed for the length of a request.  The paths of a
 * share that is mounted into a user's root begin with the share's name; those
 * first `mount` bytes are what its root stands for.
 */
struct place {
	const struct base *base;
	const char	*root;	/* below the base, "" for the base itself */
	struct own_locks *own;	/* what the session has locked; or NULL */
	struct parcel	*parcel;	/* whose members go there; or NULL */
	size_t		 mount;	/* bytes of "/SHARE"; 0 for the user's root */
	enum place_durability durability;
	bool		 hides_holders;	/* do not say whose lock is met */
	struct {
		uint64_t bytes, files;	/* at most; 0: any */
	} quota;
};

/*
 * What `path`, a clean one, is from the place's root on: "" or "/a/b".  One
 * that is shorter than where the place is mounted is "", too.
 */
const char *place_path(const struct place *place, const char *path);

enum durability place_durability(const struct place *place);

/* Is it the same root, mounted at the same name? */
bool place_is_same(const struct place *a, const struct place *b);

/*
 * The clean, absolute form of `path` (`len` bytes, seen from `cwd`): "/" or
 * "/a/b", without ".", ".." and "//".  `out` has room for WALK_PATH_ROOM bytes.
 * STATUS_BAD_PATH for NUL bytes, STATUS_NAME_TOO_LONG for what is longer than
 * a path or a name may be.
 */
#define WALK_PATH_ROOM 4096
enum status path_clean(char out[WALK_PATH_ROOM], const char *cwd,
    const char *path, size_t len);

/* A folder that has been opened, and what the kernel says of it. */
struct folder {
	int		 fd;		/* owned; -1 when closed */
	dev_t		 dev;
	ino_t		 ino;
};

/*
 * Open the folder at the clean path `path` for use as the parent of names.
 * STATUS_NOT_FOUND, STATUS_NOT_A_FOLDER, STATUS_NOT_PERMITTED.
 */
enum status walk_folder(struct folder *out, const struct place *place,
    const char *path);
void folder_close(struct folder *folder);

/* fsync: what was made, renamed or removed in the folder is on disk then. */
enum status folder_flush(const struct folder *folder);

/*
 * Open the folder above the last component of the clean path `path`; `*name`
 * then points at that component within `path`.  STATUS_NOT_PERMITTED for "/",
 * and for names that belong to the base.
 */
enum status walk_parent(struct folder *out, const char **name,
    const struct place *place, const char *path);

/*
 * The same, but STATUS_NOT_PERMITTED if a symlink is on the way from the root:
 * the folder is as deep then as the path says.
 */
enum status walk_parent_direct(struct folder *out, const char **name,
    const struct place *place, const char *path);

/*
 * Open a regular file for reading (symlinks inside the root are followed) and
 * fstat it.  `*fd` is the caller's.  STATUS_IS_A_FOLDER, STATUS_NOT_A_FILE for
 * what is not served; FIFOs and devices are never opened.  STATUS_LOCKED while
 * a lease or a running program holds the file.
 */
enum status walk_file(int *fd, struct stat *st, const struct place *place,
    const char *path);

/* The same to read and write. */
enum status walk_file_to_write(int *fd, struct stat *st,
    const struct place *place, const char *path);

/* stat of whatever stands at the clean path; a symlink is followed. */
enum status walk_stat(struct stat *st, const struct place *place,
    const char *path);

/* The same, but a symlink at the last component is told of itself. */
enum status walk_lstat(struct stat *st, const struct place *place,
    const char *path);

/*
 * The text of the symlink at the clean path.  STATUS_BAD_REQUEST if there is
 * none, STATUS_BAD_PATH if it leads out of the root, and so tells of more.
 */
enum status walk_link(char out[WALK_PATH_ROOM], const struct place *place,
    const char *path);

#endif
