/* SPDX-License-Identifier: ISC */
/* The commands uploads and discard: what was begun and is not finished. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "reach.h"
#include "upload.h"
#include "upload_list.h"

struct uploads_producer {
	struct producer	 producer;
	struct upload_list *list;	/* owned; of the place `at` */
	struct upload_listed held;	/* one that found no room */
	bool		 has_held;
	uint64_t	 count;
	char		*user;		/* owned */
	struct reach	*reach;		/* owned */
	size_t		 first, at, end;	/* numbers of places */
};

static void
uploads_free(struct producer *producer)
{
	struct uploads_producer *uploads = (struct uploads_producer *)producer;

	upload_list_end(uploads->list);
	reach_free(uploads->reach);
	free(uploads->user);
	free(uploads);
}

static bool
may_list(const struct reached *reached)
{
	return (reached->rights & RIGHT_LIST) != 0;
}

/*
 * Whoever may not list somewhere knows their uploads there by the id.  Two
 * places may be one folder: what was told of the first is not told again.
 */
static bool
is_to_tell(const struct uploads_producer *uploads, size_t number)
{
	const struct reached *other, *it = reach_at(uploads->reach, number);
	size_t i;

	if (!may_list(it))
		return false;
	for (i = uploads->first; i < number; i++) {
		other = reach_at(uploads->reach, i);
		if (may_list(other) && other->place.base == it->place.base &&
		    strcmp(other->root, it->root) == 0)
			return false;
	}
	return true;
}

/* Look at a few records of the place that is in turn. */
static enum status
look(struct uploads_producer *uploads)
{
	enum status st = STATUS_OK;
	bool more = false;

	if (uploads->list == NULL && is_to_tell(uploads, uploads->at))
		st = upload_list_begin(&uploads->list,
		    &reach_at(uploads->reach, uploads->at)->place,
		    uploads->user);
	if (st == STATUS_OK && uploads->list != NULL)
		st = upload_list_next(uploads->list, &uploads->held,
		    &uploads->has_held, &more);
	if (st == STATUS_OK && !more) {
		upload_list_end(uploads->list);
		uploads->list = NULL;
		uploads->at++;
	}
	return st;
}

static enum pull
uploads_pull(struct producer *producer, struct answer *answer)
{
	struct uploads_producer *uploads = (struct uploads_producer *)producer;
	struct outcome outcome = { .has_count = true };
	enum status st;

	if (uploads->has_held) {
		if (!answer_upload(answer, &uploads->held))
			return PULL_AGAIN;
		uploads->has_held = false;
		uploads->count++;
	}
	if (uploads->at < uploads->end) {
		if ((st = look(uploads)) == STATUS_OK)
			return PULL_ON;
		answer_error(answer, st);
		return PULL_DONE;
	}
	outcome.count = uploads->count;
	answer_ok(answer, &outcome);
	return PULL_DONE;
}

/* All places, or the one that the request's path leads to. */
static enum status
choose(struct uploads_producer *uploads, const struct caller *caller,
    bool is_one)
{
	const struct reached *reached;
	bool may = false;
	size_t i;

	for (i = 0; (reached = reach_at(uploads->reach, i)) != NULL; i++) {
		if (is_one && !place_is_same(&reached->place, &caller->place))
			continue;
		if (is_one)
			uploads->first = uploads->at = i;
		uploads->end = i + 1;
		may = may || may_list(reached);
	}
	return may ? STATUS_OK : status_set(STATUS_NOT_PERMITTED,
	    "uploads: not permitted to this user");
}

void
command_uploads(struct caller *caller, const struct request *request)
{
	static const struct producer_ops ops = { uploads_pull, uploads_free };
	struct uploads_producer *uploads;
	char path[WALK_PATH_ROOM];
	enum status st;

	if ((st = command_path(path, caller, &request->path)) != STATUS_OK ||
	    (uploads = calloc(1, sizeof(*uploads))) == NULL) {
		command_fail(caller, request,
		    st != STATUS_OK ? st : STATUS_NO_MEMORY);
		return;
	}
	uploads->producer.ops = &ops;
	uploads->user = strdup(caller->who->user);
	uploads->reach = reach_new(caller);
	st = uploads->user == NULL || uploads->reach == NULL ?
	    STATUS_NO_MEMORY :
	    choose(uploads, caller, request->path.at != NULL);
	if (st != STATUS_OK) {
		uploads_free(&uploads->producer);
		command_fail(caller, request, st);
		return;
	}
	answer_produce(caller->answer, &uploads->producer);
}

void
command_discard(struct caller *caller, const struct request *request)
{
	struct audit_event event = { .verb = "discard",
	    .upload_id = request->upload };

	event.outcome = upload_discard(&caller->place, caller->who->user,
	    request->upload);
	command_finish(caller, &event, NULL);
}
