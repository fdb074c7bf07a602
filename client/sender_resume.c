/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "sender_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* By its id, and told what the server holds. */
enum status
sender_begin_resume(struct sender *s)
{
	struct sending *sending = s->sending;
	struct ft1_frame *frame;

	sending->pieces = (s->size + DIGEST_PIECE - 1) / DIGEST_PIECE;
	sending->held = calloc(sending->pieces + 1, sizeof(*sending->held));
	sending->is_held = calloc(sending->pieces + 1, sizeof(bool));
	if (s->piece == NULL)
		s->piece = malloc(DIGEST_PIECE);
	if (sending->held == NULL || sending->is_held == NULL ||
	    s->piece == NULL)
		return status_set(STATUS_NO_MEMORY, "out of memory");
	frame = remote_request(s->remote, FT1_PUT, sending->flags,
	    sending->call);
	/* The path only says in which share to look for the upload. */
	ft1_put_string(frame, FT1_TAG_PATH, sending->path);
	ft1_put_bytes(frame, FT1_TAG_UPLOAD, sending->id, FT1_ID_SIZE);
	if (sending->wait > 0)
		ft1_put_u32(frame, FT1_TAG_WAIT_LOCK, sending->wait);
	return remote_send(s->remote);
}

enum status
sender_take_begun(struct sending *sending, const struct frame *frame)
{
	struct reply reply;
	enum status st;

	if ((st = reply_read(&reply, frame, REPLY_UPLOAD)) != STATUS_OK)
		return st;
	memcpy(sending->id, reply.upload, FT1_ID_SIZE);
	sending->begun = true;
	return STATUS_OK;
}

static enum status
malformed(void)
{
	return status_set(STATUS_PROTOCOL,
	    "the server sent a malformed list of what it holds");
}

/* Rows: a length, where the first piece begins, digests. */
enum status
sender_take_have(struct sending *sending, const struct frame *frame)
{
	const uint8_t *at = frame->payload;
	size_t left = frame->header.length, len;
	uint64_t piece;

	while (left > 0) {
		if (left < 2 || (len = (size_t)at[0] << 8 | at[1]) < 8 ||
		    left - 2 < len || (len - 8) % FT1_ID_SIZE != 0)
			return malformed();
		piece = ft1_load_u64(at + 2) / DIGEST_PIECE;
		at += 10;
		left -= 2 + len;
		for (len -= 8; len > 0; len -= FT1_ID_SIZE, piece++) {
			if (piece < sending->pieces) {
				memcpy(sending->held[piece], at, FT1_ID_SIZE);
				sending->is_held[piece] = true;
			}
			at += FT1_ID_SIZE;
		}
	}
	return STATUS_OK;
}

/* It was published before; whether it is what we have is to be seen. */
enum status
sender_take_receipt(struct sending *sending, const struct reply *reply)
{
	sending->size = reply->size;
	memcpy(sending->digest, reply->digest, FT1_ID_SIZE);
	return STATUS_OK;
}

/* A whole piece of the file. */
static enum status
read_piece(struct sender *s, size_t len)
{
	size_t got = 0;
	ssize_t n;

	while (got < len) {
		n = pread(s->fd, s->piece + got, len - got,
		    (off_t)(s->at + got));
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

static enum status
send_whole_piece(struct sender *s, size_t len)
{
	size_t most = remote_limits(s->remote)->max_data, done, n;
	enum status st = STATUS_OK;

	for (done = 0; done < len && st == STATUS_OK; done += n) {
		n = len - done < most ? len - done : most;
		memcpy(s->frame + REMOTE_DATA_HEAD, s->piece + done, n);
		st = remote_send_data(s->remote, s->sending->call, s->frame,
		    s->at + done, n);
	}
	return st == STATUS_OK ? remote_look(s->remote) : st;
}

/* What the server holds is skipped; so is a MiB of zeros that it holds not. */
static bool
is_there(const struct sender *s, const uint8_t digest[DIGEST_SIZE])
{
	uint64_t number = s->at / DIGEST_PIECE;
	uint8_t hole[DIGEST_SIZE];

	if (s->sending->is_held[number])
		return memcmp(s->sending->held[number], digest,
		    DIGEST_SIZE) == 0;
	digest_of_hole(hole);
	return memcmp(hole, digest, DIGEST_SIZE) == 0;
}

enum status
sender_send_missing(struct sender *s)
{
	uint8_t digest[DIGEST_SIZE];
	enum status st = STATUS_OK;
	size_t len;

	while (s->at < s->size && st == STATUS_OK && sender_goes_on(s)) {
		len = s->size - s->at < DIGEST_PIECE ?
		    (size_t)(s->size - s->at) : DIGEST_PIECE;
		if ((st = read_piece(s, len)) != STATUS_OK)
			return st;
		digest_of_piece(digest, s->piece, len);
		digest_update(s->digest, s->piece, len);
		if (!is_there(s, digest))
			st = send_whole_piece(s, len);
		s->at += len;
		progress_update(&s->progress, s->at);
	}
	return st;
}

/* Is what was published what the file holds now? */
enum status
sender_compare_published(struct sender *s)
{
	uint8_t published[FT1_ID_SIZE];
	enum status st = STATUS_OK;
	size_t len;

	memcpy(published, s->sending->digest, sizeof(published));
	while (s->at < s->size && st == STATUS_OK) {
		len = s->size - s->at < DIGEST_PIECE ?
		    (size_t)(s->size - s->at) : DIGEST_PIECE;
		if ((st = read_piece(s, len)) != STATUS_OK)
			return st;
		digest_update(s->digest, s->piece, len);
		s->at += len;
	}
	digest_end(s->digest, s->sending->digest);
	s->digest = NULL;
	if (s->size == s->sending->size && memcmp(published,
	    s->sending->digest, sizeof(published)) == 0)
		return STATUS_OK;
	/* No such upload of this content: it is begun anew. */
	call_fail(s->sending->call, status_set(STATUS_NOT_FOUND,
	    "%s: another content was sent before", s->sending->local));
	return STATUS_OK;
}
