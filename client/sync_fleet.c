/* SPDX-License-Identifier: ISC */
/* sync -j: files that are moved whole go over several connections. */
#include "config.h"

#include "sync.h"

#include <stdlib.h>

#include "fleet.h"

/* What is there in another form is made use of, over one connection. */
static bool
is_whole(const struct sync *sync, const struct sync_step *step)
{
	return sync_is_to_send(sync, step) && (step->to.type != 'f' ||
	    step->to.size <= DIGEST_PIECE || step->from.size <= DIGEST_PIECE);
}

static uint64_t
size_of(void *owner, size_t number)
{
	const struct sync *sync = owner;
	const struct sync_step *step = &sync->at[number];

	return is_whole(sync, step) ? step->from.size : 0;
}

static enum status
describe(void *owner, size_t number, struct fleet_file *file)
{
	struct sync *sync = owner;
	struct sync_step *step = &sync->at[number];

	if (!is_whole(sync, step))
		return STATUS_OK;
	file->local = sync_here(sync, step->path);
	file->remote = sync_there(sync, step->path);
	file->below = step->path;
	file->size = step->from.size;
	file->moved = &step->moved;
	return file->local == NULL || file->remote == NULL ?
	    status_no_memory() : STATUS_OK;
}

static void
done(void *owner, size_t number, const struct fleet_result *result)
{
	struct sync *sync = owner;
	struct sync_step *step = &sync->at[number];
	uint64_t moved = result->moved;

	if (result->is_none)
		return;
	step->is_sent = true;
	if (sync->ops == &sync_down)
		moved = step->moved;
	/* It may have changed since it was listed, or come in part before. */
	if (result->st == STATUS_OK) {
		step->from.size = result->size;
		step->spared = moved < result->size ? result->size - moved : 0;
	}
	sync_told(sync, step, SYNC_SENT, result->st);
}

enum status
sync_send_whole(struct sync *sync)
{
	const struct download_plan plan = { .goes_on = true, .keeps = true,
	    .top = sync->top, .wait = sync->wait };
	const struct letter letter = { .may_fail = true, .keeps = true,
	    .goes_on = true, .wait = sync->wait };
	const struct fleet_work work = { .jobs = sync->jobs,
	    .count = sync->len, .describe = describe, .size = size_of,
	    .fetch = sync->ops == &sync_down ? &plan : NULL,
	    .send = sync->ops == &sync_up ? &letter : NULL,
	    .done = done, .owner = sync };

	return sync->jobs > 1 ? fleet_run(sync->client, &work) : STATUS_OK;
}
