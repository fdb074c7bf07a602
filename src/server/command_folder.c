/* SPDX-License-Identifier: ISC */
/* Commands that work on folders as such: cd, pwd, mkdir, rmdir. */
#include "config.h"

#include "change.h"
#include "clock.h"
#include "command.h"
#include "kit.h"

void
command_cd(struct caller *caller, const struct request *request)
{
	struct outcome outcome = { 0 };
	char path[WALK_PATH_ROOM];
	struct folder folder;
	enum status st;

	if ((st = command_path(path, caller, &request->path)) != STATUS_OK ||
	    (st = walk_folder(&folder, &caller->place, path)) != STATUS_OK) {
		answer_error(caller->answer, st);
		return;
	}
	folder_close(&folder);
	if (!caller->set_cwd(caller, path)) {
		answer_error(caller->answer, STATUS_NO_MEMORY);
		return;
	}
	outcome.path = path;
	answer_ok(caller->answer, &outcome);
}

void
command_pwd(struct caller *caller, const struct request *request)
{
	struct outcome outcome = { .path = caller->cwd };

	(void)request;
	answer_ok(caller->answer, &outcome);
}

void
command_mkdir(struct caller *caller, const struct request *request)
{
	struct audit_event event = { .verb = "mkdir",
	    .began_us = clock_us() };
	char path[WALK_PATH_ROOM] = "";

	event.path = path;
	event.outcome = command_path(path, caller, &request->path);
	if (event.outcome == STATUS_OK)
		event.outcome = change_mkdir(&caller->place,
		    kit_names(caller->kit, caller->place.base), path,
		    request->has_mode ? request->mode : 0777);
	command_finish(caller, &event, NULL);
}

void
command_rmdir(struct caller *caller, const struct request *request)
{
	struct audit_event event = { .verb = "rmdir",
	    .began_us = clock_us() };
	char path[WALK_PATH_ROOM] = "";

	event.path = path;
	event.outcome = command_path(path, caller, &request->path);
	if (event.outcome == STATUS_OK)
		event.outcome = change_rmdir(&caller->place,
		    kit_names(caller->kit, caller->place.base), path);
	command_finish(caller, &event, NULL);
}
