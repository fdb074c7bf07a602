/* SPDX-License-Identifier: ISC */
/* Commands that work on folders as such: cd, pwd, mkdir, rmdir, df. */
#include "config.h"

#include <string.h>
#include <sys/statvfs.h>

#include "change.h"
#include "clock.h"
#include "command.h"
#include "kit.h"
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

/* Each folder on the way to the clean path that is not there yet. */
static enum status
make_parents(struct caller *caller, char *path, uint32_t mode)
{
	struct names *names = kit_names(caller->kit, caller->place.base);
	enum status st = STATUS_OK;
	struct stat sb;
	char *slash, *at;

	for (at = path; at != NULL && st == STATUS_OK; at = slash) {
		if ((slash = strchr(at + 1, '/')) != NULL)
			*slash = '\0';
		if (walk_stat(&sb, &caller->place, path) != STATUS_OK)
			st = change_mkdir(&caller->place, names, path, mode);
		else if (!S_ISDIR(sb.st_mode))
			st = slash == NULL ? status_set(STATUS_EXISTS,
			    "%s: exists already", path) :
			    status_set(STATUS_NOT_A_FOLDER,
			    "%s: not a folder", path);
		/* Somebody else may have been quicker. */
		if (st == STATUS_EXISTS && walk_stat(&sb, &caller->place,
		    path) == STATUS_OK && S_ISDIR(sb.st_mode))
			st = STATUS_OK;
		if (slash != NULL)
			*slash = '/';
	}
	return st;
}

static enum status
make(struct caller *caller, char *path, const struct request *request)
{
	uint32_t mode = request->has_mode ? request->mode : 0777;
	char *slash = strrchr(path, '/');
	enum status st = STATUS_OK;

	if (request->if_version)
		return status_set(STATUS_PRECONDITION,
		    "a folder has no version to expect");
	if (request->parents && !request->if_absent)
		return make_parents(caller, path, mode);
	if (request->parents && slash != path) {
		*slash = '\0';
		st = make_parents(caller, path, mode);
		*slash = '/';
	}
	return st != STATUS_OK ? st : change_mkdir(&caller->place,
	    kit_names(caller->kit, caller->place.base), path, mode);
}

void
command_mkdir(struct caller *caller, const struct request *request)
{
	struct audit_event event = { .verb = "mkdir",
	    .began_us = clock_us() };
	char path[WALK_PATH_ROOM] = "";

	if (request->has_tree) {
		event.outcome = command_parcel_mkdir(caller, request);
		if (event.outcome != STATUS_OK)
			command_fail(caller, request, event.outcome);
		return;
	}
	event.path = path;
	event.outcome = command_path(path, caller, &request->path);
	if (event.outcome == STATUS_OK)
		event.outcome = make(caller, path, request);
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
