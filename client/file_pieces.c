/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "file_pieces.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "download_state.h"

/* The first is soon there; the others are seldom waited for. */
#define FIRST	(UINT64_C(1) << 18)
#define MOST	(UINT64_C(1) << 22)

struct file_pieces {
	struct client	*client;	/* borrowed */
	const char	*path;		/* borrowed */
	uint32_t	 wait;		/* seconds, for locks of others */
	bool		 has_version;	/* the first piece has come */
	uint8_t		 version[FT1_ID_SIZE];
	uint64_t	 size;		/* of the file */
	uint64_t	 offset;	/* of the piece that comes */
	uint64_t	 most;		/* bytes that are asked for */
	uint64_t	 expected;	/* bytes that there are of them */
	struct digest	*digest;	/* owned; of what has come of them */
	size_t		 held;		/* bytes of the piece before */
	size_t		 len;		/* with those; of a whole piece */
	uint8_t		 bytes[FILE_PIECES_HELD + MOST];
};

enum status
file_pieces_new(struct file_pieces **out, struct client *client,
    const char *path, uint32_t wait)
{
	struct file_pieces *p;

	*out = NULL;
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return status_no_memory();
	p->client = client;
	p->path = path;
	p->wait = wait;
	p->most = FIRST;
	*out = p;
	return STATUS_OK;
}

static enum status
take_begun(struct file_pieces *p, const struct frame *frame)
{
	struct reply reply;
	enum status st;

	st = reply_read(&reply, frame, REPLY_SIZE | REPLY_MODE | REPLY_MTIME |
	    REPLY_VERSION_NOW);
	if (st != STATUS_OK)
		return st;
	if (p->digest != NULL)
		return reply_malformed("two beginnings of one file");
	if (p->has_version && (reply.size != p->size ||
	    memcmp(reply.version_now, p->version, FT1_ID_SIZE) != 0))
		return reply_malformed("another version than was asked for");
	if ((p->digest = digest_begin(p->offset)) == NULL)
		return status_no_memory();
	p->size = reply.size;
	memcpy(p->version, reply.version_now, FT1_ID_SIZE);
	p->expected = p->size - p->offset < p->most ? p->size - p->offset :
	    p->most;
	return STATUS_OK;
}

/* A hole up to that offset of the file. */
static void
skip_to(struct file_pieces *p, uint64_t offset)
{
	uint64_t at = digest_offset(p->digest);

	memset(p->bytes + p->held + (at - p->offset), 0,
	    (size_t)(offset - at));
	digest_skip(p->digest, offset - at);
}

static enum status
take_data(struct file_pieces *p, const struct frame *frame)
{
	const uint8_t *bytes = frame->payload + FT1_OFFSET_SIZE;
	uint64_t offset, end = p->offset + p->expected;
	size_t len;

	if (p->digest == NULL || frame->header.length <= FT1_OFFSET_SIZE)
		return reply_malformed("data where none can be");
	offset = ft1_load_u64(frame->payload);
	len = frame->header.length - FT1_OFFSET_SIZE;
	if (offset < digest_offset(p->digest) || offset > end ||
	    len > end - offset)
		return reply_malformed(
		    "data out of order or behind the end");
	skip_to(p, offset);
	memcpy(p->bytes + p->held + (offset - p->offset), bytes, len);
	digest_update(p->digest, bytes, len);
	return STATUS_OK;
}

static enum status
take_piece(struct call *call, const struct frame *frame)
{
	struct file_pieces *p = call->owner;

	switch (frame->header.type) {
	case FT1_BEGUN:	return take_begun(p, frame);
	case FT1_DATA:	return take_data(p, frame);
	case FT1_OK:
		if (p->digest != NULL)
			skip_to(p, p->offset + p->expected);
		return download_check_end(&p->digest, frame, p->expected,
		    p->path);
	}
	return reply_unexpected(frame, "a get");
}

static void
ask(struct file_pieces *p, struct call *call)
{
	struct remote *remote = p->client->remote;
	struct ft1_frame *frame;

	digest_drop(p->digest);
	p->digest = NULL;
	p->expected = 0;
	frame = remote_request(remote, FT1_GET, 0, call);
	ft1_put_string(frame, FT1_TAG_PATH, p->path);
	if (p->offset > 0)
		ft1_put_u64(frame, FT1_TAG_OFFSET, p->offset);
	ft1_put_u64(frame, FT1_TAG_LENGTH, p->most);
	if (p->has_version)
		ft1_put_bytes(frame, FT1_TAG_IF_VERSION, p->version,
		    FT1_ID_SIZE);
	if (p->wait > 0)
		ft1_put_u32(frame, FT1_TAG_WAIT_LOCK, p->wait);
	(void)remote_send(remote);
}

/* Again over another connection, if this one is lost meanwhile. */
static enum status
fetch(struct file_pieces *p, int fd)
{
	struct call call = { .receiver = take_piece, .owner = p };
	struct remote *remote = p->client->remote;
	enum status st;

	do {
		ask(p, &call);
		remote_await_beside(remote, &call, fd);
		if (!call.done && remote_lost(remote) == STATUS_OK)
			call_fail(&call, status_set(STATUS_CANCELLED,
			    "nobody wants it any more"));
		st = remote_wait(remote, &call);
	} while (revive_is_loss(st) && p->has_version &&
	    revive_after(&p->client->revive, remote, &call, st) == STATUS_OK);
	return st;
}

enum status
file_pieces_next(struct file_pieces *p, size_t held, int fd)
{
	enum status st;

	assert(held <= FILE_PIECES_HELD && held <= p->len);
	memmove(p->bytes, p->bytes + p->len - held, held);
	p->held = p->len = held;
	st = fetch(p, fd);
	/* A file that is shorter now ends before the piece begins. */
	if (p->has_version &&
	    (st == STATUS_PRECONDITION || st == STATUS_BAD_REQUEST))
		return status_set(STATUS_PRECONDITION,
		    "it was changed while it was shown");
	if (st != STATUS_OK)
		return st;
	revive_rest(&p->client->revive);
	p->has_version = true;
	p->len += (size_t)p->expected;
	p->offset += p->expected;
	p->most = p->most < MOST / 2 ? 2 * p->most : MOST;
	return STATUS_OK;
}

const uint8_t *
file_pieces_bytes(const struct file_pieces *p, size_t *len)
{
	*len = p->len;
	return p->bytes;
}

bool
file_pieces_at_end(const struct file_pieces *p)
{
	return p->has_version && p->offset == p->size;
}

void
file_pieces_free(struct file_pieces *p)
{
	if (p == NULL)
		return;
	digest_drop(p->digest);
	free(p);
}
