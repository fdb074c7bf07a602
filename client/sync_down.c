/* SPDX-License-Identifier: ISC */
/* A folder here is made like one of the server. */
#include "config.h"

#include "sync.h"

#include <stdlib.h>

#include "below.h"

static enum status
make_folder(struct sync *sync, struct sync_step *step)
{
	sync_told(sync, step, SYNC_MADE,
	    below_make_folder(sync->top, step->path, 0700));
	return STATUS_OK;
}

static enum status
set_facts(struct sync *sync, struct sync_step *step, uint32_t mode,
    const struct file_time *time)
{
	sync_told(sync, step, SYNC_SET,
	    below_set_facts(sync->top, step->path, mode, time));
	return STATUS_OK;
}

static enum status
remove_target(struct sync *sync, struct sync_step *step)
{
	bool is_folder = step->to.type == 'd';
	enum status st = below_remove(sync->top, step->path, is_folder);

	if (is_folder && st == STATUS_NOT_EMPTY)
		sync_not_empty(sync, step);
	else
		sync_told(sync, step, SYNC_REMOVED, st);
	return STATUS_OK;
}

void
sync_fetched(void *owner, size_t number, uint64_t size, enum status st)
{
	struct sync *sync = owner;
	struct sync_step *step = &sync->at[number];
	uint64_t moved = step->moved;

	/* It may have changed since it was listed. */
	if (st == STATUS_OK) {
		step->from.size = size;
		step->spared = moved < size ? size - moved : 0;
	}
	sync_told(sync, step, SYNC_SENT, st);
}

static enum status
fetch(struct sync *sync, struct sync_step *step)
{
	struct download_plan plan = { .goes_on = true, .keeps = true,
	    .top = sync->top, .below = step->path, .wait = sync->wait,
	    .has_basis = step->to.type == 'f' && !step->is_late &&
	    step->to.size > DIGEST_PIECE && step->from.size > DIGEST_PIECE,
	    .moved = &step->moved };
	char *remote = sync_there(sync, step->path);
	char *local = sync_here(sync, step->path);
	enum status st;

	plan.path = remote;
	plan.local = local;
	st = remote == NULL || local == NULL ?
	    status_no_memory() :
	    inbox_add(sync->inbox, &plan, (size_t)(step - sync->at));
	free(remote);
	free(local);
	return st;
}

static enum status
settle(struct sync *sync)
{
	return inbox_settle(sync->inbox);
}

const struct sync_ops sync_down = { make_folder, fetch, set_facts,
	remove_target, settle };
