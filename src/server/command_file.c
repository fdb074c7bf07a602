/* SPDX-License-Identifier: ISC */
/* Commands that work on one name without its content: stat, rm, mv. */
#include "config.h"

#include <string.h>

#include "change.h"
#include "clock.h"
#include "command.h"
#include "kit.h"
#include "share.h"

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
		command_fail(caller, request, path, st);
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
	terms->refuse_taken = request->taken != 0 || request->if_absent;
}

void
command_rm(struct caller *caller, const struct request *request)
{
	struct audit_event event = { .verb = "rm", .began_us = clock_us() };
	struct change_terms terms;
	char path[WALK_PATH_ROOM] = "";

	if (request->recursive) {
		command_rm_tree(caller, request);
		return;
	}
	event.path = path;
	terms_of_request(&terms, request);
	event.outcome = command_path(path, caller, &request->path);
	if (event.outcome == STATUS_OK)
		event.outcome = change_rm(&caller->place,
		    kit_names(caller->kit, caller->place.base), path, &terms);
	command_finish(caller, &event, NULL);
}

void
command_mv(struct caller *caller, const struct request *request)
{
	struct audit_event event = { .verb = "mv", .began_us = clock_us() };
	char path[WALK_PATH_ROOM] = "", target[WALK_PATH_ROOM] = "";
	struct change_terms terms;

	event.path = path;
	event.target = target;
	terms_of_request(&terms, request);
	/* Without the right to overwrite, a taken name is a refusal. */
	if ((caller->rights & RIGHT_OVERWRITE) == 0)
		terms.refuse_taken = true;
	event.outcome = command_path(path, caller, &request->path);
	if (event.outcome == STATUS_OK)
		event.outcome = command_path(target, caller,
		    &request->target);
	if (event.outcome == STATUS_OK)
		event.outcome = share_check_same(caller, target);
	if (event.outcome == STATUS_OK)
		event.outcome = change_mv(&caller->place,
		    kit_names(caller->kit, caller->place.base), path, target,
		    &terms);
	command_finish(caller, &event, NULL);
}
