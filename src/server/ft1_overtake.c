/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "ft1_decode.h"
#include "ft1_state.h"

enum ft1_step
ft1_take_ping(struct ft1 *ft1, const struct ft1_header *header,
    const uint8_t *payload)
{
	switch (ft1_decode_nothing(header, payload)) {
	case FT1_BAD:
		return ft1_broken(ft1, "a PING that is malformed");
	case FT1_UNKNOWN:
		ft1_answer_error(&ft1->answer, header->id, STATUS_UNSUPPORTED,
		    0, "the PING holds something this server does not know");
		break;
	case FT1_GOOD:
		ft1_answer_pong(&ft1->answer, header->id);
		break;
	}
	return FT1_STEP_ON;
}

enum ft1_step
ft1_take_cancel(struct ft1 *ft1, const struct ft1_header *header,
    const uint8_t *payload)
{
	if (ft1_decode_nothing(header, payload) == FT1_BAD)
		return ft1_broken(ft1, "a CANCEL that is malformed");
	if (ft1->upload == FT1_UPLOAD_TAKING && ft1->upload_id == header->id)
		ft1_upload_fail(ft1,
		    status_set(STATUS_CANCELLED, "cancelled"));
	else if (ft1->producer != NULL && ft1->producer_id == header->id) {
		ft1->producer->ops->free(ft1->producer);
		ft1->producer = NULL;
		ft1_answer_begin(&ft1->answer, header->id);
		answer_error(&ft1->answer.answer,
		    status_set(STATUS_CANCELLED, "cancelled"));
	} else
		ft1_cancel_waits(ft1, header->id);
	return FT1_STEP_ON;
}

/* A request that waits in the input itself; an upload comes with its data. */
static void
cancel_waiting(struct face_input *in, size_t end, uint32_t id)
{
	struct ft1_header header;
	size_t at;

	for (at = in->used; at < end; at += FT1_HEADER_SIZE + header.length) {
		ft1_header_read(&header, in->bytes + at);
		if (header.id == id && ft1_is_request(header.type) &&
		    !ft1_is_upload(header.type)) {
			header.type = FT1_CANCELLED;
			header.flags = 0;
			ft1_header_write(in->bytes + at, &header);
			return;
		}
	}
}

static void
serve_early(struct ft1 *ft1, struct face_input *in, size_t at,
    struct ft1_header *header)
{
	const uint8_t *payload = in->bytes + at + FT1_HEADER_SIZE;

	if (header->type == FT1_PING)
		(void)ft1_take_ping(ft1, header, payload);
	else if (header->type == FT1_CANCEL) {
		cancel_waiting(in, at, header->id);
		(void)ft1_take_cancel(ft1, header, payload);
	} else if (header->type != FT1_UNLOCK ||
	    (header->flags & FT1_NOW) == 0 ||
	    !ft1_unlock_now(ft1, header, payload))
		return;
	header->type = FT1_SERVED;
	ft1_header_write(in->bytes + at, header);
}

/*
 * The input begins with a frame that cannot be served yet.  Look at the whole
 * frames behind it, each once.
 */
void
ft1_overtake(struct ft1 *ft1, struct face_input *in)
{
	struct ft1_header header;
	size_t at = ft1->scanned > in->used ? ft1->scanned : in->used;

	while (!ft1->is_ending && ft1->data_left == 0 &&
	    ft1->upload == FT1_UPLOAD_NONE &&
	    in->len - at >= FT1_HEADER_SIZE &&
	    ft1_answer_has_room(&ft1->answer)) {
		ft1_header_read(&header, in->bytes + at);
		if (!ft1_check_header(ft1, &header) ||
		    in->len - at - FT1_HEADER_SIZE < header.length ||
		    !ft1_check_id(ft1, &header))
			break;
		serve_early(ft1, in, at, &header);
		at += FT1_HEADER_SIZE + header.length;
	}
	ft1->scanned = at;
}
