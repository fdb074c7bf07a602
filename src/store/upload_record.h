/*
 * upload_record - what is on disk about a long upload, beside its stage: whose
 * it is, where it goes, and which MiBs of it have come, each with its digest.
 *
 * It says what was written, not what is flushed.  A piece that was noted by
 * another boot or node is `unsure` until it has been read and compared.
 *
 *	record_make or record_open, record_note ..., record_close or record_drop
 *
 * One record may be open several times, here and elsewhere: each piece is
 * written by one of them at a time.
 */
#ifndef UPLOAD_RECORD_H
#define UPLOAD_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base.h"
#include "digest.h"
#include "file_time.h"
#include "status.h"
#include "upload_plan.h"

#define RECORD_USER_ROOM	256

enum record_state {
	RECORD_OPEN,		/* content comes */
	RECORD_SEALED,		/* about to be published */
	RECORD_DONE		/* published: it holds the receipt */
};

/* What never changes.  Strings are the record's. */
struct record_facts {
	bool		 is_tree;	/* a folder as one */
	const char	*user, *root;
	struct upload_plan plan;	/* path: the record's */
};

enum record_held {
	RECORD_NONE,		/* not here, or only a part of it */
	RECORD_UNSURE,		/* to be compared with the digest */
	RECORD_SURE
};

struct record_piece {
	enum record_held held;
	uint8_t		 digest[DIGEST_SIZE];	/* unless RECORD_NONE */
};

struct record;

/* Strings of `facts` are copied.  `id` is that of the stage. */
enum status record_make(struct record **out, const struct base *base,
    const uint8_t *id, const struct record_facts *facts);

/*
 * STATUS_NOT_FOUND if there is none that makes sense, and nothing else if it
 * cannot be told.
 */
enum status record_open(struct record **out, const struct base *base,
    const uint8_t *id);

/* Close it; it stays.  record_close(NULL) does nothing. */
void record_close(struct record *record);
/* Remove it; it stays open. */
void record_remove(struct record *record);

const struct record_facts *record_facts(const struct record *record);
const uint8_t *record_id(const struct record *record);
int record_fd(const struct record *record);	/* stays the record's */

/* Was it removed since it was opened? */
bool record_is_gone(const struct record *record);

/* A higher number tells older holders to let go. */
enum status record_raise(struct record *record, uint64_t *generation);

/* The pieces from `first` on, `count` of them, are here with that digest. */
enum status record_note(struct record *record, uint64_t first,
    uint64_t count, const uint8_t digest[DIGEST_SIZE]);
/* The piece is about to be overwritten. */
enum status record_spoil(struct record *record, uint64_t piece);
/* Whatever is below `offset` and was never noted or spoiled is a hole. */
enum status record_pass(struct record *record, uint64_t offset);

/* Look at `count` pieces (RECORD_LOOK at most) from `first` on. */
#define RECORD_LOOK 256u
enum status record_look(struct record *record, uint64_t first,
    size_t count, struct record_piece *out);

/* Pieces about which it may say something. */
enum status record_extent(struct record *record, uint64_t *pieces);

/*
 * Its state.  Sealing notes the stage's inode, by which is told after a crash
 * whether it has been published; the receipt is good with RECORD_DONE.
 */
enum status record_state(struct record *record, enum record_state *state,
    struct upload_receipt *receipt, uint64_t *ino);
enum status record_seal(struct record *record,
    const struct upload_receipt *receipt, uint64_t ino);
enum status record_reopen(struct record *record);
enum status record_finish(struct record *record,
    const struct upload_receipt *receipt);

#endif
