/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "inflow.h"

#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "inflow_state.h"

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

static enum status
take_end(struct inflow *in, const struct frame *frame)
{
	struct reply reply;
	enum status st;

	st = reply_read(&reply, frame, REPLY_COUNT | REPLY_SIZE);
	if (st != STATUS_OK)
		return st;
	if (in->has_file)
		return reply_malformed("the end within a file");
	if (reply.count != in->count)
		return reply_malformed("fewer files than it found");
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

/* Counting is work for the server: only if somebody looks. */
static bool
wants_total(const struct inflow *in)
{
	const struct remote *remote = in->client->remote;

	return in->client->settings->board != NULL &&
	    (remote_limits(remote)->features & FT1_FEATURE_TOTAL) != 0;
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
	if (wants_total(in))
		ft1_put_bytes(frame, FT1_TAG_TOTAL_WANTED, "", 0);
	st = remote_finish(client->remote, &call);
	if (st == STATUS_OK || !revive_is_loss(st)) {
		inflow_drop_file(in);
		return st;
	}
	inflow_keep_file(in);
	st = revive_after(&client->revive, client->remote, &call, st);
	*is_lost = st == STATUS_OK;
	inflow_sort_done(in);
	return st;
}
