/*
 * lock_table - who of this server holds what on which file: for people who are
 * told of a conflict, for lists, and for the bounds.  The kernel's locks alone
 * decide; what other programs and other servers hold is not in here.
 *
 * One table for all sessions.  All functions may be called from several
 * threads at once.
 */
#ifndef LOCK_TABLE_H
#define LOCK_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base.h"
#include "lock_map.h"
#include "status.h"

#define LOCK_TABLE_FILE_MOST 1024	/* ranges locked by users on a file */

struct lock_table;

/* What one session or one request holds on one file: an entry of the table. */
struct lock_share {
	dev_t		 dev;
	ino_t		 ino;
	const char	*user;		/* borrowed while it is in the table */
	uint64_t	 session;
	bool		 is_lock;	/* by the verb lock: and so the guard */
	const struct base *base;	/* with is_lock: where the file was */
	char		*path;		/* owned; seen from the base; the
					 * table's while it is in there */
	struct lock_map	 map;		/* owned; of what is held */
	struct lock_share *next, **at;	/* the table's; at: NULL if outside */
};

/* NULL without memory. */
struct lock_table *lock_table_new(void);
void lock_table_free(struct lock_table *table);

/*
 * Enter the share with what `map` says, or change it.  STATUS_BUSY beyond the
 * bound of a file: then nothing is changed.
 */
enum status lock_table_put(struct lock_table *table, struct lock_share *share,
    const struct lock_map *map);

/* Take it out and clear it; no harm if it is not in. */
void lock_table_drop(struct lock_table *table, struct lock_share *share);

/* What would be in somebody's way. */
struct lock_query {
	dev_t		 dev;
	ino_t		 ino;
	uint64_t	 session;	/* who asks: not in its own way */
	uint64_t	 start, end;
	enum range_lock_kind kind;
	bool		 guard;		/* the guard too, exclusively */
	bool		 is_blind;	/* must not be told who it is */
};

/* Name one who is in the way, as "alice (session 7)"; false: nobody of ours. */
#define LOCK_TABLE_NAME_ROOM 320
bool lock_table_name(struct lock_table *table, const struct lock_query *query,
    char name[LOCK_TABLE_NAME_ROOM]);

/*
 * STATUS_LOCKED, with words that name the holder if that is one of ours and
 * may be told: in the text, and for status_holder.
 */
enum status lock_table_refuse(struct lock_table *table,
    const struct lock_query *query, const char *path);

/* One range that a user has locked, as lists show it. */
struct lock_seen {
	const struct base *base;	/* borrowed */
	char		*path;		/* owned; seen from the base */
	char		*user;		/* owned */
	uint64_t	 session;
	struct lock_range range;
};

/* One file, or with `ino` 0 whatever the session has locked. */
struct lock_scope {
	dev_t		 dev;
	ino_t		 ino;
	uint64_t	 session;
};

/*
 * All that is locked by users within the scope.  The array is the caller's, to
 * be given to lock_table_forget.
 */
enum status lock_table_list(struct lock_table *table,
    const struct lock_scope *scope, struct lock_seen **out, size_t *count);
void lock_table_forget(struct lock_seen *seen, size_t count);

/* Is it that of the path, as far as is known? */
bool lock_table_is_at(struct lock_table *table,
    const struct lock_share *share, const struct base *base,
    const char *path);

/* A copy of its path for free(); NULL if there is none, or no memory. */
char *lock_table_path(struct lock_table *table,
    const struct lock_share *share);

/* What stood at `from` is now called `to`, and so is all below it. */
void lock_table_renamed(struct lock_table *table, const struct base *base,
    const char *from, const char *to);

#endif
