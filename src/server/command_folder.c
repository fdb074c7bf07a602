/* SPDX-License-Identifier: ISC */
/* Commands that work on folders as such: cd, pwd, df. */
#include "config.h"

#include <string.h>
#include <sys/statvfs.h>

#include "command.h"
#include "quota.h"

void
command_cd(struct caller *caller, const struct request *request)
{
	struct outcome outcome = { 0 };
	char path[WALK_PATH_ROOM];
	struct folder folder;
	enum status st;

	if ((st = command_path(path, caller, &request->path)) != STATUS_OK ||
	    (st = walk_folder(&folder, &caller->place, path)) != STATUS_OK) {
		command_fail(caller, request, st);
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
command_df(struct caller *caller, const struct request *request)
{
	struct outcome outcome = { .has_size = true, .has_free = true,
	    .has_durability = true,
	    .durability = place_durability(&caller->place) };
	struct quota_usage usage;
	char path[WALK_PATH_ROOM];
	struct folder folder;
	struct statvfs vfs;
	enum status st;

	if ((st = command_path(path, caller, &request->path)) != STATUS_OK ||
	    (st = walk_folder(&folder, &caller->place, path)) != STATUS_OK) {
		command_fail(caller, request, st);
		return;
	}
	if (fstatvfs(folder.fd, &vfs) == -1)
		st = status_errno("%s", path);
	folder_close(&folder);
	if (st != STATUS_OK) {
		command_fail(caller, request, st);
		return;
	}
	if (quota_look(&usage, &caller->place) == STATUS_OK)
		outcome.quota = &usage;
	outcome.size = (uint64_t)vfs.f_blocks * vfs.f_frsize;
	outcome.free = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	answer_ok(caller->answer, &outcome);
}
