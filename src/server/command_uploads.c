/* SPDX-License-Identifier: ISC */
/* The commands uploads and discard: what was begun and is not finished. */
#include "config.h"

#include <stdlib.h>

#include "command.h"
#include "upload.h"
#include "upload_list.h"

struct uploads_producer {
	struct producer	 producer;
	struct upload_list *list;	/* owned */
	struct upload_listed held;	/* one that found no room */
	bool		 has_held;
	bool		 more;
	uint64_t	 count;
};

static void
uploads_free(struct producer *producer)
{
	struct uploads_producer *uploads = (struct uploads_producer *)producer;

	upload_list_end(uploads->list);
	free(uploads);
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
	if (uploads->more) {
		st = upload_list_next(uploads->list, &uploads->held,
		    &uploads->has_held, &uploads->more);
		if (st == STATUS_OK)
			return PULL_ON;
		answer_error(answer, st);
		return PULL_DONE;
	}
	outcome.count = uploads->count;
	answer_ok(answer, &outcome);
	return PULL_DONE;
}

void
command_uploads(struct caller *caller, const struct request *request)
{
	static const struct producer_ops ops = { uploads_pull, uploads_free };
	struct uploads_producer *uploads;
	enum status st = STATUS_NO_MEMORY;

	(void)request;
	if ((uploads = calloc(1, sizeof(*uploads))) != NULL)
		st = upload_list_begin(&uploads->list, &caller->place,
		    caller->who->user);
	if (st != STATUS_OK) {
		free(uploads);
		answer_error(caller->answer, st);
		return;
	}
	uploads->producer.ops = &ops;
	uploads->more = true;
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
