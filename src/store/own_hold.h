/*
 * own_hold - what one operation holds on one file, for as long as it needs.
 *
 * The session's own locks are never in the way: what they cover already is not
 * taken again, the rest is taken on the operation's own descriptor, so that
 * nothing weakens or drops a lock.  Where it needs more than the session holds
 * (exclusive where that is shared; the guard), the lock's own descriptor is
 * raised for that time; what is unlocked meanwhile stays locked to the end of
 * the operation.
 *
 *	own_hold_take, [own_hold_inherit, the rename, own_hold_inherited]
 *	or [the removal, own_hold_removed], own_hold_release
 */
#ifndef OWN_HOLD_H
#define OWN_HOLD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lock_table.h"
#include "own_locks.h"
#include "status.h"

/* Begin with { 0 }; must stay where it is in memory until it is released. */
struct own_hold {
	struct own_locks *own;		/* owned reference, or NULL */
	int		 fd;		/* borrowed; the operation's own */
	dev_t		 dev;
	ino_t		 ino;
	uint64_t	 start, end;
	enum range_lock_kind kind;	/* of what is held; or none */
	bool		 guard;		/* the guard too, exclusively */
	bool		 is_blind;	/* holders are not to be named */
	bool		 on_fd;		/* some of it through `fd` */
	bool		 guard_on_fd;
	bool		 pins;		/* some through the lock's own */
	struct own_hold	*next;		/* with pins: of the same file */
	struct lock_share share;	/* for others to see */
	bool		 inherits;
	struct lock_map	 before;	/* owned; with inherits */
};

struct own_want {
	enum range_lock_kind kind;
	uint64_t	 start;
	uint64_t	 length;	/* 0: to the end of all */
	bool		 guard;
	bool		 is_blind;	/* do not name who is in the way */
};

/*
 * Hold a range of the file `fd`, which is open for what the kind needs, and if
 * wanted the guard, exclusively.  Never waits.  STATUS_LOCKED, with words that
 * name `path` and the holder; nothing is held then.  `own` may be NULL.
 */
enum status own_hold_take(struct own_hold *hold, struct own_locks *own, int fd,
    const struct own_want *want, const char *path);

/* Give back what is held.  No harm if nothing is; `fd` must still be open. */
void own_hold_release(struct own_hold *hold);

/*
 * The file of `heir` (held, or one that nobody else knows: then `heir` is only
 * begun with own_hold_begin) is about to take the name of `old`, which is
 * held: what the session has locked of the old one is locked of the heir too.
 */
enum status own_hold_begin(struct own_hold *hold, struct own_locks *own,
    int fd);
enum status own_hold_inherit(struct own_hold *heir, const struct own_hold *old,
    const char *path);

/*
 * Was the rename made?  Then the old file stays locked only while it has
 * another name; else the heir is locked as before.  No harm if nothing was
 * inherited.
 */
void own_hold_inherited(struct own_hold *heir, struct own_hold *old,
    bool renamed);

/* The file has lost a name; its locks end if that was the last one. */
void own_hold_removed(struct own_hold *hold);

#endif
