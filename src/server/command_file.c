/* SPDX-License-Identifier: ISC */
/* Commands that work on one name without its content: stat, rm, mv. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "clock.h"
#include "command.h"
#include "kit.h"
#include "share.h"
#include "waiter.h"

void
command_stat(struct caller *caller, const struct request *request)
{
	struct outcome outcome = { 0 };
	struct file_facts facts;
	char path[WALK_PATH_ROOM];
	struct stat sb;
	enum status st;

	if ((st = command_path(path, caller, &request->path)) != STATUS_OK ||
	    (st = walk_stat(&sb, &caller->place, path)) != STATUS_OK) {
		command_fail(caller, request, st);
		return;
	}
	command_facts(&facts,
	    path[1] == '\0' ? path : strrchr(path, '/') + 1, &sb);
	outcome.entry = &facts;
	answer_ok(caller->answer, &outcome);
}

static void
terms_of_request(struct change_terms *terms, const struct request *request)
{
	memset(terms, 0, sizeof(*terms));
	terms->if_version = request->if_version;
	memcpy(terms->version, request->version, sizeof(terms->version));
	terms->if_absent = request->if_absent;
	terms->refuse_taken = request->taken != 0 || request->if_absent;
}

/* A removal or a rename, which may have to wait for locks. */
struct change_waiter {
	struct waiter	 waiter;
	struct change_terms terms;
	bool		 is_move;
};

static const struct lock_claim_wish whole = { .kind = RANGE_LOCK_SHARED,
	.guard = RANGE_LOCK_EXCLUSIVE };

static enum status
change_attempt(struct waiter *waiter, struct kit *kit)
{
	struct change_waiter *change = (struct change_waiter *)waiter;
	struct names *names = kit_names(kit, waiter->place.base);
	enum status st;

	st = waiter->target == NULL ?
	    change_rm(&waiter->place, names, waiter->path, &change->terms) :
	    change_mv(&waiter->place, names, waiter->path, waiter->target,
	    &change->terms);
	if (st == STATUS_LOCKED && waiter->seconds > 0)
		waiter_claim(waiter, &whole);
	return st;
}

static void
change_free(struct waiter *waiter)
{
	waiter_clear(waiter);
	free(waiter);
}

static void
change_resume(struct waiter *waiter, struct answer *answer, enum status st)
{
	const struct change_waiter *change =
	    (const struct change_waiter *)waiter;
	const char *verb = change->is_move ? "mv" : "rm";
	const struct audit_event event = { .verb = verb,
	    .path = waiter->path, .target = waiter->target,
	    .began_us = waiter->began_us, .outcome = st };

	if (st == STATUS_OK)
		answer_ok(answer, NULL);
	else
		answer_error(answer, st);
	audit(&waiter->who, &event);
	change_free(waiter);
}

static void
change_run(struct caller *caller, const struct request *request)
{
	static const struct waiter_ops ops = { change_attempt, change_resume,
	    change_free };
	struct change_waiter *change;
	enum status st;

	if ((change = calloc(1, sizeof(*change))) == NULL) {
		answer_error(caller->answer, STATUS_NO_MEMORY);
		return;
	}
	st = waiter_init(&change->waiter, caller, request);
	if (st == STATUS_OK && change->waiter.target != NULL)
		st = share_check_same(caller, change->waiter.target);
	change->waiter.ops = &ops;
	change->is_move = request->verb == VERB_MV;
	terms_of_request(&change->terms, request);
	change->terms.deny_taken = (caller->rights & RIGHT_OVERWRITE) == 0;
	if (st == STATUS_OK && request->wait > 0)
		waiter_claim(&change->waiter, &whole);
	waiter_run(&change->waiter, caller, st);
}

void
command_rm(struct caller *caller, const struct request *request)
{
	if (request->recursive)
		command_rm_tree(caller, request);
	else
		change_run(caller, request);
}

void
command_mv(struct caller *caller, const struct request *request)
{
	change_run(caller, request);
}
