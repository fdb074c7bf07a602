/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "sync.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board.h"

typedef enum status visit(struct sync *sync, struct sync_step *step);

static enum status
visit_step(struct sync *sync, struct sync_step *step, visit *function)
{
	if (remote_is_interrupted(sync->client->remote))
		return status_set(STATUS_CANCELLED, "interrupted");
	/* What is on its way comes to its end. */
	if (sync->is_watching &&
	    interrupt_is_pending(sync->client->interrupt))
		return STATUS_OK;
	return function(sync, step);
}

/* Folders before what is in them. */
static enum status
each(struct sync *sync, visit *function)
{
	enum status st = STATUS_OK;
	size_t i;

	for (i = 0; i < sync->len && st == STATUS_OK; i++)
		st = visit_step(sync, &sync->at[i], function);
	return st == STATUS_OK ? sync->ops->settle(sync) : st;
}

/* What is in them before the folders. */
static enum status
each_backwards(struct sync *sync, visit *function)
{
	enum status st = STATUS_OK;
	size_t i;

	for (i = sync->len; i-- > 0 && st == STATUS_OK; )
		st = visit_step(sync, &sync->at[i], function);
	return st == STATUS_OK ? sync->ops->settle(sync) : st;
}

static bool
is_done_in_folder(const struct sync_step *step)
{
	return step->what != SYNC_SAME && step->what != SYNC_LEFT &&
	    step->what != SYNC_FACTS;
}

static void
mark_touched(struct sync *sync)
{
	struct sync_step *parent;
	size_t i;

	for (i = 0; i < sync->len; i++)
		if (is_done_in_folder(&sync->at[i]) &&
		    (parent = sync_parent(sync, sync->at[i].path)) != NULL)
			parent->is_touched = true;
}

/* Bits of the target may forbid what is to be done with it. */
static enum status
open_up(struct sync *sync, struct sync_step *step)
{
	uint32_t needed = 0;

	if (step->to.type == 'd' && (step->is_touched ||
	    step->what == SYNC_GONE))
		needed = 0700;
	else if (step->to.type == 'f' && is_done_in_folder(step))
		needed = 0600;
	if ((step->to.mode & needed) == needed)
		return STATUS_OK;
	return sync->ops->set_facts(sync, step, step->to.mode | needed, NULL);
}

/*
 * Is the folder there that it goes into?  If not, that was told; what has its
 * name may be a link that a pattern hides, and lead elsewhere.
 */
static bool
has_folder(const struct sync *sync, const struct sync_step *step)
{
	const struct sync_step *parent = sync_parent(sync, step->path);

	return parent == NULL || parent->what != SYNC_LEFT;
}

static enum status
make_in_folder(struct sync *sync, struct sync_step *step)
{
	if (has_folder(sync, step))
		return sync->ops->make_folder(sync, step);
	step->what = SYNC_LEFT;
	return STATUS_OK;
}

static enum status
make_folder(struct sync *sync, struct sync_step *step)
{
	return step->what == SYNC_MAKE && !step->is_late ?
	    make_in_folder(sync, step) : STATUS_OK;
}

static enum status
make_late_folder(struct sync *sync, struct sync_step *step)
{
	return step->is_late && step->from.type == 'd' ?
	    make_in_folder(sync, step) : STATUS_OK;
}

bool
sync_is_to_send(const struct sync *sync, const struct sync_step *step)
{
	return (step->what == SYNC_NEW || step->what == SYNC_CHANGED) &&
	    !step->is_late && !step->is_sent && has_folder(sync, step);
}

static enum status
send_file(struct sync *sync, struct sync_step *step)
{
	return sync_is_to_send(sync, step) ? sync->ops->send(sync, step) :
	    STATUS_OK;
}

static enum status
send_late_file(struct sync *sync, struct sync_step *step)
{
	return step->is_late && step->from.type == 'f' &&
	    has_folder(sync, step) ?
	    sync->ops->send(sync, step) : STATUS_OK;
}

static enum status
set_facts(struct sync *sync, struct sync_step *step)
{
	return step->what == SYNC_FACTS && step->from.type == 'f' ?
	    sync->ops->set_facts(sync, step, step->from.mode,
	    &step->from.mtime) : STATUS_OK;
}

static enum status
remove_target(struct sync *sync, struct sync_step *step)
{
	return step->what == SYNC_GONE || step->what == SYNC_BLOCKED ?
	    sync->ops->remove(sync, step) : STATUS_OK;
}

/* Once nothing more comes into it. */
static enum status
finish_folder(struct sync *sync, struct sync_step *step)
{
	if (step->from.type != 'd' || step->what == SYNC_LEFT ||
	    (step->what == SYNC_SAME && !step->is_touched))
		return STATUS_OK;
	/* What was in its way may be there still. */
	if (step->is_late && sync->tally.failures > 0)
		return STATUS_OK;
	return sync->ops->set_facts(sync, step, step->from.mode,
	    &step->from.mtime);
}

/* Only after all else went well: what is gone here may have failed to come. */
static enum status
remove_all(struct sync *sync)
{
	enum status st;

	if (sync->tally.failures > 0) {
		tally_not_removed(&sync->tally, sync->ops == &sync_up ?
		    sync->remote :
		    sync->local);
		return STATUS_OK;
	}
	if ((st = each_backwards(sync, remove_target)) != STATUS_OK ||
	    sync->tally.failures > 0 ||
	    (st = each(sync, make_late_folder)) != STATUS_OK)
		return st;
	return each(sync, send_late_file);
}

static enum status
carry_out(struct sync *sync)
{
	enum status st;

	if ((st = each(sync, open_up)) == STATUS_OK &&
	    (st = each(sync, make_folder)) == STATUS_OK &&
	    (st = sync_send_whole(sync)) == STATUS_OK &&
	    (st = each(sync, send_file)) == STATUS_OK)
		st = each(sync, set_facts);
	if (st == STATUS_OK && sync->options.deletes)
		st = remove_all(sync);
	return st == STATUS_OK ? each_backwards(sync, finish_folder) : st;
}

static enum status
begin(struct sync *sync)
{
	enum status st;

	st = errands_new(&sync->errands, sync->client, sync_errand_done,
	    sync);
	if (st == STATUS_OK)
		st = inbox_new(&sync->inbox, sync->client, sync_fetched,
		    sync);
	return st;
}

/* What is still on its way would tell its outcome to a sync that is over. */
static enum status
settle_letters(struct sync *sync, enum status st)
{
	struct status_words words = { 0 };

	status_words_keep(&words, st);
	status_words_first(&words, &st,
	    outbox_settle(sync->client->outbox));
	return status_words_return(&words, st);
}

static enum status
end(struct sync *sync, enum status st)
{
	if (sync->ops == &sync_up)
		st = settle_letters(sync, st);
	if (sync->inbox != NULL)
		st = inbox_end(sync->inbox, st);
	if (sync->errands != NULL)
		st = errands_end(sync->errands, st);
	sync->inbox = NULL;
	sync->errands = NULL;
	return st;
}

/*
 * --- Only telling of it -----------------------------------------------------
 */

static enum status
pretend_to_remove(struct sync *sync, struct sync_step *step)
{
	if (step->what == SYNC_GONE || step->what == SYNC_BLOCKED)
		sync_told(sync, step, SYNC_REMOVED, STATUS_OK);
	return STATUS_OK;
}

static enum status
pretend(struct sync *sync, struct sync_step *step)
{
	if (step->what == SYNC_SAME || step->what == SYNC_LEFT ||
	    step->what == SYNC_GONE)
		return STATUS_OK;
	if (step->what == SYNC_FACTS)
		sync_told(sync, step, SYNC_SET, STATUS_OK);
	else
		sync_told(sync, step, step->from.type == 'd' ?
		    SYNC_MADE : SYNC_SENT, STATUS_OK);
	return STATUS_OK;
}

static enum status
pretend_all(struct sync *sync)
{
	enum status st = STATUS_OK;
	size_t i;

	for (i = 0; i < sync->len && st == STATUS_OK; i++)
		st = visit_step(sync, &sync->at[i], pretend);
	for (i = sync->len; i-- > 0 && st == STATUS_OK; )
		st = visit_step(sync, &sync->at[i], pretend_to_remove);
	return st;
}

static void
show_total(struct sync *sync)
{
	uint64_t files = 0, bytes = 0;
	const struct sync_step *step;

	for (step = sync->at; step < sync->at + sync->len; step++)
		if (step->from.type == 'f' && (step->what == SYNC_NEW ||
		    step->what == SYNC_CHANGED)) {
			files++;
			bytes += step->from.size;
		}
	tally_show(&sync->tally, sync->client->settings->board, files, bytes);
}

enum status
sync_run(struct sync *sync)
{
	enum status st = STATUS_OK;
	size_t i;

	if (sync->checks)
		st = sync_check(sync);
	for (i = 0; i < sync->len; i++)
		sync->same += sync->at[i].from.type == 'f' &&
		    sync->at[i].what == SYNC_SAME;
	mark_touched(sync);
	if (st != STATUS_OK)
		return st;
	if (sync->options.is_dry)
		return pretend_all(sync);
	show_total(sync);
	if ((st = begin(sync)) == STATUS_OK)
		st = carry_out(sync);
	return end(sync, st);
}

void
sync_clear(struct sync *sync)
{
	local_tree_clear(&sync->here);
	remote_tree_clear(&sync->there);
	free(sync->at);
	sync->at = NULL;
	sync->len = 0;
}
