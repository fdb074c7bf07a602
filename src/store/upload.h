/*
 * upload - a file being received: a stage out of everyone's sight until it is
 * published by its commit.  Readers see the whole old file or the whole new.
 *
 *	upload_begin, upload_write or upload_skip ..., upload_seal,
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
#include "version.h"
#include "walk.h"

#define UPLOAD_ID_SIZE 16

enum upload_taken {
	UPLOAD_REPLACE = 0,	/* the name's old file, if there is one */
	UPLOAD_REFUSE = 1	/* STATUS_EXISTS if the name is taken */
};

/* What the client asks for. */
struct upload_plan {
	const char	*path;		/* clean; copied */
	bool		 has_size, has_mode, has_mtime;
	uint64_t	 size;
	uint32_t	 mode;		/* permission bits; others are dropped */
	struct file_time	 mtime;
	enum upload_taken taken;
	bool		 if_absent, if_version;
	uint8_t		 version[VERSION_SIZE];	/* with if_version */
};

/* What became of it. */
struct upload_receipt {
	uint8_t		 id[UPLOAD_ID_SIZE];
	uint64_t	 size;
	uint8_t		 digest[DIGEST_SIZE];
	uint8_t		 version[VERSION_SIZE];
	struct file_time	 time;		/* of the commit, by the wall clock */
};

struct upload;

/*
 * Make the stage.  `folder` is the open parent of the target (borrowed for
 * this call), checked by the caller; a target that is a folder, a symlink or
 * no regular file is refused here, and again at the commit.
 */
enum status upload_begin(struct upload **out, const struct place *place,
    const struct folder *folder, const struct upload_plan *plan);

/*
 * Add bytes at `offset`, which must not lie before what came already; a jump
 * leaves a hole.  STATUS_SIZE beyond the announced size.  After a failure the
 * upload takes nothing more.
 */
enum status upload_write(struct upload *upload, uint64_t offset,
    const void *bytes, size_t len);

/*
 * All has come: check size and digest, set mode and times.  Afterwards the
 * stage needs only to be flushed.
 */
enum status upload_seal(struct upload *upload, uint64_t size,
    const uint8_t digest[DIGEST_SIZE]);

/* fdatasync-like flush of the stage alone, for small groups and fallbacks. */
enum status upload_flush(struct upload *upload);

/*
 * Publish the sealed stage in `folder` (the target's parent, resolved again by
 * the caller): name, guard, checks, rename, release, in the order of the lock
 * rules.  STATUS_LOCKED, STATUS_EXISTS, STATUS_PRECONDITION ...; the stage
 * stays then, until upload_free.
 */
enum status upload_publish(struct upload *upload, struct names *names,
    const struct folder *folder, struct upload_receipt *receipt);

void upload_free(struct upload *upload);

const char *upload_path(const struct upload *upload);	/* clean target path */
const struct place *upload_place(const struct upload *upload);
uint64_t upload_received(const struct upload *upload);	/* offset behind the last byte */
const uint8_t *upload_id(const struct upload *upload);

#endif
