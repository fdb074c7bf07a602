/* SPDX-License-Identifier: ISC */
/* The command pieces: the digest of each MiB of a file, for who resumes. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "range_lock.h"
#include "upload_plan.h"

#define READ_SIZE	262144u
#define STEP		(8 * READ_SIZE)	/* read in one pull */

struct pieces_producer {
	struct producer	 producer;
	struct audit_who who;
	char		*path;		/* owned; clean */
	uint64_t	 began_us;
	int		 fd;		/* owned; holds the lock on the range */
	struct stat	 st;
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
	audit(&pieces->who, &(struct audit_event){ .verb = "pieces",
	    .path = pieces->path, .has_bytes = true,
	    .bytes = pieces->at - pieces->begun,
	    .began_us = pieces->began_us, .outcome = outcome });
}

static void
pieces_free(struct producer *producer)
{
	struct pieces_producer *pieces = (struct pieces_producer *)producer;

	if (!pieces->finished)
		pieces_audit(pieces, STATUS_CANCELLED);
	digest_drop(pieces->digest);
	if (pieces->fd != -1)
		close(pieces->fd);
	free(pieces->bytes);
	free(pieces->path);
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
	n = pread(pieces->fd, pieces->bytes, len, (off_t)pieces->at);
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

	if (fstat(pieces->fd, &now) == -1)
		return pieces_failed(pieces, answer, status_errno("read"));
	version_of(outcome.version, &now);
	if (now.st_size != pieces->st.st_size ||
	    now.st_mtim.tv_sec != pieces->st.st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != pieces->st.st_mtim.tv_nsec)
		return pieces_failed(pieces, answer, status_set(STATUS_CHANGED,
		    "the file was changed while it was read"));
	version_of(outcome.version, &pieces->st);
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

static enum status
find_range(struct pieces_producer *pieces, const struct request *request)
{
	uint64_t size = (uint64_t)pieces->st.st_size;

	pieces->begun = pieces->at = request->has_offset ? request->offset : 0;
	if (pieces->at > size)
		return status_set(STATUS_BAD_REQUEST,
		    "the offset lies beyond the end of the file");
	pieces->end = size;
	if (request->has_length && request->length < size - pieces->at)
		pieces->end = pieces->at + request->length;
	if (pieces->end - pieces->at > UPLOAD_MOST)
		return status_set(STATUS_TOO_LARGE,
		    "more than 16 TiB at once: ask for ranges");
	if (pieces->at == pieces->end)
		return STATUS_OK;
	return range_lock(pieces->fd, RANGE_LOCK_SHARED, pieces->at,
	    pieces->end - pieces->at);
}

static enum status
pieces_open(struct pieces_producer *pieces, struct caller *caller,
    const struct request *request)
{
	uint8_t version[VERSION_SIZE];
	char path[WALK_PATH_ROOM];
	enum status st;

	if ((st = command_path(path, caller, &request->path)) != STATUS_OK)
		return st;
	if ((pieces->path = strdup(path)) == NULL ||
	    (pieces->bytes = malloc(READ_SIZE)) == NULL)
		return STATUS_NO_MEMORY;
	st = walk_file(&pieces->fd, &pieces->st, &caller->place, path);
	if (st != STATUS_OK ||
	    (st = find_range(pieces, request)) != STATUS_OK)
		return st;
	if (fstat(pieces->fd, &pieces->st) == -1)
		return status_errno("read");
	version_of(version, &pieces->st);
	if (request->if_version &&
	    memcmp(version, request->version, sizeof(version)) != 0)
		return status_set(STATUS_PRECONDITION,
		    "the file is not the version that was expected");
	if ((pieces->digest = digest_begin(pieces->at)) == NULL)
		return STATUS_NO_MEMORY;
	digest_listen(pieces->digest, take_piece, pieces);
	return STATUS_OK;
}

void
command_pieces(struct caller *caller, const struct request *request)
{
	static const struct producer_ops ops = { pieces_pull, pieces_free };
	struct pieces_producer *pieces;
	enum status st;

	if ((pieces = calloc(1, sizeof(*pieces))) == NULL) {
		answer_error(caller->answer, STATUS_NO_MEMORY);
		return;
	}
	pieces->producer.ops = &ops;
	pieces->who = *caller->who;
	pieces->began_us = clock_us();
	pieces->fd = -1;
	if ((st = pieces_open(pieces, caller, request)) != STATUS_OK) {
		(void)pieces_failed(pieces, caller->answer, st);
		pieces_free(&pieces->producer);
		return;
	}
	answer_produce(caller->answer, &pieces->producer);
}
