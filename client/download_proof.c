/* SPDX-License-Identifier: ISC */
/* What is here of a file already, and is what the server has. */
#include "config.h"

#include "download_state.h"

#include <stdlib.h>
#include <string.h>

static enum status
begin_notes(struct download *d, uint64_t reach)
{
	d->pieces = reach / DIGEST_PIECE + 1;
	if ((d->held = calloc(d->pieces, sizeof(*d->held))) == NULL)
		return status_no_memory();
	return STATUS_OK;
}

/*
 * Each piece for itself: the part may have it, or else the file that is here.
 * Of the part's last piece, which may go on, nothing is known.
 */
static enum status
note_piece(struct download *d, const uint8_t theirs[DIGEST_SIZE])
{
	uint64_t number = d->proving / DIGEST_PIECE;
	uint8_t ours[DIGEST_SIZE];
	enum status st;
	bool same;
	size_t got;

	if (number >= d->pieces)
		return STATUS_OK;	/* nobody asked for it */
	st = part_read(d->part, d->piece, DIGEST_PIECE, d->proving, &got);
	if (st != STATUS_OK)
		return st;
	digest_of_piece(ours, d->piece, got);
	same = got == DIGEST_PIECE && memcmp(ours, theirs, DIGEST_SIZE) == 0;
	if (!same)
		st = download_take_basis(d, theirs, &same);
	d->held[number] = same;
	d->proving += DIGEST_PIECE;
	progress_update(&d->progress, d->proving);
	return st;
}

/* The next piece of the server's file: is ours the same? */
static enum status
compare_piece(struct download *d, const uint8_t theirs[DIGEST_SIZE])
{
	uint8_t ours[DIGEST_SIZE];
	enum status st;
	size_t got;

	if (d->held != NULL)
		return note_piece(d, theirs);
	if (d->differs)
		return STATUS_OK;
	st = part_read(d->part, d->piece, DIGEST_PIECE, d->proving, &got);
	if (st != STATUS_OK)
		return st;
	digest_of_piece(ours, d->piece, got);
	if (memcmp(ours, theirs, DIGEST_SIZE) == 0) {
		d->proving += got;
		d->start = d->proving;
		d->differs = got < DIGEST_PIECE;	/* the end */
	} else
		d->differs = true;
	progress_update(&d->progress, d->proving);
	return STATUS_OK;
}

static enum status
take_digests(struct download *d, const struct frame *frame)
{
	const uint8_t *at = frame->payload;
	size_t left = frame->header.length, len;
	enum status st;

	while (left > 0) {
		if (left < 2 || (len = (size_t)at[0] << 8 | at[1]) < 8 ||
		    left - 2 < len || (len - 8) % DIGEST_SIZE != 0)
			return reply_malformed(
			    "a malformed list of digests");
		at += 10;
		left -= 2 + len;
		for (len -= 8; len > 0; len -= DIGEST_SIZE) {
			if ((st = compare_piece(d, at)) != STATUS_OK)
				return st;
			at += DIGEST_SIZE;
		}
	}
	return STATUS_OK;
}

static enum status
take_proof(struct call *call, const struct frame *frame)
{
	struct download *d = call->owner;
	struct reply reply;
	enum status st;

	if (frame->header.type == FT1_DIGESTS)
		return take_digests(d, frame);
	if (frame->header.type != FT1_OK)
		return reply_malformed("what nobody asked for");
	st = reply_read(&reply, frame, REPLY_SIZE | REPLY_VERSION_NOW);
	if (st != STATUS_OK)
		return st;
	d->proved = reply.size;
	memcpy(d->version, reply.version_now, FT1_ID_SIZE);
	d->has_version = true;
	return STATUS_OK;
}

/* What there is to compare; a basis to the end of its last MiB. */
static uint64_t
reach_of(const struct download *d)
{
	uint64_t reach = d->fetched;

	if (d->basis == -1)
		return reach;
	if (reach < d->basis_length)
		reach = d->basis_length;
	return (reach + DIGEST_PIECE - 1) / DIGEST_PIECE * DIGEST_PIECE;
}

enum status
download_prove(struct download *d)
{
	struct call call = { .receiver = take_proof, .owner = d };
	uint64_t reach = reach_of(d);
	struct ft1_frame *frame;
	enum status st;

	free(d->held);
	d->held = NULL;
	d->pieces = 0;
	d->start = d->proving = 0;
	d->differs = d->has_version = false;
	digest_drop(d->digest);
	d->digest = NULL;
	if (reach < DIGEST_PIECE)
		return STATUS_OK;	/* as good as nothing */
	if (d->piece == NULL && (d->piece = malloc(DIGEST_PIECE)) == NULL)
		return status_no_memory();
	if ((d->segments > 1 || d->basis != -1) &&
	    (st = begin_notes(d, reach)) != STATUS_OK)
		return st;
	frame = remote_request(d->client->remote, FT1_PIECES, 0, &call);
	ft1_put_string(frame, FT1_TAG_PATH, d->path);
	ft1_put_u64(frame, FT1_TAG_LENGTH, reach);
	if (d->wait > 0)
		ft1_put_u32(frame, FT1_TAG_WAIT_LOCK, d->wait);
	st = remote_finish(d->client->remote, &call);
	if (st == STATUS_UNSUPPORTED)
		st = STATUS_OK;		/* an old server: from the start */
	return st;
}
