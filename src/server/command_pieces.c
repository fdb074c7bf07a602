/* SPDX-License-Identifier: ISC */
/* The command pieces: the digest of each MiB of a file, for who resumes. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "in_place.h"
#include "upload_plan.h"
#include "waiter.h"

#define READ_SIZE	262144u
#define STEP		(8 * READ_SIZE)	/* read in one pull */

struct pieces_producer {
	struct producer	 producer;
	struct waiter	 waiter;	/* with the path; before it begins */
	struct in_place_want want;
	struct in_place	 file;		/* holds the lock on the range */
	uint8_t		*bytes;		/* owned; READ_SIZE */
	struct digest	*digest;	/* owned */
	uint64_t	 begun, at, end;
	/* those that are not told yet */
	uint64_t	 first;		/* offset of the first one */
	size_t		 count;
	uint8_t		 piece[ANSWER_PIECES][DIGEST_SIZE];
	bool		 finished;	/* the audit's line is written */
};

static void
pieces_audit(struct pieces_producer *pieces, enum status outcome)
{
	pieces->finished = true;
	audit(&pieces->waiter.who, &(struct audit_event){ .verb = "pieces",
	    .path = pieces->waiter.path, .has_bytes = true,
	    .bytes = pieces->at - pieces->begun,
	    .began_us = pieces->waiter.began_us, .outcome = outcome });
}

static void
pieces_free(struct producer *producer)
{
	struct pieces_producer *pieces = (struct pieces_producer *)producer;

	if (!pieces->finished)
		pieces_audit(pieces, STATUS_CANCELLED);
	digest_drop(pieces->digest);
	waiter_close(&pieces->waiter, &pieces->file);
	free(pieces->bytes);
	waiter_clear(&pieces->waiter);
	free(pieces);
}

static enum pull
pieces_failed(struct pieces_producer *pieces, struct answer *answer,
    enum status st)
{
	answer_error(answer, st);
	pieces_audit(pieces, st);
	return PULL_DONE;
}

static void
take_piece(void *ctx, uint64_t offset, uint64_t count,
    const uint8_t piece[DIGEST_SIZE])
{
	struct pieces_producer *pieces = ctx;

	(void)count;		/* holes are read, one at a time */
	if (pieces->count == 0)
		pieces->first = offset;
	memcpy(pieces->piece[pieces->count++], piece, DIGEST_SIZE);
}

static enum status
read_some(struct pieces_producer *pieces)
{
	size_t len = READ_SIZE;
	ssize_t n;

	if (pieces->end - pieces->at < len)
		len = (size_t)(pieces->end - pieces->at);
	n = pread(pieces->file.fd, pieces->bytes, len, (off_t)pieces->at);
	if (n == -1)
		return status_errno("read");
	if (n == 0)
		return status_set(STATUS_CHANGED,
		    "the file was cut short while it was read");
	digest_update(pieces->digest, pieces->bytes, (size_t)n);
	pieces->at += (uint64_t)n;
	return STATUS_OK;
}

static bool
tell(struct pieces_producer *pieces, struct answer *answer)
{
	const struct answer_pieces row = { .offset = pieces->first,
	    .count = pieces->count,
	    .digest = answer_digests(pieces->piece) };

	if (pieces->count > 0 && !answer_pieces(answer, &row))
		return false;
	pieces->count = 0;
	return true;
}

static enum pull
pieces_done(struct pieces_producer *pieces, struct answer *answer)
{
	struct outcome outcome = { .has_content = true,
	    .size = pieces->end - pieces->begun };
	struct stat now;

	if (fstat(pieces->file.fd, &now) == -1)
		return pieces_failed(pieces, answer, status_errno("read"));
	version_of(outcome.version, &now);
	if (now.st_size != pieces->file.st.st_size ||
	    now.st_mtim.tv_sec != pieces->file.st.st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != pieces->file.st.st_mtim.tv_nsec)
		return pieces_failed(pieces, answer, status_set(STATUS_CHANGED,
		    "the file was changed while it was read"));
	version_of(outcome.version, &pieces->file.st);
	digest_end(pieces->digest, outcome.digest);
	pieces->digest = NULL;
	answer_ok(answer, &outcome);
	pieces_audit(pieces, STATUS_OK);
	return PULL_DONE;
}

static enum pull
pieces_pull(struct producer *producer, struct answer *answer)
{
	struct pieces_producer *pieces = (struct pieces_producer *)producer;
	uint64_t stop = pieces->at + STEP;
	enum status st;

	if (!tell(pieces, answer))
		return PULL_AGAIN;
	while (pieces->at < pieces->end && pieces->at < stop)
		if ((st = read_some(pieces)) != STATUS_OK)
			return pieces_failed(pieces, answer, st);
	if (pieces->at < pieces->end)
		return PULL_ON;
	digest_cut(pieces->digest);
	if (!tell(pieces, answer))
		return PULL_AGAIN;
	return pieces_done(pieces, answer);
}

static struct pieces_producer *
of_waiter(struct waiter *waiter)
{
	return (struct pieces_producer *)((char *)waiter -
	    offsetof(struct pieces_producer, waiter));
}

static void
pieces_claim(struct pieces_producer *pieces)
{
	waiter_claim(&pieces->waiter, &(struct lock_claim_wish){
	    .start = pieces->want.offset, .length = pieces->want.has_length ?
	    pieces->want.length : 0, .kind = RANGE_LOCK_SHARED });
}

static enum status
pieces_attempt(struct waiter *waiter, struct kit *kit)
{
	struct pieces_producer *pieces = of_waiter(waiter);
	enum status st;

	(void)kit;
	st = in_place_open(&pieces->file, &waiter->place, waiter->path,
	    &pieces->want);
	if (st == STATUS_LOCKED && waiter->seconds > 0)
		pieces_claim(pieces);
	if (st != STATUS_OK)
		return st;
	if (pieces->file.length > UPLOAD_MOST)
		return status_set(STATUS_TOO_LARGE,
		    "more than 16 TiB at once: ask for ranges");
	pieces->begun = pieces->at = pieces->file.start;
	pieces->end = pieces->at + pieces->file.length;
	if ((pieces->bytes = malloc(READ_SIZE)) == NULL ||
	    (pieces->digest = digest_begin(pieces->at)) == NULL)
		return STATUS_NO_MEMORY;
	digest_listen(pieces->digest, take_piece, pieces);
	return STATUS_OK;
}

static void
pieces_resume(struct waiter *waiter, struct answer *answer, enum status st)
{
	struct pieces_producer *pieces = of_waiter(waiter);

	if (st == STATUS_OK) {
		answer_produce(answer, &pieces->producer);
		return;
	}
	(void)pieces_failed(pieces, answer, st);
	pieces_free(&pieces->producer);
}

static void
pieces_forget(struct waiter *waiter)
{
	pieces_free(&of_waiter(waiter)->producer);
}

void
command_pieces(struct caller *caller, const struct request *request)
{
	static const struct producer_ops producing = { pieces_pull,
	    pieces_free };
	static const struct waiter_ops waiting = { pieces_attempt,
	    pieces_resume, pieces_forget };
	struct pieces_producer *pieces;
	enum status st;

	if ((pieces = calloc(1, sizeof(*pieces))) == NULL) {
		answer_error(caller->answer, STATUS_NO_MEMORY);
		return;
	}
	pieces->producer.ops = &producing;
	pieces->file.fd = -1;
	st = waiter_init(&pieces->waiter, caller, request);
	pieces->waiter.ops = &waiting;
	pieces->want.use = IN_PLACE_READ;
	pieces->want.offset = request->has_offset ? request->offset : 0;
	pieces->want.has_length = request->has_length;
	pieces->want.length = request->length;
	pieces->want.if_version = request->if_version;
	memcpy(pieces->want.version, request->version,
	    sizeof(pieces->want.version));
	if (st == STATUS_OK && request->wait > 0)
		pieces_claim(pieces);
	waiter_run(&pieces->waiter, caller, st);
}
