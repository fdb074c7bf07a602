/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "outbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "digest.h"
#include "go_on.h"
#include "ledger.h"
#include "outbox_item.h"
#include "paths.h"
#include "patience.h"
#include "report.h"
#include "sender.h"
#include "show.h"

#define WINDOW	512	/* files that may await their answers */

struct outbox {
	struct remote	*remote;	/* borrowed */
	const struct command_line *settings;	/* borrowed */
	struct interrupt *interrupt;	/* borrowed */
	struct revive	*revive;	/* borrowed */
	struct sender	*sender;	/* owned */
	struct item	*first;		/* owned; in the order of sending */
	struct item	**last;
	size_t		 len;
	bool		 has_strict;	/* one here may not fail */
	bool		 last_may_fail;
	char		*blame;		/* owned */
};

enum status
outbox_new(struct outbox **out, struct remote *remote,
    struct revive *revive)
{
	struct outbox *outbox;
	enum status st;

	*out = NULL;
	if ((outbox = calloc(1, sizeof(*outbox))) == NULL)
		return status_no_memory();
	outbox->remote = remote;
	outbox->settings = revive->settings;
	outbox->interrupt = revive->interrupt;
	outbox->revive = revive;
	outbox->last = &outbox->first;
	st = sender_new(&outbox->sender, remote, revive);
	if (st == STATUS_OK)
		*out = outbox;
	else
		free(outbox);
	return st;
}

/* It waits no more for its answer: it is counted now, or sent again. */
static void
wait_no_more(const struct outbox *outbox, struct item *item)
{
	board_hold(outbox->settings->board, -(int64_t)item->waits);
	item->waits = 0;
}

static void
drop_first(struct outbox *outbox)
{
	struct item *item = outbox->first;

	wait_no_more(outbox, item);
	if ((outbox->first = item->next) == NULL) {
		outbox->last = &outbox->first;
		outbox->has_strict = false;
	}
	outbox->len--;
	outbox_item_free(item);
}

void
outbox_free(struct outbox *outbox)
{
	if (outbox == NULL)
		return;
	while (outbox->first != NULL)
		drop_first(outbox);
	sender_free(outbox->sender);
	free(outbox->blame);
	free(outbox);
}

struct sender *
outbox_sender(struct outbox *outbox)
{
	return outbox->sender;
}

const char *
outbox_blame(const struct outbox *outbox)
{
	return outbox->blame;
}

static void
set_blame(struct outbox *outbox, const char *name)
{
	free(outbox->blame);
	outbox->blame = strdup(name);
}

/*
 * --- Answers ----------------------------------------------------------------
 */

/* The final OK: the server has what we read. */
static enum status
check_receipt(struct item *item, const struct frame *frame)
{
	const struct sending *sent = &item->sending;
	struct reply reply;
	enum status st;

	st = reply_read(&reply, frame, REPLY_SIZE | REPLY_VERSION_NOW |
	    REPLY_DIGEST | REPLY_UPLOAD | REPLY_TIME);
	if (st != STATUS_OK)
		return st;
	receipt_read(&item->receipt, &reply);
	if (sent->resumes && !sent->begun)
		return sender_take_receipt(&item->sending, &reply);
	if (reply.size != sent->size ||
	    memcmp(reply.digest, sent->digest, FT1_ID_SIZE) != 0)
		return status_set(STATUS_DIGEST,
		    "the server stored something else than was sent");
	return STATUS_OK;
}

static enum status
take_answer(struct call *call, const struct frame *frame)
{
	struct item *item = call->owner;

	if (frame->header.type == FT1_OK)
		return check_receipt(item, frame);
	if (frame->header.type == FT1_BEGUN)
		return sender_take_begun(&item->sending, frame);
	if (frame->header.type == FT1_HAVE)
		return sender_take_have(&item->sending, frame);
	return reply_unexpected(frame, "a put");
}

static void
tell(const struct outbox *outbox, struct item *item)
{
	char folder[DIGEST_HEX_SIZE];
	struct ledger_key key;
	bool told = false;

	wait_no_more(outbox, item);
	if (item->sending.has_id) {
		sender_key(&key, folder, outbox->revive, &item->sending);
		ledger_forget(&key);
	}
	item->sending.is_async = item->receipt.is_async;
	if (item->watch != NULL)
		item->watch->sent(item->watch, &item->sending);
	/* What is sent in a folder as one has no receipt of its own. */
	if (!item->sending.has_tree)
		told = report_receipt(outbox->revive, item->sending.path,
		    item->sending.size, &item->receipt);
	if (told || outbox->settings->quiet || item->watch != NULL)
		return;
	fputs("put ", stdout);
	show_string(stdout, item->sending.path);
	printf(" %" PRIu64 " bytes", item->sending.size);
	if (item->sending.has_basis)
		printf(", %" PRIu64 " of them sent", item->sending.moved);
	puts(item->receipt.is_async ? ", async" : "");
}

/*
 * --- Sending ----------------------------------------------------------------
 */

static enum status
send_item(struct outbox *outbox, struct item *item, uint8_t flags)
{
	enum status st;

	wait_no_more(outbox, item);
	free(item->call.text);	/* of a try whose connection was lost */
	memset(&item->call, 0, sizeof(item->call));
	item->call.receiver = take_answer;
	item->call.owner = item;
	item->sending.call = &item->call;
	item->sending.type = FT1_PUT;
	item->sending.flags = flags;
	st = sender_send(outbox->sender, &item->sending);
	if (item->sending.committed) {
		item->waits = item->sending.size;
		board_hold(outbox->settings->board, (int64_t)item->waits);
	}
	return st;
}

/*
 * Was it lost when it may have been stored?  A long one is asked for by its id,
 * and most others are just stored once more; but a condition would now fail.
 */
static bool
is_in_doubt(const struct item *item)
{
	return item->call.was_lost && item->sending.committed &&
	    !item->sending.has_id &&
	    conditions_mind_repetition(&item->sending.conditions);
}

/* True if what failed may succeed when it is sent in another way, or later. */
static bool
can_send_again(struct outbox *outbox, struct item *item, enum status st)
{
	const char *base = path_base(item->sending.local);
	char *path;

	if (strcmp(item->sending.local, "-") == 0)
		return false;
	if (revive_is_loss(st)) {
		/* Another connection was lost once too often. */
		if (item->call.failed)
			return false;
		if (is_in_doubt(item)) {
			status_add(st, "; it may have been stored");
			return false;
		}
		item->was_lost = true;
		return revive_after(outbox->revive, outbox->remote,
		    &item->call, st) == STATUS_OK;
	}
	if (st == STATUS_NOT_FOUND && item->sending.resumes) {
		item->sending.has_id = false;	/* begin anew */
		return true;
	}
	/* To send it whole may be permitted. */
	if (st == STATUS_NOT_PERMITTED && item->sending.has_basis &&
	    !item->sending.begun) {
		item->sending.has_basis = false;
		return true;
	}
	/* The server lets go of an upload of which nothing comes here. */
	if (st == STATUS_LOCKED && item->sending.segments > 1 &&
	    item->sending.has_id && !item->was_silent) {
		item->was_silent = true;
		return true;
	}
	/* The lost connection may still have it for a while. */
	if (st == STATUS_LOCKED && item->was_lost)
		st = STATUS_BUSY;
	if (st == STATUS_BUSY) {
		item->patience.wait = item->call.wait;
		return patience_wait(&item->patience, outbox->interrupt,
		    outbox->settings->verbose, outbox->settings->board) ==
		    STATUS_OK;
	}
	if (st != STATUS_IS_A_FOLDER || item->call.failed || !item->named ||
	    item->into_folder || base == NULL ||
	    (path = path_join(item->sending.path, base)) == NULL)
		return false;
	free((char *)item->sending.path);
	item->sending.path = path;
	item->into_folder = true;
	return path_check(path) == STATUS_OK;
}

/* Of one that may fail: what came behind it goes on. */
static void
tell_failure(const struct outbox *outbox, const struct item *item,
    enum status st)
{
	struct report *report = outbox->settings->report;
	uint64_t line;

	if (item->watch != NULL) {
		item->watch->failed(item->watch, &item->sending, st);
		return;
	}
	line = report_line(report, item->line);
	report_error(report, item->sending.path, st);
	(void)report_line(report, line);
}

/* All have been answered; those behind one that is sent again were skipped. */
static enum status
settle_first(struct outbox *outbox, bool *again)
{
	struct item *item = outbox->first;
	enum status st = remote_wait(outbox->remote, &item->call);

	while ((st == STATUS_SKIPPED && *again) ||
	    (st != STATUS_OK && can_send_again(outbox, item, st))) {
		*again = true;
		st = send_item(outbox, item, 0);
		if (st == STATUS_OK)
			st = remote_wait(outbox->remote, &item->call);
	}
	if (st == STATUS_OK) {
		revive_rest(outbox->revive);
		tell(outbox, item);
	} else if (item->may_fail && remote_lost(outbox->remote) == STATUS_OK) {
		tell_failure(outbox, item, st);
		st = STATUS_OK;
	} else {
		set_blame(outbox, item->sending.path);
		if (item->watch == NULL) {
			(void)report_line(outbox->settings->report,
			    item->line);
			go_on_with_put(outbox->settings, &item->sending, st);
		}
	}
	return st;
}

/* The thread's text is kept. */
static void
drop_all(struct outbox *outbox)
{
	while (outbox->first != NULL)
		drop_first(outbox);
}

static void
await_all(struct outbox *outbox)
{
	struct item *item;

	for (item = outbox->first; item != NULL; item = item->next)
		remote_await(outbox->remote, &item->call);
}

enum status
outbox_settle(struct outbox *outbox)
{
	enum status st = STATUS_OK;
	bool again = false;

	await_all(outbox);
	while (outbox->first != NULL && st == STATUS_OK) {
		st = settle_first(outbox, &again);
		drop_first(outbox);
	}
	drop_all(outbox);
	return st;
}

/* Tell of those that have been answered, as long as all is well. */
static enum status
settle_some(struct outbox *outbox)
{
	while (outbox->first != NULL && outbox->first->call.done &&
	    outbox->first->call.outcome == STATUS_OK) {
		tell(outbox, outbox->first);
		drop_first(outbox);
	}
	if (outbox->first != NULL && outbox->first->call.done)
		return outbox_settle(outbox);
	if (outbox->len >= WINDOW) {
		remote_await(outbox->remote, &outbox->first->call);
		return settle_some(outbox);
	}
	return STATUS_OK;
}

/*
 * CHAINED skips a file after the failure of any before it, up to one without
 * the flag.  So a file behind one that may fail begins a new chain, and if
 * that would forget a failure that counts, the answers are awaited first.
 */
static enum status
choose_flags(struct outbox *outbox, uint8_t *flags)
{
	enum status st = STATUS_OK;

	*flags = 0;
	if (outbox->first == NULL)
		return STATUS_OK;
	if (!outbox->last_may_fail)
		*flags = FT1_CHAINED;
	else if (outbox->has_strict)
		st = outbox_settle(outbox);
	return st;
}

static void
append(struct outbox *outbox, struct item *item)
{
	*outbox->last = item;
	outbox->last = &item->next;
	outbox->len++;
	outbox->has_strict |= !item->may_fail;
	outbox->last_may_fail = item->may_fail;
}

/* This file cannot be sent; a failure before it counts more. */
static enum status
refuse(struct outbox *outbox, struct item *item, const char *name,
    enum status st)
{
	struct status_words words = { 0 };
	enum status before;

	status_words_keep(&words, st);
	before = outbox_settle(outbox);
	if (item != NULL)
		wait_no_more(outbox, item);
	outbox_item_free(item);
	if (before == STATUS_OK) {
		set_blame(outbox, name);
		return status_words_return(&words, st);
	}
	status_words_free(&words);
	return before;
}

enum status
outbox_add(struct outbox *outbox, const struct letter *letter)
{
	struct item *item;
	enum status st;
	uint8_t flags;

	if ((st = settle_some(outbox)) != STATUS_OK ||
	    (st = choose_flags(outbox, &flags)) != STATUS_OK)
		return st;
	if ((st = outbox_item_make(&item, letter)) != STATUS_OK)
		return refuse(outbox, item, letter->local, st);
	item->line = report_line_now(outbox->settings->report);
	st = send_item(outbox, item, flags);
	if (revive_is_loss(st) && remote_lost(outbox->remote) != STATUS_OK) {
		append(outbox, item);	/* it has its outcome */
		return outbox_settle(outbox);
	}
	if (st != STATUS_OK)
		return refuse(outbox, item, letter->local, st);
	append(outbox, item);
	return STATUS_OK;
}
