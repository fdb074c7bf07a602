/*
 * quota - how much lies in a folder that has a quota, and what may still come.
 *
 * What is about to come is reserved first, so that two operations cannot
 * overrun a quota together, and settled once it is there:
 *
 *	quota_reserve, [quota_raise ...,] quota_settle or quota_release
 *
 * Bytes are the sizes of files, files are names of any kind.  What is kept of
 * uploads that nobody sends any more takes room, too, as was seen a second ago.
 * The counts lie in the base's private folder; servers share them.  What local
 * programs change is seen when it is counted again, about once an hour, and
 * after a crash.
 *
 * All functions may be called from several threads at once; a hold is used by
 * one at a time.
 */
#ifndef QUOTA_H
#define QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "status.h"
#include "walk.h"

struct quota_tree;

#define QUOTA_NESTED 8		/* folders with quotas one in another */

/* What has been reserved; all zero is nothing. */
struct quota_hold {
	struct quota_tree *tree[QUOTA_NESTED];
	unsigned int	 count;
	uint64_t	 bytes, files;
	uint64_t	 stage;		/* bytes that it goes on with ... */
	uint64_t	 look;		/* ... kept by none after this one */
	uint64_t	 counts[QUOTA_NESTED];	/* of each, when it began */
};

/* Does anything at the clean path count? */
bool quota_counts(const struct place *place, const char *path);

/*
 * Reserve for what comes to the clean path.  STATUS_QUOTA while it does not
 * fit, STATUS_TOO_LARGE if it never can, STATUS_BUSY.
 */
enum status quota_reserve(struct quota_hold *hold, const struct place *place,
    const char *path, uint64_t bytes, uint64_t files);

/*
 * The same for an upload that is taken up again, and claimed: the `hold->stage`
 * bytes of it that were kept are not counted beside what it reserves, until a
 * look at what is kept has left them out by itself.
 */
enum status quota_reserve_again(struct quota_hold *hold,
    const struct place *place, const char *path, uint64_t bytes,
    uint64_t files);

/* Have at least so much of it. */
enum status quota_raise(struct quota_hold *hold, uint64_t bytes,
    uint64_t files);

/*
 * So much has come or (negative) gone; the rest is given back.  If it was
 * counted since the reservation nobody knows what the count has seen: it is
 * taken for more rather than less, and counted once more.
 */
void quota_settle(struct quota_hold *hold, int64_t bytes, int64_t files);
void quota_release(struct quota_hold *hold);

/* What will be settled is not certain: as if it had been counted meanwhile. */
void quota_doubt(struct quota_hold *hold);

/*
 * For what will be gone, and needs no room: quota_settle tells then how much.
 * Never fails; what cannot be told is seen when it is counted again.
 */
void quota_expect(struct quota_hold *hold, const struct place *place,
    const char *path);

/*
 * Something was renamed: what has come to another quota or left it is counted
 * again, and not bounded.
 */
void quota_moved(const struct place *place, const char *path,
    const char *target);

struct quota_usage {
	bool		 has_bytes, has_files;	/* there are such limits */
	uint64_t	 bytes, files;		/* the limits */
	uint64_t	 bytes_used, files_used;	/* with what is kept */
};

/* Of the place's own quota. */
enum status quota_look(struct quota_usage *out, const struct place *place);

/* The counts of one process on a base; the base owns it. */
struct quota_table;
struct quota_table *quota_table_new(void);
void quota_table_free(struct quota_table *table);

/*
 * To be called about once a second by one thread: counts what is unsure, or
 * all with `again`, and what is kept of uploads.
 */
void quota_table_tick(const struct base *base, bool again);

/*
 * Take the bounds off those roots (as places name them) of which `is_bounded`
 * knows none.
 */
void quota_table_unbind(const struct base *base,
    bool (*is_bounded)(void *ctx, const char *root), void *ctx);

#endif
