/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "sender_state.h"

#include <stdlib.h>
#include <string.h>

#include "sender_piece.h"

enum status
sender_make_room(struct sender *s)
{
	struct sending *sending = s->sending;

	sending->pieces = (s->size + DIGEST_PIECE - 1) / DIGEST_PIECE;
	sending->held = calloc(sending->pieces + 1, sizeof(*sending->held));
	sending->is_held = calloc(sending->pieces + 1, sizeof(bool));
	if (s->piece == NULL)
		s->piece = malloc(PIECE_ROOM);
	if (sending->held == NULL || sending->is_held == NULL ||
	    s->piece == NULL)
		return status_no_memory();
	return STATUS_OK;
}

enum status
sender_begin_resume(struct sender *s)
{
	struct sending *sending = s->sending;
	struct ft1_frame *frame;
	enum status st;

	if ((st = sender_make_room(s)) != STATUS_OK)
		return st;
	frame = remote_request(s->remote, FT1_PUT, sending->flags,
	    sending->call);
	/* The path only says in which share to look for the upload. */
	ft1_put_string(frame, FT1_TAG_PATH, sending->path);
	ft1_put_bytes(frame, FT1_TAG_UPLOAD, sending->id, FT1_ID_SIZE);
	if (sending->wait > 0)
		ft1_put_u32(frame, FT1_TAG_WAIT_LOCK, sending->wait);
	if (sending->has_tree)
		ft1_put_bytes(frame, FT1_TAG_TREE, sending->tree,
		    FT1_ID_SIZE);
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
	return reply_malformed(
	    "a malformed list of what it holds");
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

enum status
sender_send_missing(struct sender *s)
{
	struct piece piece = { .room = s->piece,
	    .moved = &s->sending->moved };
	enum status st = STATUS_OK;

	while (s->at < s->size && st == STATUS_OK && sender_goes_on(s)) {
		piece.at = s->at;
		if ((st = piece_look(&piece, s)) != STATUS_OK)
			return st;
		digest_add(s->digest, piece.digest);
		s->at += piece.len;
		digest_jump(s->digest, s->at);
		if (piece.is_there)
			progress_brought(&s->progress, piece.len);
		else
			st = piece_send(&piece, s->remote, s->sending->call);
		progress_update(&s->progress, s->at);
	}
	return st;
}

/* Is what was published what the file holds now? */
enum status
sender_compare_published(struct sender *s)
{
	uint8_t published[FT1_ID_SIZE];
	struct piece piece = { .room = s->piece };
	enum status st = STATUS_OK;

	memcpy(published, s->sending->digest, sizeof(published));
	while (s->at < s->size && st == STATUS_OK) {
		piece.at = s->at;
		if ((st = piece_look(&piece, s)) != STATUS_OK)
			return st;
		digest_add(s->digest, piece.digest);
		s->at += piece.len;
	}
	digest_jump(s->digest, s->size);
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
