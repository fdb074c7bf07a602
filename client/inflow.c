/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "inflow.h"

#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "inflow_state.h"

#define DONE_MOST	262144u	/* more are fetched again */

bool
inflow_is_known(const struct client *client)
{
	return (remote_limits(client->remote)->features &
	    FT1_FEATURE_GET_TREE) != 0;
}

enum status
inflow_new(struct inflow **out, struct client *client, struct tally *tally,
    const struct inflow_plan *plan)
{
	struct inflow *in = calloc(1, sizeof(*in));
	enum status st;

	*out = NULL;
	if (in == NULL)
		return status_no_memory();
	in->client = client;
	in->tally = tally;
	in->plan = *plan;
	if ((st = nest_open(&in->nest, plan->local)) != STATUS_OK) {
		inflow_free(in);
		return st;
	}
	*out = in;
	return STATUS_OK;
}

void
inflow_free(struct inflow *in)
{
	if (in == NULL)
		return;
	inflow_drop_file(in);
	nest_close(in->nest);
	free(in->levels);
	free(in->done);
	free(in->kept);
	free(in);
}

enum status
inflow_malformed(const char *what)
{
	return status_set(STATUS_PROTOCOL, "the server sent %s", what);
}

/*
 * --- What is done, for who goes on ------------------------------------------
 */

static void
key_of(uint8_t key[DIGEST_SIZE], const char *path, const uint8_t *version)
{
	char text[FT1_PATH_MAX + 1 + FT1_ID_SIZE];
	size_t len = strlen(path);

	memcpy(text, path, len);
	memset(text + len, 0, FT1_ID_SIZE + 1);
	if (version != NULL)
		memcpy(text + len + 1, version, FT1_ID_SIZE);
	digest_of_piece(key, text, len + 1 + FT1_ID_SIZE);
}

void
inflow_note(struct inflow *in, const char *path, const uint8_t *version)
{
	size_t room = in->done_room * 2 + 256;
	inflow_key *more;

	if (in->done_len == in->done_room) {
		if (room > DONE_MOST ||
		    (more = realloc(in->done, room * sizeof(*more))) == NULL)
			return;		/* it is only fetched again */
		in->done = more;
		in->done_room = room;
	}
	key_of(in->done[in->done_len++], path, version);
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, DIGEST_SIZE);
}

static bool
is_noted(const struct inflow *in, const char *path, const uint8_t *version)
{
	uint8_t key[DIGEST_SIZE];

	key_of(key, path, version);
	return in->done_len > 0 && bsearch(key, in->done, in->done_len,
	    sizeof(*in->done), compare) != NULL;
}

bool
inflow_has(const struct inflow *in, const struct remote_entry *entry)
{
	return in != NULL && (is_noted(in, entry->path, entry->id) ||
	    is_noted(in, entry->path, NULL));
}

bool
inflow_has_some(const struct inflow *in, const struct remote_entry *entry)
{
	return in != NULL && in->kept != NULL &&
	    strcmp(in->kept, entry->path) == 0;
}

/*
 * --- The request ------------------------------------------------------------
 */

static enum status
take_end(struct inflow *in, const struct frame *frame)
{
	struct reply reply;
	enum status st;

	st = reply_read(&reply, frame, REPLY_COUNT | REPLY_SIZE);
	if (st != STATUS_OK)
		return st;
	if (in->has_file)
		return inflow_malformed("the end within a file");
	if (reply.count != in->count)
		return inflow_malformed("fewer files than it found");
	inflow_leave_all(in);
	return STATUS_OK;
}

static enum status
take(struct call *call, const struct frame *frame)
{
	struct inflow *in = call->owner;

	switch (frame->header.type) {
	case FT1_MEMBERS:	return inflow_take_rows(in, frame);
	case FT1_DATA:		return inflow_take_data(in, frame);
	case FT1_OK:		return take_end(in, frame);
	}
	return status_set(STATUS_PROTOCOL, "the server answered a get of a "
	    "folder with a frame of type %u", frame->header.type);
}

enum status
inflow_run(struct inflow *in, bool *is_lost)
{
	struct client *client = in->client;
	struct call call = { .receiver = take, .owner = in };
	struct ft1_frame *frame;
	enum status st;

	*is_lost = false;
	frame = remote_request(client->remote, FT1_GET_TREE, 0, &call);
	ft1_put_string(frame, FT1_TAG_PATH, in->plan.path);
	if (in->plan.wait > 0)
		ft1_put_u32(frame, FT1_TAG_WAIT_LOCK, in->plan.wait);
	st = remote_finish(client->remote, &call);
	if (st == STATUS_OK || !revive_is_loss(st)) {
		inflow_drop_file(in);
		return st;
	}
	inflow_keep_file(in);
	st = revive_after(&client->revive, client->remote, &call, st);
	*is_lost = st == STATUS_OK;
	if (in->done_len > 1)
		qsort(in->done, in->done_len, sizeof(*in->done), compare);
	return st;
}
