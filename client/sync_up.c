/* SPDX-License-Identifier: ISC */
/* A folder of the server is made like one here. */
#include "config.h"

#include "sync.h"

#include <stdlib.h>
#include <string.h>

#include "paths.h"
#include "sender.h"

/*
 * --- Small requests ---------------------------------------------------------
 */

static enum sync_deed
deed_of(enum ft1_type type)
{
	return type == FT1_MKDIR ? SYNC_MADE :
	    type == FT1_TOUCH ? SYNC_SET : SYNC_REMOVED;
}

void
sync_errand_done(void *owner, const struct errand *errand, enum status st)
{
	struct sync *sync = owner;
	enum sync_deed deed = deed_of(errand->type);

	/* Somebody was quicker, or the answer was lost. */
	if (deed == SYNC_REMOVED && st == STATUS_NOT_FOUND)
		st = STATUS_OK;
	if (errand->type == FT1_RMDIR && st == STATUS_NOT_EMPTY) {
		sync_not_empty(sync, &sync->at[errand->number]);
		return;
	}
	sync_told(sync, &sync->at[errand->number], deed, st);
}

static enum status
run_errand(struct sync *sync, const struct sync_step *step,
    struct errand *errand)
{
	char *path = sync_there(sync, step->path);
	enum status st;

	errand->path = path;
	errand->number = (size_t)(step - sync->at);
	st = path == NULL ? status_no_memory() :
	    errands_add(sync->errands, errand);
	free(path);
	return st;
}

static enum status
make_folder(struct sync *sync, struct sync_step *step)
{
	/* What goes into it needs the owner's bits. */
	struct errand errand = { .type = FT1_MKDIR, .has_parents = true,
	    .has_mode = true, .mode = step->from.mode | 0700 };

	return run_errand(sync, step, &errand);
}

static enum status
set_facts(struct sync *sync, struct sync_step *step, uint32_t mode,
    const struct file_time *time)
{
	struct errand errand = { .type = FT1_TOUCH, .has_mode = true,
	    .mode = mode, .has_time = time != NULL, .wait = sync->wait };

	if (time != NULL)
		errand.time = *time;
	return run_errand(sync, step, &errand);
}

static enum status
remove_target(struct sync *sync, struct sync_step *step)
{
	struct errand errand = { .wait = sync->wait,
	    .type = step->to.type == 'd' ? FT1_RMDIR : FT1_RM };

	return run_errand(sync, step, &errand);
}

/*
 * --- Files ------------------------------------------------------------------
 */

static struct sync_step *
step_of(struct sync *sync, const struct sending *sending)
{
	size_t len = strlen(sync->remote);
	const char *path = sending->path;

	if (strcmp(sync->remote, ".") != 0)
		path += len + (sync->remote[len - 1] != '/');
	return sync_find(sync, path);
}

void
sync_letter_sent(struct letter_watch *watch, const struct sending *sending)
{
	struct sync *sync = (struct sync *)watch;
	struct sync_step *step = step_of(sync, sending);

	/* It may have grown since it was listed, and some of it come twice. */
	step->from.size = sending->size;
	step->spared = sending->moved < sending->size ?
	    sending->size - sending->moved : 0;
	sync_told(sync, step, SYNC_SENT, STATUS_OK);
}

void
sync_letter_failed(struct letter_watch *watch, const struct sending *sending,
    enum status st)
{
	struct sync *sync = (struct sync *)watch;

	/* All that is on its way is cancelled at once. */
	if (st != STATUS_CANCELLED)
		sync_told(sync, step_of(sync, sending), SYNC_SENT, st);
}

static enum status
send_file(struct sync *sync, struct sync_step *step)
{
	struct letter letter = { .may_fail = true, .keeps = true,
	    .goes_on = true, .wait = sync->wait, .watch = &sync->watch,
	    .has_basis = step->to.type == 'f' && !step->is_late };
	char *local = sync_here(sync, step->path);
	char *remote = sync_there(sync, step->path);
	enum status st;

	letter.local = local;
	letter.remote = remote;
	st = local == NULL || remote == NULL ? status_no_memory() :
	    outbox_add(sync->client->outbox, &letter);
	if (st != STATUS_OK && st != STATUS_CANCELLED &&
	    st != STATUS_NO_MEMORY &&
	    remote_lost(sync->client->remote) == STATUS_OK) {
		sync_told(sync, step, SYNC_SENT, st);
		st = STATUS_OK;
	}
	free(local);
	free(remote);
	return st;
}

static enum status
settle(struct sync *sync)
{
	enum status st = outbox_settle(sync->client->outbox);

	if (st == STATUS_OK)
		st = errands_settle(sync->errands);
	if (st == STATUS_OK && remote_is_interrupted(sync->client->remote))
		st = status_set(STATUS_CANCELLED, "interrupted");
	return st;
}

const struct sync_ops sync_up = { make_folder, send_file, set_facts,
	remove_target, settle };
