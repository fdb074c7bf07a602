/*
 * own_locks - what one session has locked by the verb lock, and how its own
 * requests get past that.
 *
 * Per file there is one descriptor whose locks are those of the session; an
 * operation takes what the session does not hold already on a descriptor of
 * its own.  Where it needs more than the session holds (exclusive where that is
 * shared; the guard), the lock's own descriptor is raised for that time, and
 * what is unlocked meanwhile stays locked until the operation is over.
 *
 * Shared by the session's worker and the lines, which may all call at once.
 * What is taken after own_locks_close is given back at once.
 */
#ifndef OWN_LOCKS_H
#define OWN_LOCKS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "lock_table.h"
#include "range_lock.h"
#include "status.h"
#include "walk.h"

#define OWN_LOCKS_RANGES_MOST	256	/* per session and file */
#define OWN_LOCKS_FILES_MOST	128	/* per session */

struct own_locks;

/* One reference for the caller; `table` outlives it.  NULL without memory. */
struct own_locks *own_locks_new(struct lock_table *table, const char *user,
    uint64_t session);
struct own_locks *own_locks_ref(struct own_locks *own);
void own_locks_unref(struct own_locks *own);

/* The session ends: all its locks are given back. */
void own_locks_close(struct own_locks *own);

/* Does the session hold any lock?  For timeouts. */
bool own_locks_any(const struct own_locks *own);

/* A range as users ask for it; a length of 0 reaches to the end of all. */
struct lock_wish {
	enum range_lock_kind kind;	/* not RANGE_LOCK_NONE */
	uint64_t	 start;
	uint64_t	 length;
};

/*
 * Lock a range of the file at the clean path for place->own, in place of what
 * the session holds there.  STATUS_LOCKED if others are in the way (then
 * nothing is changed), STATUS_TOO_LARGE and STATUS_BUSY beyond the bounds.
 * `*file`, if found, says which file it was.
 */
struct file_key {
	dev_t	dev;
	ino_t	ino;		/* 0: not known */
};
enum status own_locks_lock(const struct place *place, const char *path,
    const struct lock_wish *wish, struct file_key *file);

/* Give back a range; STATUS_NOT_FOUND if the session holds nothing there. */
enum status own_locks_unlock(const struct place *place, const char *path,
    uint64_t start, uint64_t length, struct file_key *file);

/*
 * --- Operations ---------------------------------------------------------------
 */

/* What one operation holds on one file.  Begin with { 0 }. */
struct own_hold {
	struct own_locks *own;		/* owned reference, or NULL */
	int		 fd;		/* borrowed; the operation's own */
	dev_t		 dev;
	ino_t		 ino;
	uint64_t	 start, end;
	enum range_lock_kind kind;
	bool		 guard;		/* the guard too, exclusively */
	bool		 held;		/* all the above */
	bool		 guard_on_fd;	/* the guard is held through `fd` */
	struct own_hold	*next;		/* of the same file of the session */
	struct lock_share share;
};

/*
 * Hold `length` bytes (0: to the end of all) from `start` of the file `fd`,
 * which is open for what `kind` needs; with `guard` also the guard,
 * exclusively.  Never waits.  STATUS_LOCKED, with words that name `path` and
 * the holder; nothing is held then.  The hold must stay where it is in memory.
 */
struct own_want {
	enum range_lock_kind kind;
	uint64_t	 start, length;
	bool		 guard;
};
enum status own_hold_take(struct own_hold *hold, struct own_locks *own, int fd,
    const struct own_want *want, const char *path);

/* Give back what the operation took; `fd` must still be open.  No harm twice. */
void own_hold_release(struct own_hold *hold);

/*
 * The file of `heir` is about to take the name of `old`, which is held: what
 * the session has locked of that one is locked of the heir as well.  Then,
 * after the rename, own_hold_inherited says whether it was made: the old file
 * stays locked only while it has another name.
 */
enum status own_hold_inherit(struct own_hold *heir, const struct own_hold *old,
    const char *path);
void own_hold_inherited(struct own_hold *heir, struct own_hold *old,
    bool renamed);

/* The file has lost a name; forget its locks if that was the last one. */
void own_hold_removed(struct own_hold *hold);

#endif
