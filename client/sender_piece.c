/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "sender_piece.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static bool
is_hole(const struct piece *piece, const struct sender *s)
{
	off_t data;

	if (!s->is_sparse || piece->len < DIGEST_PIECE)
		return false;
	data = lseek(s->fd, (off_t)piece->at, SEEK_DATA);
	return data == -1 ? errno == ENXIO :
	    (uint64_t)data >= piece->at + piece->len;
}

static enum status
read_whole(const struct piece *piece, const struct sender *s)
{
	uint8_t *bytes = piece->room + REMOTE_DATA_HEAD;
	size_t got = 0;
	ssize_t n;

	while (got < piece->len) {
		n = pread(s->fd, bytes + got, piece->len - got,
		    (off_t)(piece->at + got));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return status_errno("%s", s->sending->local);
		if (n == 0)
			return sender_changed(s);
		got += (size_t)n;
	}
	return STATUS_OK;
}

/* What the server holds is skipped; so is a MiB of zeros that it holds not. */
static bool
is_there(const struct piece *piece, const struct sending *sending)
{
	uint64_t number = piece->at / DIGEST_PIECE;
	uint8_t hole[DIGEST_SIZE];

	if (number < sending->pieces && sending->is_held[number])
		return memcmp(sending->held[number], piece->digest,
		    DIGEST_SIZE) == 0;
	digest_of_hole(hole);
	return memcmp(hole, piece->digest, DIGEST_SIZE) == 0;
}

enum status
piece_look(struct piece *piece, const struct sender *s)
{
	uint8_t *bytes = piece->room + REMOTE_DATA_HEAD;
	enum status st;

	piece->len = s->size - piece->at < DIGEST_PIECE ?
	    (size_t)(s->size - piece->at) : DIGEST_PIECE;
	if (is_hole(piece, s)) {
		digest_of_hole(piece->digest);
		piece->is_there = is_there(piece, s->sending);
		if (!piece->is_there)
			memset(bytes, 0, piece->len);
		return STATUS_OK;
	}
	if ((st = read_whole(piece, s)) != STATUS_OK)
		return st;
	digest_of_piece(piece->digest, bytes, piece->len);
	piece->is_there = is_there(piece, s->sending);
	return STATUS_OK;
}

enum status
piece_send(struct piece *piece, struct remote *remote,
    const struct call *call)
{
	size_t most = remote_limits(remote)->max_data, done, n;
	enum status st = STATUS_OK;

	for (done = 0; done < piece->len && st == STATUS_OK; done += n) {
		n = piece->len - done < most ? piece->len - done : most;
		*piece->moved += n;
		/* The head goes where bytes stood that were sent before. */
		st = remote_send_data(remote, call, piece->room + done,
		    piece->at + done, n);
	}
	return st == STATUS_OK ? remote_look(remote) : st;
}
