/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "revive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "patience.h"
#include "show.h"

#define PAUSE_MOST	32	/* seconds */

bool
revive_is_loss(enum status st)
{
	return st == STATUS_UNREACHABLE || st == STATUS_STOPPING ||
	    st == STATUS_TIMEOUT;
}

void
revive_rest(struct revive *revive)
{
	revive->tried = 0;
}

static enum status
take_folder(struct call *call, const struct frame *frame)
{
	struct reply reply;

	(void)call;
	return reply_read(&reply, frame, REPLY_PATH);
}

enum status
revive_go_back(const struct revive *revive, struct remote *remote)
{
	struct call call = { .receiver = take_folder };
	const char *folder = *revive->folder;
	struct ft1_frame *frame;

	if (folder == NULL || strcmp(folder, "/") == 0)
		return STATUS_OK;
	frame = remote_request(remote, FT1_CD, 0, &call);
	ft1_put_string(frame, FT1_TAG_PATH, folder);
	return remote_finish(remote, &call);
}

static void
tell(const struct revive *revive, const char *what, const char *why,
    int seconds)
{
	board_hide(revive->settings->board);
	if (revive->settings->quiet ||
	    (revive->is_silent && !revive->settings->verbose))
		return;
	show_begin_line();
	fprintf(stderr, "ftclient: %s: ", what);
	show_string(stderr, why);
	fprintf(stderr, ", trying again (%u of %u) in %d s\n", revive->tried,
	    revive->settings->retries, seconds);
	show_end_line();
}

/* 1 s, 2 s, 4 s, ... between the attempts, the first of which is soon. */
static enum status
pause_since(struct revive *revive, const char *what, const char *why)
{
	int seconds = 1 << (revive->tried < 5 ? revive->tried : 5);
	enum status st;

	if (revive->tried >= revive->settings->retries)
		return STATUS_UNREACHABLE;
	revive->tried++;
	if (seconds > PAUSE_MOST)
		seconds = PAUSE_MOST;
	tell(revive, what, why, seconds);
	st = interrupt_is_pending(revive->interrupt) ? STATUS_OK :
	    interrupt_sleep(revive->interrupt, seconds * 1000);
	/* Who is patient with the server is not so with one that is gone. */
	if (st == STATUS_OK && interrupt_is_pending(revive->interrupt))
		st = status_set(STATUS_CANCELLED, "interrupted");
	return st;
}

enum status
revive_pause(struct revive *revive, enum status why)
{
	return pause_since(revive, "connection lost", status_text(why));
}

/* What the server has of it was acknowledged, and needs not be told. */
static enum status
take_nothing(struct call *call, const struct frame *frame)
{
	(void)call;
	(void)frame;
	return STATUS_OK;
}

static enum status
take_up(const struct revive *revive, struct remote *remote)
{
	struct call call = { .receiver = take_nothing };
	struct patience patience = { 0 };
	struct ft1_frame *frame;
	enum status st;

	do {
		frame = remote_request(remote, FT1_TREE, 0, &call);
		ft1_put_bytes(frame, FT1_TAG_UPLOAD, revive->tree,
		    FT1_ID_SIZE);
		st = remote_finish(remote, &call);
		patience.wait = call.wait;
	} while (st == STATUS_BUSY && patience_wait(&patience,
	    revive->interrupt, revive->settings->verbose,
	    revive->settings->board) == STATUS_OK);
	return st;
}

static enum status
attempt(struct revive *revive, struct remote *remote)
{
	enum status st;

	st = sign_in_revive(revive->sign_in, revive->interrupt, false);
	if (st != STATUS_OK)
		return st;
	remote_interrupt_by(remote, revive->interrupt);
	if ((st = revive_go_back(revive, remote)) == STATUS_OK &&
	    revive->tree != NULL)
		st = take_up(revive, remote);
	/* In another folder the same names are other files. */
	return remote_lose(remote, st);
}

enum status
revive(struct revive *revive, struct remote *remote)
{
	enum status next, st = remote_lost(remote);
	struct status_words words = { 0 };

	/* What was to be done under locks is not done without them. */
	if (remote_is_kept_alive(remote))
		return st;
	while (revive_is_loss(st)) {
		status_words_keep(&words, st);
		if (revive_pause(revive, st) != STATUS_OK || (next =
		    attempt(revive, remote)) == STATUS_CANCELLED)
			return status_words_return(&words, st);
		status_words_free(&words);
		st = next;
	}
	return st;
}

enum status
revive_after(struct revive *by, struct remote *remote, struct call *call,
    enum status outcome)
{
	struct status_words words = { 0 };
	enum status st;

	if (remote_lost(remote) != STATUS_OK)
		return revive(by, remote);
	if (call->was_lost) {
		call->was_lost = false;
		return STATUS_OK;
	}
	status_words_keep(&words, outcome);
	st = pause_since(by, "the server gave it up", status_text(outcome));
	(void)status_words_return(&words, outcome);
	return st;
}
