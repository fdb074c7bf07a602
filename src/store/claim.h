/*
 * claim - the right to write to a long upload, held by locks that all servers
 * on the base see: on the upload's record, and on the claim byte of its path
 * in the `names` files (none for an upload under a fresh name, so that nothing
 * is told of others).
 *
 * Many may hold a claim together: one the whole, for which it has reserved the
 * room, and others segments of it while that lasts, each with the MiBs that it
 * writes.  The commit needs the claim alone, and so does who fills the upload
 * with what it begins with.  A resume makes older holders let go, and so does
 * silence for 60 s.
 *
 *	claim_take, { claim_enter, claim_leave } ..., [claim_share,] ...,
 *	[claim_close,] claim_free
 */
#ifndef CLAIM_H
#define CLAIM_H

#include <stdbool.h>
#include <stdint.h>

#include "base.h"
#include "status.h"
#include "upload_record.h"
#include "walk.h"

enum claim_kind {
	CLAIM_NEW,	/* STATUS_LOCKED if another upload goes there */
	CLAIM_RESUME,	/* the same, and older holders let go */
	CLAIM_JOIN	/* beside who holds the whole, as long as it does */
};

struct claim_plan {
	enum claim_kind	 kind;
	bool		 alone;		/* nobody joins before claim_share */
	const struct base *base;
	struct record	*record;	/* borrowed for the claim's life */
	const struct folder *folder;	/* borrowed for the call */
	const char	*name;		/* likewise; NULL: a fresh name */
};

struct claim;

/*
 * STATUS_LOCKED: another upload has the path.  STATUS_BUSY: an older holder is
 * letting go, committing, or holds it alone: try again in a second.  Or nobody
 * holds the whole that is to be joined.
 */
enum status claim_take(struct claim **out, const struct claim_plan *plan);

/*
 * Between these two nobody can take the claim away.  STATUS_LOCKED if that has
 * happened: nothing may be written any more.
 */
enum status claim_enter(struct claim *claim);
void claim_leave(struct claim *claim);

/*
 * Write these MiBs, and nobody else: before the first byte of any of them, in
 * the order in which they come, and never between claim_enter and claim_leave.
 * Another who joined, and has some of them, lets go.  STATUS_BUSY: one at
 * another server, or who holds the whole, sends them.
 */
enum status claim_range(struct claim *claim, uint64_t first, uint64_t end);

/* From here on others may join.  STATUS_LOCKED if it was lost. */
enum status claim_share(struct claim *claim);

/* Hold it alone from here on.  STATUS_BUSY while others write. */
enum status claim_close(struct claim *claim);

/* True if nobody else holds it, here or elsewhere, and it is held. */
bool claim_is_alone(struct claim *claim);

/* Let go.  claim_free(NULL) does nothing. */
void claim_free(struct claim *claim);

#endif
