/* SPDX-License-Identifier: ISC */
/* The content of a long upload: each whole MiB is noted when it has come. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "upload_state.h"

/* Holes in what is resumed are noted piece by piece; so many at once. */
#define NOTES_MOST	1048576u	/* 1 TiB of file, 32 MiB of record */

static void
take_note(void *ctx, uint64_t offset, uint64_t count,
    const uint8_t piece[DIGEST_SIZE])
{
	struct upload *upload = ctx;
	enum status st;

	/* In a stage that is new, what is passed over is a hole. */
	if (count > 1 && !upload->is_resumed)
		st = record_pass(upload->record,
		    offset + count * DIGEST_PIECE);
	else
		st = record_note(upload->record, offset / DIGEST_PIECE, count,
		    piece);
	if (upload->noted == STATUS_OK)
		upload->noted = st;
}

void
pieces_begin(struct upload *upload)
{
	upload->noted = STATUS_OK;
	digest_listen(upload->digest, take_note, upload);
}

/* Where the file system cannot make holes, zeros are written. */
static enum status
fill_zeros(struct upload *upload, uint64_t from, uint64_t to)
{
	static const char zeros[65536];
	off_t size = lseek(upload->stage.fd, 0, SEEK_END);
	size_t n;

	if (size == -1)
		return status_errno("%s", upload->plan.path);
	if (to > (uint64_t)size)
		to = (uint64_t)size;
	for (; from < to; from += n) {
		n = to - from < sizeof(zeros) ? (size_t)(to - from) :
		    sizeof(zeros);
		if (!upload_write_all(upload->stage.fd, zeros, n, from))
			return status_errno("%s", upload->plan.path);
	}
	return STATUS_OK;
}

/* Whatever lies there of earlier attempts goes. */
static enum status
make_hole(struct upload *upload, uint64_t from, uint64_t to)
{
	if (!upload->is_resumed || from == to)
		return STATUS_OK;
	if (fallocate(upload->stage.fd,
	    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from,
	    (off_t)(to - from)) == 0)
		return STATUS_OK;
	if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL)
		return status_errno("%s", upload->plan.path);
	return fill_zeros(upload, from, to);
}

static enum status
skip_within(struct upload *upload, uint64_t to)
{
	uint64_t at = digest_offset(upload->digest);
	enum status st;

	if ((st = make_hole(upload, at, to)) == STATUS_OK)
		digest_skip(upload->digest, to - at);
	return st;
}

static enum status
too_many_holes(void)
{
	return status_set(STATUS_TOO_LARGE,
	    "a hole of more than 1 TiB in what is resumed");
}

/* Whole pieces, none of which is held, become a hole. */
static enum status
skip_missing(struct upload *upload, uint64_t from, uint64_t to)
{
	uint8_t hole[DIGEST_SIZE];
	enum status st;

	if (from == to)
		return STATUS_OK;
	if ((st = make_hole(upload, from, to)) != STATUS_OK)
		return st;
	digest_of_hole(hole);
	return record_note(upload->record, from / DIGEST_PIECE,
	    (to - from) / DIGEST_PIECE, hole);
}

/* On the way through pieces of which some are held. */
struct skipping {
	uint64_t	 at;		/* this far */
	uint64_t	 hole;		/* since there nothing is held */
	unsigned int	 missing;
};

static enum status
skip_some(struct upload *upload, struct skipping *on,
    const struct record_piece *pieces, size_t count)
{
	enum status st = STATUS_OK;
	size_t i;

	for (i = 0; i < count && st == STATUS_OK; i++) {
		on->at += DIGEST_PIECE;
		if (pieces[i].held == RECORD_NONE) {
			if (++on->missing > NOTES_MOST)
				return too_many_holes();
			continue;
		}
		st = skip_missing(upload, on->hole, on->at - DIGEST_PIECE);
		on->hole = on->at;
	}
	return st;
}

/* Whole pieces up to `to`, of which those that are held stay. */
static enum status
skip_held(struct upload *upload, uint64_t to)
{
	struct record_piece pieces[RECORD_LOOK];
	uint64_t at = digest_offset(upload->digest);
	struct skipping on = { .at = at, .hole = at };
	enum status st = STATUS_OK;
	size_t n = RECORD_LOOK;

	while (st == STATUS_OK && on.at < to) {
		if ((to - on.at) / DIGEST_PIECE < n)
			n = (size_t)((to - on.at) / DIGEST_PIECE);
		st = record_look(upload->record, on.at / DIGEST_PIECE, n,
		    pieces);
		if (st == STATUS_OK)
			st = skip_some(upload, &on, pieces, n);
	}
	if (st == STATUS_OK)
		st = skip_missing(upload, on.hole, on.at);
	digest_jump(upload->digest, on.at);
	return st;
}

/* The last piece, which ends with the file at `to`, not with a MiB. */
static enum status
skip_last(struct upload *upload, uint64_t to)
{
	uint64_t at = digest_offset(upload->digest);
	struct record_piece piece;
	enum status st;

	st = record_look(upload->record, at / DIGEST_PIECE, 1, &piece);
	if (st == STATUS_OK && piece.held == RECORD_NONE &&
	    (st = skip_within(upload, to)) == STATUS_OK)
		digest_cut(upload->digest);
	digest_jump(upload->digest, to);
	return st;
}

/* The first byte of a piece: what was noted of it holds no longer. */
static enum status
open_piece(struct upload *upload)
{
	uint64_t at = digest_offset(upload->digest);

	if (!upload->is_resumed || at % DIGEST_PIECE != 0)
		return STATUS_OK;
	return record_spoil(upload->record, at / DIGEST_PIECE);
}

/* Go on to `to`; `is_end`: nothing comes behind it. */
static enum status
skip_to(struct upload *upload, uint64_t to, bool is_end)
{
	uint64_t at = digest_offset(upload->digest), edge;
	enum status st;

	if (at >= to)
		return STATUS_OK;
	if (!upload->is_resumed)
		return skip_within(upload, to);
	/* The rest of the piece that was begun. */
	edge = (at + DIGEST_PIECE - 1) / DIGEST_PIECE * DIGEST_PIECE;
	if ((st = skip_within(upload, edge < to ? edge : to)) != STATUS_OK ||
	    edge >= to)
		return st;
	if ((st = skip_held(upload, to - to % DIGEST_PIECE)) != STATUS_OK ||
	    digest_offset(upload->digest) == to)
		return st;
	if (is_end)
		return skip_last(upload, to);
	/* The beginning of the one that comes. */
	if ((st = open_piece(upload)) != STATUS_OK)
		return st;
	return skip_within(upload, to);
}

enum status
pieces_write(struct upload *upload, uint64_t offset, const void *bytes,
    size_t len)
{
	const uint8_t *from = bytes;
	enum status st;
	uint64_t at;
	size_t n;

	st = skip_to(upload, offset, false);
	while (st == STATUS_OK && len > 0) {
		at = digest_offset(upload->digest);
		n = (size_t)(DIGEST_PIECE - at % DIGEST_PIECE);
		if (n > len)
			n = len;
		if ((st = open_piece(upload)) != STATUS_OK)
			break;
		if (!upload_write_all(upload->stage.fd, from, n, at))
			return status_errno("%s", upload->plan.path);
		digest_update(upload->digest, from, n);
		from += n;
		len -= n;
	}
	return st == STATUS_OK ? upload->noted : st;
}

enum status
pieces_end(struct upload *upload, uint64_t size)
{
	uint64_t at = digest_offset(upload->digest), pieces;
	enum status st;

	/* Segments have come behind what came here. */
	if ((st = record_extent(upload->record, &pieces)) != STATUS_OK)
		return st;
	if (pieces * DIGEST_PIECE > at)
		upload->is_resumed = true;
	if ((st = skip_to(upload, size, true)) != STATUS_OK)
		return st;
	digest_cut(upload->digest);
	return upload->noted;
}

enum status
pieces_sum(struct upload *upload, uint64_t first, uint64_t end,
    uint8_t sum[DIGEST_SIZE])
{
	struct record_piece pieces[RECORD_LOOK];
	uint64_t at = first / DIGEST_PIECE;
	uint64_t stop = (end + DIGEST_PIECE - 1) / DIGEST_PIECE;
	struct digest *digest;
	enum status st = STATUS_OK;
	size_t i, n;

	if ((digest = digest_begin(0)) == NULL)
		return status_set(STATUS_NO_MEMORY, "out of memory");
	for (; at < stop && st == STATUS_OK; at += n) {
		n = stop - at < RECORD_LOOK ? (size_t)(stop - at) :
		    RECORD_LOOK;
		st = record_look(upload->record, at, n, pieces);
		for (i = 0; i < n && st == STATUS_OK; i++) {
			if (pieces[i].held == RECORD_NONE)
				st = status_set(STATUS_IO,
				    "a part of the upload is missing");
			digest_add(digest, pieces[i].digest);
		}
	}
	digest_end(digest, sum);
	return st;
}
