/* SPDX-License-Identifier: ISC */
/* The commands uploads and discard: what was begun and is not finished. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "reach.h"
#include "upload.h"
#include "upload_list.h"

/* Where to look. */
struct spot {
	const struct base *base;	/* borrowed */
	char		*root;		/* owned */
};

struct uploads_producer {
	struct producer	 producer;
	struct upload_list *list;	/* owned; of the spot `at` */
	struct upload_listed held;	/* one that found no room */
	bool		 has_held;
	uint64_t	 count;
	char		*user;		/* owned */
	struct spot	*spots;		/* owned */
	size_t		 spot_count, at;
};

static void
uploads_free(struct producer *producer)
{
	struct uploads_producer *uploads = (struct uploads_producer *)producer;

	upload_list_end(uploads->list);
	for (size_t i = 0; i < uploads->spot_count; i++)
		free(uploads->spots[i].root);
	free(uploads->spots);
	free(uploads->user);
	free(uploads);
}

/* Look at a few records of the spot that is in turn. */
static enum status
look(struct uploads_producer *uploads)
{
	const struct spot *spot = &uploads->spots[uploads->at];
	const struct place place = { .base = spot->base, .root = spot->root };
	enum status st = STATUS_OK;
	bool more;

	if (uploads->list == NULL)
		st = upload_list_begin(&uploads->list, &place, uploads->user);
	if (st == STATUS_OK)
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
	if (uploads->at < uploads->spot_count) {
		if ((st = look(uploads)) == STATUS_OK)
			return PULL_ON;
		answer_error(answer, st);
		return PULL_DONE;
	}
	outcome.count = uploads->count;
	answer_ok(answer, &outcome);
	return PULL_DONE;
}

/* Two shares may be one folder. */
static bool
has_spot(const struct uploads_producer *uploads, const struct place *place)
{
	for (size_t i = 0; i < uploads->spot_count; i++)
		if (uploads->spots[i].base == place->base &&
		    strcmp(uploads->spots[i].root, place->root) == 0)
			return true;
	return false;
}

/* Whoever may not list somewhere knows their uploads there by the id. */
static enum status
add_spot(struct uploads_producer *uploads, const struct caller *there)
{
	struct spot *spots, spot = { .base = there->place.base };

	if ((there->rights & RIGHT_LIST) == 0 ||
	    has_spot(uploads, &there->place))
		return STATUS_OK;
	spots = realloc(uploads->spots,
	    (uploads->spot_count + 1) * sizeof(*spots));
	if (spots == NULL)
		return STATUS_NO_MEMORY;
	uploads->spots = spots;
	if ((spot.root = strdup(there->place.root)) == NULL)
		return STATUS_NO_MEMORY;
	spots[uploads->spot_count++] = spot;
	return STATUS_OK;
}

static enum status
find_spots(struct uploads_producer *uploads, const struct caller *caller,
    const struct request *request)
{
	enum status st = STATUS_OK;
	struct caller there;
	size_t next = 0;

	if ((uploads->user = strdup(caller->who->user)) == NULL)
		return STATUS_NO_MEMORY;
	if (request->path.at != NULL)
		st = add_spot(uploads, caller);
	while (request->path.at == NULL && st == STATUS_OK &&
	    reach_next(&there, &next, caller))
		st = add_spot(uploads, &there);
	if (st == STATUS_OK && uploads->spot_count == 0)
		st = status_set(STATUS_NOT_PERMITTED,
		    "uploads: not permitted to this user");
	return st;
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
	st = find_spots(uploads, caller, request);
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
