/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "ft1_state.h"

#include <string.h>

#include "command.h"
#include "ft1_decode.h"
#include "log.h"

#define EARLY_MAX 8	/* requests that may come before the login */

/* Nothing but its own frames may come within an upload. */
static bool
is_within_upload(const struct ft1 *ft1, const struct ft1_header *header)
{
	if (header->type == FT1_PING || header->type == FT1_CANCEL ||
	    header->type == FT1_SERVED)
		return true;
	return header->id == ft1->upload_id && (header->type == FT1_DATA ||
	    header->type == FT1_COMMIT || header->type == FT1_ABORT);
}

/* Must the request wait for what is before it? */
static bool
is_held_up(struct ft1 *ft1, const struct ft1_header *header)
{
	struct batch_former *former = ft1->client->former;

	if (ft1->producer != NULL || ft1->stage == FT1_STAGE_CHECKING ||
	    ft1_waits(ft1, header))
		return true;
	if (!ft1_has_puts(ft1))
		return false;
	if (header->type == FT1_PUT && batch_former_has_room(former))
		return false;
	/* It has to see the files that were put before. */
	if (ft1->answering == NULL)
		batch_former_send(former);
	return true;
}

/*
 * Does a PUT repeat the name of a long one before it?  It would find the claim
 * of that one, although they are served in order.
 */
static bool
is_repeated(struct ft1 *ft1, const struct ft1_header *header,
    const uint8_t *payload)
{
	struct client *client = ft1->client;
	char path[WALK_PATH_ROOM];
	struct request request;

	if (header->type != FT1_PUT || !ft1_has_puts(ft1) ||
	    ft1_decode_request(&request, header, payload) != FT1_GOOD ||
	    path_clean(path, client->cwd != NULL ? client->cwd : "/",
	    request.path.at != NULL ? request.path.at : "",
	    request.path.len) != STATUS_OK ||
	    !batch_former_holds(client->former, path))
		return false;
	if (ft1->answering == NULL)
		batch_former_send(client->former);
	return true;
}

static bool
is_skipped(struct ft1 *ft1, const struct request *request)
{
	/* Puts behind puts learn it when their batch is carried out. */
	if (ft1_has_puts(ft1))
		return false;
	if (!request->chained)
		ft1->answer.failed = false;
	if (ft1->client->former != NULL)
		batch_former_set_failed(ft1->client->former,
		    ft1->answer.failed);
	return ft1->answer.failed;
}

static bool
is_upload(enum verb verb)
{
	return verb == VERB_PUT || verb == VERB_APPEND || verb == VERB_WRITE;
}

/* Hand a request to its handler, and take over what that has left. */
static void
serve(struct ft1 *ft1, const struct request *request)
{
	bool waits;

	if (is_upload(request->verb))
		ft1_answer_begin_put(&ft1->answer, request->id,
		    request->chained, ft1->client->former);
	else
		ft1_answer_begin(&ft1->answer, request->id);
	ft1->answer.producer = NULL;
	ft1->answer.consumer = NULL;
	if (is_skipped(ft1, request))
		answer_error(&ft1->answer.answer, STATUS_SKIPPED);
	else if (ft1_find_caller(ft1, request->id)) {
		command_run(&ft1->caller, request);
		ft1_answer_close_rows(&ft1->answer);
		/* Only a row of puts is one batch for the user's line. */
		if (request->verb != VERB_PUT)
			ft1_forget_caller(ft1);
	}
	waits = ft1_wait(ft1, request->id);
	ft1->producer = ft1->answer.producer;
	ft1->producer_id = request->id;
	if (is_upload(request->verb) && !waits)
		ft1_upload_begun(ft1, request->id, request->chained);
}

/* A request that is refused before it is one; data may still follow it. */
static enum ft1_step
refuse(struct ft1 *ft1, const struct ft1_header *header, enum status st,
    const char *text)
{
	ft1_answer_begin(&ft1->answer, header->id);
	if (ft1_is_upload(header->type)) {
		ft1_answer_begin_put(&ft1->answer, header->id,
		    (header->flags & FT1_CHAINED) != 0, ft1->client->former);
		ft1->upload = FT1_UPLOAD_DROPPING;
		ft1->upload_id = header->id;
	}
	answer_error(&ft1->answer.answer, status_set(st, "%s", text));
	return FT1_STEP_ON;
}

static enum ft1_step
take_request(struct ft1 *ft1, const struct ft1_header *header,
    const uint8_t *payload)
{
	struct request request;

	if (ft1->stage == FT1_STAGE_LOGIN ||
	    ft1->stage == FT1_STAGE_CHALLENGED) {
		if (++ft1->early > EARLY_MAX)
			return ft1_broken(ft1, "requests without a login");
		return refuse(ft1, header, STATUS_LOGIN_NEEDED,
		    "log in first");
	}
	switch (ft1_decode_request(&request, header, payload)) {
	case FT1_BAD:
		return ft1_broken(ft1, "a request that is malformed");
	case FT1_UNKNOWN:
		return refuse(ft1, header, STATUS_UNSUPPORTED,
		    "this server does not know the request, or a part of it");
	case FT1_GOOD:
		break;
	}
	if (ft1->stopping != STATUS_OK)
		return refuse(ft1, header, ft1->stopping,
		    "the server is shutting down");
	serve(ft1, &request);
	return FT1_STEP_ON;
}

/* A whole frame other than DATA, in its turn. */
static enum ft1_step
dispatch(struct ft1 *ft1, const struct ft1_header *header,
    const uint8_t *payload)
{
	switch (header->type) {
	case FT1_SERVED:
		return FT1_STEP_ON;
	case FT1_CANCELLED:
		return refuse(ft1, header, STATUS_CANCELLED, "cancelled");
	case FT1_HELLO:
		return ft1_take_hello(ft1, header, payload);
	case FT1_LOGIN:
		return ft1_take_login(ft1, header, payload);
	case FT1_RESPONSE:
		return ft1_take_response(ft1, header, payload);
	case FT1_PING:
		return ft1_take_ping(ft1, header, payload);
	case FT1_CANCEL:
		return ft1_take_cancel(ft1, header, payload);
	case FT1_COMMIT:
		return ft1_take_commit(ft1, header, payload);
	case FT1_ABORT:
		return ft1_take_abort(ft1, header, payload);
	}
	return take_request(ft1, header, payload);
}

/* May the frame come now, and is it its turn? */
static bool
is_its_turn(struct ft1 *ft1, const struct ft1_header *header)
{
	bool is_hello = header->type == FT1_HELLO;

	if (is_hello != (ft1->stage == FT1_STAGE_HELLO)) {
		(void)ft1_broken(ft1, "a frame before or after its time");
		return false;
	}
	if (ft1->upload != FT1_UPLOAD_NONE) {
		if (is_within_upload(ft1, header))
			return true;
		(void)ft1_broken(ft1, "another frame within an upload");
		return false;
	}
	if (header->type == FT1_PING || header->type == FT1_CANCEL ||
	    header->type == FT1_SERVED)
		return true;
	return !is_held_up(ft1, header);
}

static enum ft1_step
take_data_frame(struct ft1 *ft1, const struct ft1_header *header,
    struct face_input *in)
{
	const uint8_t *at = in->bytes + in->used + FT1_HEADER_SIZE;

	if (in->len - in->used < FT1_HEADER_SIZE + FT1_OFFSET_SIZE)
		return FT1_STEP_WAITS;
	in->used += FT1_HEADER_SIZE + FT1_OFFSET_SIZE;
	return ft1_take_data_head(ft1, header, at);
}

/* As much content of the DATA frame as is here. */
static enum ft1_step
take_data(struct ft1 *ft1, struct face_input *in)
{
	size_t n = in->len - in->used;

	if (n == 0)
		return FT1_STEP_WAITS;
	if (n > ft1->data_left)
		n = ft1->data_left;
	ft1_take_data(ft1, in->bytes + in->used, n);
	in->used += n;
	return FT1_STEP_ON;
}

enum ft1_step
ft1_take_frame(struct ft1 *ft1, struct face_input *in)
{
	const uint8_t *at = in->bytes + in->used;
	struct ft1_header header;
	enum ft1_step step;
	bool is_scanned;	/* and with that checked, by ft1_overtake */

	/* Data, too, may have to be answered by an error. */
	if (!ft1_answer_has_room(&ft1->answer))
		return FT1_STEP_WAITS;
	if (ft1->data_left > 0)
		return take_data(ft1, in);
	if (in->len - in->used < FT1_HEADER_SIZE)
		return FT1_STEP_WAITS;
	ft1_header_read(&header, at);
	is_scanned = in->used < ft1->scanned;
	if (!is_scanned && !ft1_check_header(ft1, &header))
		return FT1_STEP_WAITS;
	if (!is_its_turn(ft1, &header))
		return FT1_STEP_WAITS;
	if (header.type == FT1_DATA)
		return take_data_frame(ft1, &header, in);
	if (in->len - in->used - FT1_HEADER_SIZE < header.length ||
	    is_repeated(ft1, &header, at + FT1_HEADER_SIZE))
		return FT1_STEP_WAITS;
	if (!is_scanned && !ft1_check_id(ft1, &header))
		return FT1_STEP_WAITS;
	log_line(LOG_LEVEL_TRACE, ft1->client->who.session, "%s %u, %u bytes",
	    ft1_type_word(header.type) != NULL ? ft1_type_word(header.type) :
	    "request", header.id, header.length);
	step = dispatch(ft1, &header, at + FT1_HEADER_SIZE);
	/* The buffer is the worker's, and lives on: passwords must not. */
	if (header.type == FT1_LOGIN || header.type == FT1_RESPONSE)
		explicit_bzero(in->bytes + in->used + FT1_HEADER_SIZE,
		    header.length);
	in->used += FT1_HEADER_SIZE + header.length;
	return step;
}
