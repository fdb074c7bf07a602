/*
 * own_locks - what one session has locked by the verb lock.
 *
 * Per file there is one descriptor whose locks are those of the session, and
 * one map of them.  How operations get along with that: own_hold.h.
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

struct file_key {
	dev_t	dev;
	ino_t	ino;		/* 0: not known */
};

/*
 * Lock a range of the file at the clean path for place->own, in place of what
 * the session holds there.  STATUS_LOCKED if others are in the way (then
 * nothing is changed), STATUS_TOO_LARGE and STATUS_BUSY beyond the bounds.
 * `*file`, if found, says which file it was.
 */
enum status own_locks_lock(const struct place *place, const char *path,
    const struct lock_wish *wish, struct file_key *file);

/* Give back a range; STATUS_NOT_FOUND if the session holds nothing there. */
enum status own_locks_unlock(const struct place *place, const char *path,
    uint64_t start, uint64_t length, struct file_key *file);

/*
 * What is locked: by users of this server on the file at the path, or by this
 * session alone if `path` is NULL.  For lock_table_forget.
 */
enum status own_locks_list(const struct place *place, const char *path,
    struct lock_seen **seen, size_t *count);
uint64_t own_locks_session(const struct own_locks *own);

/* For lists: what was locked at `path`, or below it, is at `target` now. */
void own_locks_renamed(const struct place *place, const char *path,
    const char *target);

#endif
