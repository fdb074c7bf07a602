/*
 * upload_state - what an upload is made of, for the files that carry it on:
 *
 *	upload.c		begin, publish, free
 *	upload_content.c	bytes, the seal, the flush
 *	upload_pieces.c		bytes and seal of one that has a record
 *	upload_resume.c		taking one up again, giving one up
 *	upload_basis.c		a copy of what stood there, to begin with
 *	upload_quota.c		what it reserves of a quota
 */
#ifndef UPLOAD_STATE_H
#define UPLOAD_STATE_H

#include <limits.h>

#include "claim.h"
#include "copy.h"
#include "quota.h"
#include "stage.h"
#include "upload.h"
#include "upload_record.h"

struct upload {
	struct place	 place;		/* root: owned, in `strings` */
	struct upload_plan plan;	/* path: owned, in `strings` */
	const char	*name;		/* last of plan.path, or `fresh` */
	char		 fresh[NAME_MAX + 1];	/* if that was taken */
	struct stage	 stage;
	struct digest	*digest;	/* owned; NULL once sealed */
	uint64_t	 received;	/* offset behind the last byte */
	uint64_t	 pushed;	/* sent to the disk up to here */
	uint8_t		 sum[DIGEST_SIZE];	/* once sealed */
	bool		 sealed;
	enum status	 failed;	/* STATUS_OK while all is well */
	struct quota_hold quota;	/* what has been reserved */
	bool		 is_replacing;	/* a file of `old_size` is there */
	uint64_t	 old_size;

	/* long ones only */
	struct record	*record;	/* owned, or NULL */
	struct claim	*claim;		/* owned with the record */
	bool		 is_resumed;	/* the stage may hold anything */
	bool		 is_copying;	/* its basis: it takes nothing yet */
	struct copy	 copy;		/* with is_copying */
	bool		 is_segment;
	uint64_t	 first, end;	/* of a segment */
	enum status	 noted;		/* of the last piece, in the record */

	char		 strings[];
};

/* NULL without memory. */
struct upload *upload_alloc(const struct place *place,
    const struct upload_plan *plan);

/*
 * Reserve what is known of it at the start (`folder` may be NULL), what has
 * come up to `end`, and what it comes to in the end, beside `old` (or NULL if
 * the name is free).  Then say that it has come.
 */
enum status upload_reserve(struct upload *upload,
    const struct folder *folder);
enum status upload_reserve_to(struct upload *upload, uint64_t end);
enum status upload_reserve_final(struct upload *upload,
    const struct stat *old);
void upload_settle(struct upload *upload);
/* What was reserved and did not come. */
void upload_give_back(struct upload *upload);

/* It takes nothing more; a stage that can be resumed stays. */
enum status upload_fail(struct upload *upload, enum status st);

/* Write all of the bytes; false with errno. */
bool upload_write_all(int fd, const void *bytes, size_t len, uint64_t offset);

/* Listen to the digest, and note each piece in the record. */
void pieces_begin(struct upload *upload);

/* Take bytes; between claim_enter and claim_leave. */
enum status pieces_write(struct upload *upload, uint64_t offset,
    const void *bytes, size_t len);

/* What has not come up to `size` is a hole. */
enum status pieces_end(struct upload *upload, uint64_t size);

/* The digest of the pieces in [first, end), all of which must be held. */
enum status pieces_sum(struct upload *upload, uint64_t first, uint64_t end,
    uint8_t sum[DIGEST_SIZE]);

/* The digest that a piece of the stage has in a file of `size` bytes. */
enum status upload_digest_piece(const struct upload *upload, uint64_t piece,
    uint64_t size, uint8_t out[DIGEST_SIZE]);

#endif
