/*
 * upload - a file being received: a stage out of everyone's sight until it is
 * published by its commit.  Readers see the whole old file or the whole new.
 *
 *	upload_begin, upload_write ..., upload_seal,
 *	[flush of the stage], upload_publish, [flush of the folder], upload_free
 *
 * upload_free at any point before upload_publish drops the stage of a small
 * upload.  A long one (of unknown size, or over UPLOAD_SMALL) has a record and
 * a claim; its stage stays until it is abandoned, and can be taken up again by
 * upload_resume, here or elsewhere.  One thread at a time.
 */
#ifndef UPLOAD_H
#define UPLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base.h"
#include "digest.h"
#include "file_time.h"
#include "names.h"
#include "status.h"
#include "upload_plan.h"
#include "version.h"
#include "walk.h"

struct upload;

/*
 * Make the stage.  `folder` is the open parent of the target (borrowed for
 * this call), from walk_parent.  For long uploads (of unknown size or over
 * UPLOAD_SMALL) a target that is a folder, a symlink or no regular file,
 * or does not meet the plan's conditions, is refused here already; the commit
 * decides in any case.
 */
enum status upload_begin(struct upload **out, const struct place *place,
    const struct folder *folder, const struct upload_plan *plan);

/*
 * Add bytes at `offset`, which must not lie before what came already; a jump
 * leaves a hole.  STATUS_SIZE beyond the announced size, STATUS_TOO_LARGE
 * beyond UPLOAD_MOST, STATUS_LOCKED if the claim was lost.  After a failure the
 * upload takes nothing more, and the stage is gone unless it can be resumed.
 */
enum status upload_write(struct upload *upload, uint64_t offset,
    const void *bytes, size_t len);

/*
 * All has come: check size (what lies beyond the last byte is a hole) and
 * digest, set mode and times.  Afterwards the stage needs only to be flushed.
 */
enum status upload_seal(struct upload *upload, uint64_t size,
    const uint8_t digest[DIGEST_SIZE]);

/* The stage, for who copies into it instead of upload_write. */
int upload_fd(const struct upload *upload);

/* The same for `size` bytes that were copied so; they have no digest. */
enum status upload_seal_copy(struct upload *upload, uint64_t size);

/*
 * Flush the stage alone, for small groups and fallbacks.  After a failure it is
 * gone: the next flush would say yes to what never reached the disk.
 */
enum status upload_flush(struct upload *upload);

/*
 * Publish the sealed stage in `folder` (the target's parent, resolved again by
 * the caller): name, guard, checks, rename, release, in the order of the lock
 * rules.  STATUS_EXISTS for a name that is taken and must not be, or is a
 * symlink; STATUS_PRECONDITION if the file is another version or there is none;
 * STATUS_LOCKED, STATUS_IS_A_FOLDER, STATUS_NOT_A_FILE, STATUS_NOT_PERMITTED.
 * The stage stays then, until upload_free.
 */
enum status upload_publish(struct upload *upload, struct names *names,
    const struct folder *folder, struct upload_receipt *receipt);

void upload_free(struct upload *upload);

/* Give it up for good: nothing of it stays. */
void upload_abandon(struct upload *upload);

/*
 * --- Taking up again --------------------------------------------------------
 */

/* Who wants to go on with which upload, or with a part of it. */
struct upload_ticket {
	const char	*user;
	uint8_t		 id[UPLOAD_ID_SIZE];
	bool		 is_segment;
	uint64_t	 first, end;	/* of the segment: whole MiBs */
	enum upload_taken instead;	/* of UPLOAD_REPLACE, for who may not
					 * any more */
};

/*
 * Take up the upload of that user and place; older holders let go, but for a
 * segment, which is written beside others (see upload_share).  If it was
 * published already, `*out` is NULL and the receipt tells.  STATUS_NOT_FOUND;
 * STATUS_BUSY: try again in a second.
 *
 * In what is sent then, a MiB of which some comes is as if new; one of which
 * nothing comes stays as it is held, or else is a hole.
 */
enum status upload_resume(struct upload **out, const struct place *place,
    const struct upload_ticket *ticket, struct upload_receipt *receipt);

/*
 * Begin a long one of known size (STATUS_BAD_REQUEST for another), of which
 * nothing has come yet, with the first `length` bytes of the file `fd`, which
 * stays open until all is copied: a little at each step, until `*more` is
 * false.  Until then it takes no bytes and is not kept; from then on it is as
 * if it were resumed.
 */
enum status upload_basis_begin(struct upload *upload, int fd,
    uint64_t length);
enum status upload_basis_step(struct upload *upload, bool *more);

/* Pieces that are held, one after the other. */
#define UPLOAD_RUN 256u
struct upload_run {
	uint64_t	 first;		/* number of the first piece */
	size_t		 count;
	uint8_t		 digest[UPLOAD_RUN][DIGEST_SIZE];
};

/*
 * The next run at or behind piece `*next`, which moves on.  What another boot
 * or node noted is read and compared first, a little at each call: a run of
 * none says nothing.  `*more` is false at the end.
 */
enum status upload_have(struct upload *upload, uint64_t *next,
    struct upload_run *run, bool *more);

/*
 * What it begins with is there and was told: from now on segments may join,
 * which are told STATUS_BUSY before.  Otherwise one could write what is just
 * being copied or compared, and the record would tell the digest of the other.
 */
enum status upload_share(struct upload *upload);

/* The segment's bytes have come: check its digest.  The upload goes on. */
enum status upload_end_segment(struct upload *upload, uint64_t length,
    const uint8_t digest[DIGEST_SIZE]);

/* Remove the upload of that user; STATUS_BUSY while others hold it. */
enum status upload_discard(const struct place *place, const char *user,
    const uint8_t id[UPLOAD_ID_SIZE]);

/* The same for all of that user that go to that place, but those in use. */
void upload_discard_members(const struct place *place, const char *user);

bool upload_is_long(const struct upload *upload);
/* The size that was announced; false if none was. */
bool upload_size(const struct upload *upload, uint64_t *size);

const char *upload_path(const struct upload *upload);	/* clean target path */
/* The name it has got beside a taken one (UPLOAD_FRESH), else NULL. */
const char *upload_fresh_name(const struct upload *upload);
const struct place *upload_place(const struct upload *upload);
/* The offset behind the last byte; of a segment, from its beginning. */
uint64_t upload_received(const struct upload *upload);
const uint8_t *upload_id(const struct upload *upload);

#endif
