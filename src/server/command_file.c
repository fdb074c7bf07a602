/* SPDX-License-Identifier: ISC */
/* Commands on names, without content: stat, mkdir, symlink, rm, mv, touch. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "change.h"
#include "command.h"
#include "kit.h"
#include "mime_types.h"
#include "reach.h"
#include "share.h"
#include "touch.h"
#include "waiter.h"

/* False if nobody asked, or it cannot be told. */
static bool
tell_type(char out[MIME_TYPE_ROOM], const struct caller *caller,
    const struct request *request, const char *path)
{
	struct mime_types *types = command_mime_types(caller, request);
	struct stat sb;
	bool told;
	int fd;

	if (types == NULL ||
	    walk_file(&fd, &sb, &caller->place, path) != STATUS_OK)
		return false;
	told = mime_types_of(types, fd, out);
	close(fd);
	return told;
}

void
command_stat(struct caller *caller, const struct request *request)
{
	struct outcome outcome = { 0 };
	struct file_facts facts;
	char path[WALK_PATH_ROOM], text[WALK_PATH_ROOM];
	char mime[MIME_TYPE_ROOM];
	struct stat sb;
	enum status st;

	if ((st = command_path(path, caller, &request->path)) == STATUS_OK)
		st = request->link.at == NULL ?
		    walk_stat(&sb, &caller->place, path) :
		    walk_lstat(&sb, &caller->place, path);
	if (st == STATUS_OK && request->link.at != NULL &&
	    S_ISLNK(sb.st_mode)) {
		st = walk_link(text, &caller->place, path);
		outcome.link = text;
	}
	if (st != STATUS_OK) {
		command_fail(caller, request, st);
		return;
	}
	command_facts(&facts,
	    path[1] == '\0' ? path : strrchr(path, '/') + 1, &sb);
	outcome.entry = &facts;
	if (facts.type == 'f' && tell_type(mime, caller, request, path))
		outcome.mime = mime;
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

/* A change to one name, or two, which may have to wait for locks. */
struct change_waiter {
	struct waiter	 waiter;
	enum verb	 verb;
	struct change_terms terms;	/* of rm, mv and mkdir */
	struct touch_plan touch;
	uint32_t	 mode;		/* of mkdir */
	bool		 parents;
	char		*text;		/* owned; of symlink, or NULL */
};

static const struct lock_claim_wish whole = { .kind = RANGE_LOCK_SHARED,
	.guard = RANGE_LOCK_EXCLUSIVE };

/* Each folder on the way to the path that is not there yet. */
static enum status
make_parents(const struct change_waiter *change, struct names *names)
{
	const struct place *place = &change->waiter.place;
	char *path = change->waiter.path, *slash, *at;
	enum status st = STATUS_OK;
	struct stat sb;

	for (at = path; at != NULL && st == STATUS_OK; at = slash) {
		if ((slash = strchr(at + 1, '/')) != NULL)
			*slash = '\0';
		if (walk_stat(&sb, place, path) != STATUS_OK)
			st = change_mkdir(place, names, path, change->mode);
		else if (!S_ISDIR(sb.st_mode))
			st = slash == NULL ? status_set(STATUS_EXISTS,
			    "%s: exists already", path) :
			    status_set(STATUS_NOT_A_FOLDER,
			    "%s: not a folder", path);
		/* Somebody else may have been quicker. */
		if (st == STATUS_EXISTS && walk_stat(&sb, place, path) ==
		    STATUS_OK && S_ISDIR(sb.st_mode))
			st = STATUS_OK;
		if (slash != NULL)
			*slash = '/';
	}
	return st;
}

static enum status
make(const struct change_waiter *change, struct names *names)
{
	const struct place *place = &change->waiter.place;
	char *path = change->waiter.path, *slash = strrchr(path, '/');
	enum status st = STATUS_OK;

	if (change->terms.if_version)
		return status_set(STATUS_PRECONDITION,
		    "a folder has no version to expect");
	if (change->parents && !change->terms.if_absent)
		return make_parents(change, names);
	if (change->parents && slash != path) {
		*slash = '\0';
		st = make_parents(change, names);
		*slash = '/';
	}
	return st != STATUS_OK ? st :
	    change_mkdir(place, names, path, change->mode);
}

static enum status
change_try(struct change_waiter *change, struct names *names)
{
	const struct place *place = &change->waiter.place;
	const char *path = change->waiter.path;

	switch (change->verb) {
	case VERB_RM:
		return change_rm(place, names, path, &change->terms);
	case VERB_MV:
		return change_mv(place, names, path, change->waiter.target,
		    &change->terms);
	case VERB_RMDIR:
		return change_rmdir(place, names, path);
	case VERB_SYMLINK:
		return change_symlink(place, names, path,
		    &(struct change_link){ change->text,
		    change->terms.if_absent });
	case VERB_TOUCH:
		return touch_file(place, names, path, &change->touch);
	default:
		return make(change, names);
	}
}

static enum status
change_attempt(struct waiter *waiter, struct kit *kit)
{
	enum status st = change_try((struct change_waiter *)waiter,
	    kit_names(kit, waiter->place.base));

	if (st == STATUS_LOCKED && waiter->seconds > 0)
		waiter_claim(waiter, &whole);
	return st;
}

static void
change_free(struct waiter *waiter)
{
	free(((struct change_waiter *)waiter)->text);
	waiter_clear(waiter);
	free(waiter);
}

static void
change_resume(struct waiter *waiter, struct answer *answer, enum status st)
{
	const struct change_waiter *change =
	    (const struct change_waiter *)waiter;
	struct audit_event event = { .path = waiter->path,
	    .target = waiter->target, .began_us = waiter->began_us,
	    .outcome = st };

	event.verb = command_of(change->verb)->name;
	if (change->text != NULL)
		event.target = change->text;
	if (st == STATUS_OK)
		answer_ok(answer, NULL);
	else
		answer_error(answer, st);
	audit(&waiter->who, &event);
	change_free(waiter);
}

/* Its answer would tell a blind user what is there. */
static enum status
check_touch(const struct change_waiter *change, const struct caller *caller)
{
	if (change->verb == VERB_TOUCH && command_is_blind(caller) &&
	    !change->touch.may_change)
		return status_set(STATUS_NOT_PERMITTED,
		    "touch: not permitted to this user");
	return STATUS_OK;
}

/* What the configuration shares stays where it is. */
static enum status
check_share(const struct change_waiter *change, const struct caller *caller)
{
	const char *path = change->waiter.path;

	if ((change->verb == VERB_MV || change->verb == VERB_RMDIR) &&
	    reach_is_needed(caller, path))
		return status_set(STATUS_NOT_PERMITTED,
		    "%s: is shared, and stays as it is", path);
	return STATUS_OK;
}

/* A name that is taken would tell a blind user so. */
static enum status
take_link(struct change_waiter *change, const struct caller *caller,
    const struct request *request)
{
	if (request->verb != VERB_SYMLINK)
		return STATUS_OK;
	if (command_is_blind(caller))
		return status_set(STATUS_NOT_PERMITTED,
		    "symlink: not permitted to this user");
	if (memchr(request->link.at, '\0', request->link.len) != NULL)
		return status_set(STATUS_BAD_PATH, "the link has a NUL byte");
	change->text = strndup(request->link.at, request->link.len);
	return change->text == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

static void
plan_change(struct change_waiter *change, const struct caller *caller,
    const struct request *request)
{
	change->verb = request->verb;
	terms_of_request(&change->terms, request);
	change->terms.deny_taken = (caller->rights & RIGHT_OVERWRITE) == 0;
	change->touch.has_time = request->has_mtime;
	change->touch.time = request->mtime;
	change->touch.has_mode = request->has_mode;
	change->touch.mode = request->mode;
	change->touch.if_absent = request->if_absent;
	change->touch.if_version = request->if_version;
	memcpy(change->touch.version, request->version,
	    sizeof(change->touch.version));
	change->touch.may_make = (caller->rights & RIGHT_WRITE) != 0;
	change->touch.may_change = (caller->rights & RIGHT_OVERWRITE) != 0;
	change->mode = request->has_mode ? request->mode : 0777;
	change->parents = request->parents;
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
	change->waiter.ops = &ops;
	plan_change(change, caller, request);
	if (st == STATUS_OK)
		st = check_share(change, caller);
	if (st == STATUS_OK && change->waiter.target != NULL)
		st = share_check_same(caller, change->waiter.target);
	if (st == STATUS_OK)
		st = check_touch(change, caller);
	if (st == STATUS_OK)
		st = take_link(change, caller, request);
	if (st == STATUS_OK)
		waiter_set_flushes(&change->waiter);
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

void
command_mkdir(struct caller *caller, const struct request *request)
{
	enum status st;

	if (!request->has_tree)
		change_run(caller, request);
	else if ((st = command_parcel_mkdir(caller, request)) != STATUS_OK)
		command_fail(caller, request, st);
}

void
command_rmdir(struct caller *caller, const struct request *request)
{
	change_run(caller, request);
}

void
command_touch(struct caller *caller, const struct request *request)
{
	change_run(caller, request);
}

void
command_symlink(struct caller *caller, const struct request *request)
{
	change_run(caller, request);
}
