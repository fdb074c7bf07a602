/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "ft1_state.h"

#include "command.h"
#include "ft1_decode.h"
#include "waiter.h"

static struct lock_line *
line_of(const struct ft1 *ft1)
{
	return ft1->client->services->lock_line;
}

static void
count(struct ft1 *ft1, const struct waiter *waiter, bool more)
{
	size_t n = more ? 1 : (size_t)-1;

	ft1->waiting += n;
	if (waiter->is_lock)
		ft1->waiting_locks += n;
}

bool
ft1_wait(struct ft1 *ft1, uint32_t id)
{
	struct waiter *waiter = ft1->answer.waiter;
	enum status st;

	ft1->answer.waiter = NULL;
	if (waiter == NULL)
		return false;
	/* It may come back before this returns, but not be read. */
	count(ft1, waiter, true);
	st = waiter_submit(waiter, line_of(ft1), ft1->client->mailbox, id);
	if (st == STATUS_OK)
		return true;
	count(ft1, waiter, false);
	waiter->ops->resume(waiter, &ft1->answer.answer, st);
	return false;
}

void
ft1_take_waiter(struct ft1 *ft1, struct letter *letter)
{
	struct waiter *waiter = (struct waiter *)letter;
	bool is_upload = waiter->is_upload, chained = waiter->chained;
	uint32_t id = waiter->wait.id;

	count(ft1, waiter, false);
	if (is_upload)
		ft1_answer_begin_put(&ft1->answer, id, chained,
		    ft1->client->former);
	else
		ft1_answer_begin(&ft1->answer, id);
	ft1->answer.producer = NULL;
	ft1->answer.consumer = NULL;
	ft1->producer_id = id;
	waiter_resume(waiter, &ft1->answer.answer);
	ft1_answer_close_rows(&ft1->answer);
	ft1->producer = ft1->answer.producer;
	if (is_upload)
		ft1_upload_begun(ft1, id, chained);
}

bool
ft1_waits(const struct ft1 *ft1, const struct ft1_header *header)
{
	if (ft1->waiting == 0)
		return false;
	if (header->type == FT1_UNLOCK && (header->flags & FT1_NOW) != 0)
		return false;
	/* Several locks may be waited for at a time. */
	return ft1->waiting > ft1->waiting_locks ||
	    header->type != FT1_LOCK || (header->flags & FT1_CHAINED) != 0;
}

void
ft1_cancel_waits(struct ft1 *ft1, uint32_t id)
{
	if (ft1->client->former != NULL)
		batch_former_cancel(ft1->client->former, id);
	/* In the order in which a waiter goes from one to the other. */
	flush_line_cancel(ft1->client->services->flush_line,
	    ft1->client->mailbox, id);
	lock_line_cancel(line_of(ft1), ft1->client->mailbox, id);
}

bool
ft1_unlock_now(struct ft1 *ft1, const struct ft1_header *header,
    const uint8_t *payload)
{
	bool failed = ft1->answer.failed, had_caller = ft1->has_caller;
	struct request request;

	if (ft1->stage != FT1_STAGE_IN || ft1->stopping != STATUS_OK ||
	    ft1_decode_request(&request, header, payload) != FT1_GOOD)
		return false;
	ft1_answer_begin(&ft1->answer, header->id);
	if (ft1_find_caller(ft1, header->id))
		command_run(&ft1->caller, &request);
	if (!had_caller)
		ft1_forget_caller(ft1);
	/* It is no part of the row that it has overtaken. */
	ft1->answer.failed = failed;
	return true;
}
