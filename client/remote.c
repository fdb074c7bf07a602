/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "remote_state.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"

#define FRAME_ROOM	16384u	/* two paths, or a password, and the rest */
#define TEXT_MAX	400u	/* bytes that we repeat of the server's words */

static wire_receiver take_frame;

enum status
remote_new(struct remote **out, struct wire *wire)
{
	struct remote *remote;

	*out = NULL;
	if ((remote = calloc(1, sizeof(*remote))) == NULL ||
	    (remote->room = malloc(FRAME_ROOM)) == NULL) {
		free(remote);
		wire_free(wire);
		return status_no_memory();
	}
	remote->wire = wire;
	remote->last = &remote->first;
	remote->next_id = 1;
	remote->silence = REMOTE_SILENCE_MS;
	wire_receive_by(wire, take_frame, remote);
	*out = remote;
	return STATUS_OK;
}

void
remote_free(struct remote *remote)
{
	if (remote == NULL)
		return;
	wire_free(remote->wire);
	explicit_bzero(remote->room, FRAME_ROOM);	/* passwords */
	free(remote->room);
	free(remote->lost_text);
	free(remote->ping.text);
	free(remote);
}

void
remote_replace(struct remote *remote, struct remote *fresh)
{
	struct wire *old = remote->wire;

	remote->wire = fresh->wire;
	fresh->wire = old;
	wire_receive_by(remote->wire, take_frame, remote);
	remote->next_id = fresh->next_id;
	remote->limits = fresh->limits;
	remote->lost = STATUS_OK;
	free(remote->lost_text);
	remote->lost_text = NULL;
	remote->pinging = false;
	remote->keeps_alive = false;	/* no lock came along */
	remote->pinged = remote->heard = clock_ms();
	remote_free(fresh);
}

void
remote_interrupt_by(struct remote *remote, struct interrupt *interrupt)
{
	wire_interrupt_by(remote->wire, interrupt);
}

void
remote_give_up_after(struct remote *remote, int milliseconds)
{
	/* Half of it until it is asked, and half for the answer. */
	remote->silence = milliseconds / 2;
}

const struct limits *
remote_limits(const struct remote *remote)
{
	return &remote->limits;
}

uint32_t
remote_wait_seconds(const struct remote *remote)
{
	return remote->wait;
}

enum status
remote_lost(const struct remote *remote)
{
	if (remote->lost == STATUS_OK)
		return STATUS_OK;
	return status_set(remote->lost, "%s",
	    remote->lost_text != NULL ? remote->lost_text : "disconnected");
}

bool
remote_is_interrupted(struct remote *remote)
{
	return wire_is_interrupted(remote->wire);
}

/*
 * --- Replies ----------------------------------------------------------------
 */

static void
finish_call(struct remote *remote, struct call *call, enum status outcome)
{
	struct call **at;

	for (at = &remote->first; *at != call; at = &(*at)->next)
		;
	if ((*at = call->next) == NULL)
		remote->last = at;
	call->next = NULL;
	call->done = true;
	call->was_lost = remote->lost != STATUS_OK;
	if (call->failed)
		return;
	call->outcome = outcome;
	if (outcome != STATUS_OK)
		call->text = strdup(status_text(outcome));
}

enum status
remote_lose(struct remote *remote, enum status st)
{
	if (st == STATUS_OK || remote->lost != STATUS_OK)
		return st;
	/* Who locked something must not think that it still is. */
	if (remote->keeps_alive)
		status_add(st, "; what this session locked is free again");
	remote->lost = st;
	remote->lost_text = strdup(status_text(st));
	while (remote->first != NULL)
		finish_call(remote, remote->first, st);
	return remote_lost(remote);
}

void
remote_given_up(struct remote *remote)
{
	if (remote->lost != STATUS_CANCELLED)
		return;
	remote->lost = STATUS_UNREACHABLE;
	free(remote->lost_text);
	remote->lost_text = strdup("the connection was broken off");
}

/* Who holds what is in the way, if the server's words have not said it. */
static enum status
name_holder(enum status st, const struct span *holder)
{
	char words[TEXT_MAX + 1];

	if (holder->len == 0 || holder->len > FT1_HOLDER_MAX)
		return st;
	snprintf(words, sizeof(words), "%s", status_text(st));
	if (memmem(words, strlen(words), holder->at, holder->len) != NULL)
		return st;
	return status_set(st, "%s, held by %.*s", words, (int)holder->len,
	    (const char *)holder->at);
}

/* An ERROR frame as a status with its words. */
static enum status
error_of(const struct frame *frame, uint32_t *wait)
{
	struct reply reply;
	enum status st;

	st = reply_read(&reply, frame,
	    REPLY_CODE | REPLY_CLASS | REPLY_TEXT);
	if (st != STATUS_OK)
		return st;
	*wait = reply.wait;
	st = status_is_on_wire(reply.code) ? (enum status)reply.code :
	    STATUS_IO;
	if (reply.text.len > TEXT_MAX)
		reply.text.len = TEXT_MAX;
	status_set(st, "%.*s", (int)reply.text.len,
	    (const char *)reply.text.at);
	/* There may be a full disk on either side. */
	if (st == STATUS_NO_SPACE)
		status_add(st, "; the server's disk is full");
	return name_holder(st, &reply.holder);
}

static enum status
take_hello(struct remote *remote, const struct frame *frame)
{
	struct reply reply;
	enum status st;

	st = reply_read(&reply, frame, REPLY_VERSION | REPLY_MAX_REQUEST |
	    REPLY_MAX_DATA | REPLY_PIPELINE | REPLY_SMALL_UPLOAD |
	    REPLY_IDLE_SECONDS | REPLY_METHODS);
	if (st != STATUS_OK)
		return st;
	if (remote->limits.known || reply.version != FT1_VERSION ||
	    reply.max_data <= FT1_OFFSET_SIZE)
		return status_set(STATUS_PROTOCOL,
		    "the server's hello makes no sense");
	if (reply.max_data > FT1_MAX_DATA)
		reply.max_data = FT1_MAX_DATA;
	remote->limits.max_data = reply.max_data - FT1_OFFSET_SIZE;
	remote->limits.small_upload = reply.small_upload;
	remote->limits.idle_seconds = reply.idle_seconds;
	remote->limits.features = reply.features;
	remote->limits.known = true;
	return STATUS_OK;
}

/* A frame about the connection itself. */
static enum status
take_own_frame(struct remote *remote, const struct frame *frame)
{
	if (frame->header.type == FT1_HELLO)
		return take_hello(remote, frame);
	if (frame->header.type == FT1_ERROR)
		return error_of(frame, &remote->wait);
	return status_set(STATUS_PROTOCOL,
	    "the server sent a frame of type %u for no request",
	    frame->header.type);
}

/* An OK without fields that anybody asked for. */
static enum status
take_plain_ok(const struct frame *frame)
{
	struct reply reply;

	return reply_read(&reply, frame, 0);
}

static enum status
take_final(struct remote *remote, struct call *call,
    const struct frame *frame)
{
	enum status st;

	if (frame->header.type == FT1_ERROR)
		st = error_of(frame, &call->wait);
	else if (call->failed)
		st = STATUS_OK;
	else if (call->receiver == NULL)
		st = take_plain_ok(frame);
	else
		st = call->receiver(call, frame);
	if (st == STATUS_PROTOCOL)
		return st;
	finish_call(remote, call, st);
	return STATUS_OK;
}

void
call_fail(struct call *call, enum status st)
{
	if (call->failed)
		return;
	free(call->text);	/* of an ERROR that came meanwhile */
	call->text = strdup(status_text(st));
	call->failed = true;
	call->outcome = st;
}

static enum status
take_interim(struct call *call, const struct frame *frame)
{
	enum status st;

	if (call->receiver == NULL)
		return status_set(STATUS_PROTOCOL,
		    "the server sent a frame of type %u that was not asked for",
		    frame->header.type);
	if (call->failed)
		return STATUS_OK;
	st = call->receiver(call, frame);
	if (st == STATUS_OK || st == STATUS_PROTOCOL)
		return st;
	call_fail(call, st);
	return STATUS_OK;
}

static enum status
take_frame(void *owner, const struct frame *frame)
{
	struct remote *remote = owner;
	struct call *call;

	if (frame->header.id == 0)
		return take_own_frame(remote, frame);
	for (call = remote->first; call != NULL; call = call->next)
		if (call->id == frame->header.id)
			break;
	if (call == NULL)
		return status_set(STATUS_PROTOCOL,
		    "the server answered a request that was not made");
	switch (frame->header.type) {
	case FT1_OK:
	case FT1_ERROR:
		return take_final(remote, call, frame);
	case FT1_CHALLENGE:
	case FT1_DATA:
	case FT1_ENTRIES:
	case FT1_BEGUN:
	case FT1_HELD:
	case FT1_UPLOADS_HELD:
	case FT1_HAVE:
	case FT1_DIGESTS:
	case FT1_MEMBERS:
		return take_interim(call, frame);
	}
	return status_set(STATUS_PROTOCOL,
	    "the server sent a frame of unknown type %u", frame->header.type);
}

/*
 * --- Requests ---------------------------------------------------------------
 */

struct ft1_frame *
remote_more(struct remote *remote, enum ft1_type type, uint8_t flags,
    const struct call *call)
{
	struct ft1_header header = { .type = (uint8_t)type, .flags = flags,
	    .id = call == NULL ? 0 : call->id };

	ft1_frame_begin(&remote->frame, remote->room, FRAME_ROOM, &header);
	return &remote->frame;
}

struct ft1_frame *
remote_request(struct remote *remote, enum ft1_type type, uint8_t flags,
    struct call *call)
{
	call->id = remote->next_id++;
	if (remote->next_id == 0)
		remote->next_id = 1;
	call->done = call->failed = call->cancelled = false;
	call->outcome = STATUS_OK;
	call->next = NULL;
	*remote->last = call;
	remote->last = &call->next;
	if (remote->lost != STATUS_OK) {
		(void)remote_lost(remote);
		finish_call(remote, call, remote->lost);
	}
	return remote_more(remote, type, flags, call);
}

enum status
remote_send(struct remote *remote)
{
	size_t len = ft1_frame_end(&remote->frame);

	if (remote->lost != STATUS_OK)
		return remote_lost(remote);
	/* Paths are bounded before they come here. */
	if (len == 0)
		return remote_lose(remote, status_set(STATUS_BAD_REQUEST,
		    "the request is too long"));
	return remote_lose(remote, wire_send(remote->wire, remote->room, len));
}

enum status
remote_send_data(struct remote *remote, const struct call *call,
    uint8_t *frame, uint64_t offset, size_t len)
{
	struct ft1_header header = { .type = FT1_DATA, .id = call->id,
	    .length = (uint32_t)(FT1_OFFSET_SIZE + len) };

	if (remote->lost != STATUS_OK)
		return remote_lost(remote);
	ft1_header_write(frame, &header);
	ft1_store_u64(frame + FT1_HEADER_SIZE, offset);
	return remote_lose(remote, wire_send(remote->wire, frame,
	    REMOTE_DATA_HEAD + len));
}

enum status
remote_look(struct remote *remote)
{
	if (remote->lost != STATUS_OK)
		return remote_lost(remote);
	return remote_lose(remote, wire_look(remote->wire));
}

enum status
remote_push(struct remote *remote)
{
	if (remote->lost != STATUS_OK)
		return remote_lost(remote);
	return remote_lose(remote, wire_push(remote->wire));
}
