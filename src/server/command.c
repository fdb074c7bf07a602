/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "command.h"

#include <string.h>

#include "reach.h"
#include "services.h"
#include "share.h"

static const struct command commands[VERB_COUNT] = {
	[VERB_LIST] = { "list", RIGHT_LIST, command_list },
	[VERB_STAT] = { "stat", RIGHT_LIST, command_stat },
	[VERB_GET] = { "get", RIGHT_READ, command_get },
	[VERB_PUT] = { "put", RIGHT_WRITE, command_put },
	[VERB_CD] = { "cd", RIGHT_LIST, command_cd },
	[VERB_PWD] = { "pwd", 0, command_pwd },
	[VERB_MKDIR] = { "mkdir", RIGHT_MKDIR, command_mkdir },
	[VERB_RMDIR] = { "rmdir", RIGHT_DELETE, command_rmdir },
	[VERB_RM] = { "rm", RIGHT_DELETE, command_rm },
	[VERB_UPLOADS] = { "uploads", 0, command_uploads },
	[VERB_DISCARD] = { "discard", RIGHT_WRITE, command_discard },
	[VERB_PIECES] = { "pieces", RIGHT_READ, command_pieces },
	[VERB_MV] = { "mv", RIGHT_RENAME, command_mv },
	[VERB_APPEND] = { "append", RIGHT_APPEND, command_append },
	[VERB_WRITE] = { "write", RIGHT_OVERWRITE, command_write },
	[VERB_TRUNCATE] = { "truncate", RIGHT_OVERWRITE, command_truncate },
	[VERB_CP] = { "cp", RIGHT_READ, command_cp },
	[VERB_SUM] = { "sum", RIGHT_READ, command_sum },
	[VERB_FIND] = { "find", RIGHT_LIST, command_find },
	[VERB_DU] = { "du", RIGHT_LIST, command_du },
	[VERB_DF] = { "df", RIGHT_LIST, command_df },
	[VERB_TOUCH] = { "touch", 0, command_touch },
	[VERB_TREE] = { "tree", RIGHT_WRITE, command_tree },
	[VERB_TREE_COMMIT] = { "tree", RIGHT_WRITE, command_tree_commit },
	[VERB_GET_TREE] = { "get-tree", RIGHT_LIST | RIGHT_READ,
	    command_get_tree },
	[VERB_SYMLINK] = { "symlink", RIGHT_WRITE, command_symlink },
	[VERB_LOCK] = { "lock", RIGHT_LOCK, command_lock },
	[VERB_UNLOCK] = { "unlock", RIGHT_LOCK, command_unlock },
	[VERB_LOCKS] = { "locks", RIGHT_LOCK, command_locks },
};

const struct command *
command_of(enum verb verb)
{
	return &commands[verb];
}

/* An id says by itself where its upload lies; a path beside it must agree. */
static bool
enter_upload(struct caller *here, const struct request *request)
{
	struct caller there = *here;
	bool found;

	if (!request->has_upload || request->has_tree)
		return true;
	found = reach_upload(&there, request->upload);
	if (request->path.at != NULL)
		return found && place_is_same(&there.place, &here->place);
	*here = there;
	return true;
}

static void
refuse_upload(struct caller *here, const struct request *request)
{
	struct audit_event event = {
		.verb = command_of(request->verb)->name,
		.upload_id = request->upload,
		.outcome = status_set(STATUS_NOT_FOUND, "no such upload")
	};

	command_finish(here, &event, NULL);
}

void
command_run(struct caller *caller, const struct request *request)
{
	const struct command *command = command_of(request->verb);
	struct caller here = *caller;
	char path[WALK_PATH_ROOM];
	enum status st = STATUS_OK;
	bool agrees;

	here.home = caller->place;
	here.home_rights = caller->rights;
	if (command_path(path, caller, &request->path) != STATUS_OK)
		path[0] = '\0';	/* its handler says what is wrong */
	share_enter(&here, path);
	here.place.hides_holders = command_is_blind(&here);
	agrees = enter_upload(&here, request);
	if (request->has_tree)
		st = command_enter_parcel(&here, request);
	else if ((here.rights & command->rights) != command->rights)
		st = status_set(STATUS_NOT_PERMITTED,
		    "%s: not permitted to this user", command->name);
	if (st == STATUS_OK && !agrees)
		refuse_upload(&here, request);
	else if (st == STATUS_OK)
		command->run(&here, request);
	else
		command_fail(&here, request, st);
}

bool
command_is_blind(const struct caller *caller)
{
	return (caller->rights & (RIGHT_LIST | RIGHT_READ)) == 0;
}

void
command_fail(struct caller *caller, const struct request *request,
    enum status st)
{
	struct audit_event event = {
		.verb = command_of(request->verb)->name, .outcome = st
	};
	char path[WALK_PATH_ROOM];

	answer_error(caller->answer, st);
	if (st != STATUS_NOT_PERMITTED)
		return;
	if (request->has_tree)
		event.upload_id = request->tree;
	else if (request->has_upload)
		event.upload_id = request->upload;
	else if (command_path(path, caller, &request->path) == STATUS_OK)
		event.path = path;
	audit(caller->who, &event);
}

enum status
command_path(char out[WALK_PATH_ROOM], const struct caller *caller,
    const struct request_bytes *path)
{
	return path_clean(out, caller->cwd, path->at != NULL ? path->at : "",
	    path->len);
}

static char
type_of_mode(mode_t mode)
{
	if (S_ISREG(mode))
		return 'f';
	if (S_ISDIR(mode))
		return 'd';
	if (S_ISLNK(mode))
		return 'l';
	return 'o';
}

void
command_facts(struct file_facts *facts, const char *name,
    const struct stat *st)
{
	facts->name = name;
	facts->mime = NULL;
	facts->type = type_of_mode(st->st_mode);
	facts->mode = (uint16_t)(st->st_mode & 0777);
	facts->size = facts->type == 'd' ? 0 : (uint64_t)st->st_size;
	facts->mtime.seconds = st->st_mtim.tv_sec;
	facts->mtime.nanoseconds = (uint32_t)st->st_mtim.tv_nsec;
	version_of(facts->version, st);
}

/* It tells of the content, so it takes the right to read that. */
struct mime_types *
command_mime_types(const struct caller *caller, const struct request *request)
{
	if (!request->wants_mime || caller->services == NULL ||
	    (caller->rights & RIGHT_READ) == 0 || command_is_blind(caller))
		return NULL;
	return caller->services->mime_types;
}

void
command_finish(struct caller *caller, const struct audit_event *event,
    const struct outcome *outcome)
{
	if (event->outcome == STATUS_OK)
		answer_ok(caller->answer, outcome);
	else
		answer_error(caller->answer, event->outcome);
	audit(caller->who, event);
}
