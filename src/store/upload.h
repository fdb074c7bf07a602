/*
 * upload - a file being received: a stage out of everyone's sight until it is
 * published by its commit.  Readers see the whole old file or the whole new.
 *
 *	upload_begin, upload_write ..., upload_seal,
 *	[flush of the stage], upload_publish, [flush of the folder], upload_free
 *
 * upload_free at any point before upload_publish drops the stage.  One thread
 * at a time.
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
 * beyond UPLOAD_MOST.  After a failure the stage is gone, and the upload takes
 * nothing more.
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

const char *upload_path(const struct upload *upload);	/* clean target path */
const struct place *upload_place(const struct upload *upload);
/* The offset behind the last byte. */
uint64_t upload_received(const struct upload *upload);
const uint8_t *upload_id(const struct upload *upload);

#endif
