/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "ft1_decode.h"
#include "ft1_state.h"

void
ft1_upload_begun(struct ft1 *ft1, uint32_t id, bool chained)
{
	ft1->consumer = ft1->answer.consumer;
	ft1->upload = ft1->consumer != NULL ? FT1_UPLOAD_TAKING :
	    FT1_UPLOAD_DROPPING;
	ft1->upload_id = id;
	ft1->upload_chained = chained;
}

/* What tells of the upload that is resumed borrows from its consumer. */
static void
drop_own_producer(struct ft1 *ft1)
{
	if (ft1->producer == NULL || ft1->producer_id != ft1->upload_id)
		return;
	ft1->producer->ops->free(ft1->producer);
	ft1->producer = NULL;
}

void
ft1_upload_fail(struct ft1 *ft1, enum status st)
{
	drop_own_producer(ft1);
	ft1_answer_begin_put(&ft1->answer, ft1->upload_id,
	    ft1->upload_chained, ft1->client->former);
	answer_error(&ft1->answer.answer, st);
	ft1->consumer->ops->free(ft1->consumer);
	ft1->consumer = NULL;
	ft1->upload = FT1_UPLOAD_DROPPING;
}

enum ft1_step
ft1_take_data_head(struct ft1 *ft1, const struct ft1_header *header,
    const uint8_t *payload)
{
	uint64_t offset = ft1_load_u64(payload);
	uint64_t len = header->length - FT1_OFFSET_SIZE;

	if (ft1->upload == FT1_UPLOAD_NONE)
		return ft1_broken(ft1, "data for no upload");
	if (offset > INT64_MAX - len)
		return ft1_broken(ft1, "data beyond the largest file");
	ft1->data_left = (size_t)len;
	ft1->data_offset = offset;
	return FT1_STEP_ON;
}

void
ft1_take_data(struct ft1 *ft1, const uint8_t *bytes, size_t len)
{
	enum status st;

	if (ft1->upload == FT1_UPLOAD_TAKING) {
		st = ft1->consumer->ops->feed(ft1->consumer, ft1->data_offset,
		    bytes, len);
		if (st != STATUS_OK)
			ft1_upload_fail(ft1, st);
	}
	ft1->data_offset += len;
	ft1->data_left -= len;
}

static void
end_consumer(struct ft1 *ft1)
{
	drop_own_producer(ft1);
	if (ft1->consumer->ends_at_commit) {
		ft1_answer_begin(&ft1->answer, ft1->upload_id);
		answer_ok(&ft1->answer.answer, NULL);
	}
	ft1->consumer->ops->free(ft1->consumer);
	ft1->consumer = NULL;
	(void)ft1_wait(ft1, ft1->upload_id);
}

enum ft1_step
ft1_take_commit(struct ft1 *ft1, const struct ft1_header *header,
    const uint8_t *payload)
{
	enum ft1_verdict verdict;
	struct ft1_commit commit;
	enum status st;

	if (ft1->upload == FT1_UPLOAD_NONE)
		return ft1_broken(ft1, "a COMMIT of no upload");
	verdict = ft1_decode_commit(&commit, header, payload);
	if (verdict == FT1_BAD)
		return ft1_broken(ft1, "a COMMIT that is malformed");
	if (verdict == FT1_UNKNOWN && ft1->upload == FT1_UPLOAD_TAKING)
		ft1_upload_fail(ft1, status_set(STATUS_UNSUPPORTED,
		    "the COMMIT holds something this server does not know"));
	if (ft1->upload == FT1_UPLOAD_TAKING) {
		st = ft1->consumer->ops->commit(ft1->consumer, commit.size,
		    commit.digest);
		if (st != STATUS_OK)
			ft1_upload_fail(ft1, st);
		else
			end_consumer(ft1);
	}
	ft1->upload = FT1_UPLOAD_NONE;
	return FT1_STEP_ON;
}

enum ft1_step
ft1_take_abort(struct ft1 *ft1, const struct ft1_header *header,
    const uint8_t *payload)
{
	if (ft1->upload == FT1_UPLOAD_NONE)
		return ft1_broken(ft1, "an ABORT of no upload");
	if (ft1_decode_nothing(header, payload) == FT1_BAD)
		return ft1_broken(ft1, "an ABORT that is malformed");
	if (ft1->upload == FT1_UPLOAD_TAKING) {
		if (ft1->consumer->ops->abort != NULL)
			ft1->consumer->ops->abort(ft1->consumer);
		ft1_upload_fail(ft1, status_set(STATUS_CANCELLED,
		    "the upload was given up"));
	}
	ft1->upload = FT1_UPLOAD_NONE;
	return FT1_STEP_ON;
}
