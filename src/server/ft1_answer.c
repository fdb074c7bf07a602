/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "ft1_answer.h"

#include <assert.h>
#include <string.h>

#include "ft1_rows.h"
#include "quota.h"
#include "ticket.h"

#define FINAL_ROOM	8192	/* any OK (with a path) or ERROR fits */
#define DATA_LEAST	4096	/* smaller pieces wait for more room */

static struct ft1_answer *
self(struct answer *answer)
{
	return (struct ft1_answer *)answer;
}

static void
begin_frame(struct ft1_answer *answer, struct ft1_frame *frame,
    enum ft1_type type, uint32_t id)
{
	struct ft1_header header = { .type = (uint8_t)type, .id = id };

	ft1_answer_close_rows(answer);
	ft1_frame_begin(frame, answer->out->bytes + answer->out->len,
	    answer->out->room - answer->out->len, &header);
}

static void
end_frame(struct ft1_answer *answer, struct ft1_frame *frame)
{
	size_t len = ft1_frame_end(frame);

	assert(len > 0);	/* callers see to the room */
	answer->out->len += len;
}

void
ft1_answer_begin(struct ft1_answer *answer, uint32_t id)
{
	answer->id = id;
	answer->puts = NULL;
}

void
ft1_answer_begin_put(struct ft1_answer *answer, uint32_t id, bool chained,
    struct batch_former *puts)
{
	answer->id = id;
	answer->chained = chained;
	answer->puts = puts;
}

bool
ft1_answer_has_room(const struct ft1_answer *answer)
{
	return answer->out->room - answer->out->len >= FINAL_ROOM;
}

static void
write_quota(struct ft1_frame *frame, const struct quota_usage *quota)
{
	if (quota->has_bytes) {
		ft1_put_u64(frame, FT1_TAG_QUOTA_BYTES, quota->bytes);
		ft1_put_u64(frame, FT1_TAG_QUOTA_USED, quota->bytes_used);
	}
	if (quota->has_files) {
		ft1_put_u64(frame, FT1_TAG_QUOTA_FILES, quota->files);
		ft1_put_u64(frame, FT1_TAG_QUOTA_FILES_USED,
		    quota->files_used);
	}
}

static void
write_receipt(struct ft1_frame *frame, const struct upload_receipt *receipt)
{
	if (receipt->is_async)
		ft1_put_u8(frame, FT1_TAG_DURABILITY, 1);
	ft1_put_u64(frame, FT1_TAG_SIZE, receipt->size);
	ft1_put_bytes(frame, FT1_TAG_VERSION_NOW, receipt->version,
	    sizeof(receipt->version));
	ft1_put_bytes(frame, FT1_TAG_DIGEST, receipt->digest,
	    sizeof(receipt->digest));
	ft1_put_bytes(frame, FT1_TAG_UPLOAD, receipt->id,
	    sizeof(receipt->id));
	ft1_put_time(frame, FT1_TAG_TIME, receipt->time);
}

static void
answer_is_ok(struct answer *base, const struct outcome *outcome)
{
	struct ft1_answer *answer = self(base);
	struct ft1_frame frame;
	struct ft1_entry entry;

	begin_frame(answer, &frame, FT1_OK, answer->id);
	if (outcome->has_durability)
		ft1_put_u8(&frame, FT1_TAG_DURABILITY,
		    outcome->durability == DURABILITY_ASYNC);
	if (outcome->path != NULL)
		ft1_put_string(&frame, FT1_TAG_PATH, outcome->path);
	if (outcome->has_content) {
		ft1_put_u64(&frame, FT1_TAG_SIZE, outcome->size);
		ft1_put_bytes(&frame, FT1_TAG_VERSION_NOW, outcome->version,
		    sizeof(outcome->version));
		ft1_put_bytes(&frame, FT1_TAG_DIGEST, outcome->digest,
		    sizeof(outcome->digest));
	}
	if (outcome->has_size)
		ft1_put_u64(&frame, FT1_TAG_SIZE, outcome->size);
	if (outcome->has_version)
		ft1_put_bytes(&frame, FT1_TAG_VERSION_NOW, outcome->version,
		    sizeof(outcome->version));
	if (outcome->has_count)
		ft1_put_u64(&frame, FT1_TAG_COUNT, outcome->count);
	if (outcome->entry != NULL) {
		ft1_rows_facts(&entry, outcome->entry);
		ft1_put_entry(&frame, &entry);
	}
	if (outcome->sum != NULL)
		ft1_put_bytes(&frame, FT1_TAG_SUM, outcome->sum,
		    outcome->sum_len);
	if (outcome->has_free)
		ft1_put_u64(&frame, FT1_TAG_FREE, outcome->free);
	if (outcome->quota != NULL)
		write_quota(&frame, outcome->quota);
	if (outcome->receipt != NULL)
		write_receipt(&frame, outcome->receipt);
	if (outcome->mime != NULL)
		ft1_put_string(&frame, FT1_TAG_MIME, outcome->mime);
	if (outcome->link != NULL)
		ft1_put_string(&frame, FT1_TAG_LINK, outcome->link);
	end_frame(answer, &frame);
	answer->failed = false;
}

static void
write_error(struct ft1_frame *frame, enum status st, unsigned int wait,
    const char *text)
{
	ft1_put_u16(frame, FT1_TAG_CODE, (uint16_t)st);
	ft1_put_u8(frame, FT1_TAG_CLASS, (uint8_t)status_class(st));
	if (wait > 0)
		ft1_put_u32(frame, FT1_TAG_WAIT, wait);
	ft1_put_string(frame, FT1_TAG_TEXT, text);
}

void
ft1_answer_error(struct ft1_answer *answer, uint32_t id, enum status st,
    unsigned int wait, const char *text)
{
	struct ft1_frame frame;

	begin_frame(answer, &frame, FT1_ERROR, id);
	write_error(&frame, st, wait, text);
	end_frame(answer, &frame);
	answer->failed = true;
}

static void
answer_is_error(struct answer *base, enum status st, const char *text,
    const char *holder)
{
	struct ft1_answer *answer = self(base);
	struct ft1_frame frame;

	if (answer->puts != NULL &&
	    batch_former_fail(answer->puts, answer->id, answer->chained, st))
		return;
	/* What can happen on our side only is an error of ours to others. */
	if (!status_is_on_wire((unsigned int)st))
		st = STATUS_IO;
	begin_frame(answer, &frame, FT1_ERROR, answer->id);
	write_error(&frame, st, 0, text);
	if (*holder != '\0')
		ft1_put_string(&frame, FT1_TAG_HOLDER, holder);
	end_frame(answer, &frame);
	answer->failed = true;
}

static void
answer_begins_get(struct answer *base, const struct file_facts *facts)
{
	struct ft1_answer *answer = self(base);
	struct ft1_frame frame;

	begin_frame(answer, &frame, FT1_BEGUN, answer->id);
	ft1_put_u64(&frame, FT1_TAG_SIZE, facts->size);
	ft1_put_u32(&frame, FT1_TAG_MODE, facts->mode);
	ft1_put_time(&frame, FT1_TAG_MTIME, facts->mtime);
	ft1_put_bytes(&frame, FT1_TAG_VERSION_NOW, facts->version,
	    sizeof(facts->version));
	end_frame(answer, &frame);
}

static void
answer_begins_put(struct answer *base, const uint8_t *upload_id)
{
	struct ft1_answer *answer = self(base);
	struct ft1_frame frame;

	begin_frame(answer, &frame, FT1_BEGUN, answer->id);
	ft1_put_bytes(&frame, FT1_TAG_UPLOAD, upload_id, UPLOAD_ID_SIZE);
	end_frame(answer, &frame);
}

static void *
answer_has_data_room(struct answer *base, size_t *room)
{
	struct face_output *out = self(base)->out;
	size_t left = out->room - out->len;
	size_t head = FT1_HEADER_SIZE + FT1_OFFSET_SIZE;

	ft1_answer_close_rows(self(base));
	if (left < head + DATA_LEAST + FT1_ROWS_LAST_ROOM)
		return NULL;
	*room = left - head - FT1_ROWS_LAST_ROOM;
	if (*room > FT1_DATA_BYTES)
		*room = FT1_DATA_BYTES;
	return out->bytes + out->len + head;
}

static void
answer_has_data(struct answer *base, uint64_t offset, size_t len)
{
	struct ft1_answer *answer = self(base);
	struct face_output *out = answer->out;
	struct ft1_header header = { .type = FT1_DATA, .id = answer->id };

	header.length = (uint32_t)(FT1_OFFSET_SIZE + len);
	ft1_header_write(out->bytes + out->len, &header);
	ft1_store_u64(out->bytes + out->len + FT1_HEADER_SIZE, offset);
	out->len += FT1_HEADER_SIZE + FT1_OFFSET_SIZE + len;
}

static void
answer_is_produced(struct answer *base, struct producer *producer)
{
	self(base)->producer = producer;
}

static void
answer_is_consumed(struct answer *base, struct consumer *consumer)
{
	self(base)->consumer = consumer;
}

static void
answer_is_awaited(struct answer *base, struct waiter *waiter)
{
	self(base)->waiter = waiter;
	/* A wait that was over at once may have left one; it is the line's. */
	self(base)->producer = NULL;
}

void
ft1_answer_init(struct ft1_answer *answer)
{
	static const struct answer_ops ops = {
		.ok = answer_is_ok,
		.error = answer_is_error,
		.begun_get = answer_begins_get,
		.begun_put = answer_begins_put,
		.entry = ft1_rows_entry,
		.pieces = ft1_rows_pieces,
		.upload = ft1_rows_upload,
		.held = ft1_rows_held,
		.member = ft1_rows_member,
		.whole_room = ft1_rows_whole_room,
		.whole = ft1_rows_whole,
		.data_room = answer_has_data_room,
		.data = answer_has_data,
		.produce = answer_is_produced,
		.consume = answer_is_consumed,
		.wait = answer_is_awaited,
	};

	memset(answer, 0, sizeof(*answer));
	answer->answer.ops = &ops;
}

void
ft1_answer_hello(struct ft1_answer *answer, const struct config *config)
{
	struct ft1_frame frame;

	begin_frame(answer, &frame, FT1_HELLO, 0);
	ft1_put_u16(&frame, FT1_TAG_VERSION, FT1_VERSION);
	ft1_put_u32(&frame, FT1_TAG_MAX_REQUEST, FT1_MAX_REQUEST);
	ft1_put_u32(&frame, FT1_TAG_MAX_DATA, FT1_MAX_DATA);
	ft1_put_u32(&frame, FT1_TAG_PIPELINE, FT1_PIPELINE);
	ft1_put_u32(&frame, FT1_TAG_SMALL_UPLOAD, FT1_SMALL_UPLOAD);
	ft1_put_u32(&frame, FT1_TAG_IDLE_SECONDS, config->idle_timeout);
	ft1_put_string(&frame, FT1_TAG_METHODS, "password ticket");
	ft1_put_u64(&frame, FT1_TAG_FEATURES, FT1_FEATURE_FILES |
	    FT1_FEATURE_GET_TREE | FT1_FEATURE_TOTAL | FT1_FEATURE_BASIS |
	    FT1_FEATURE_MIME);
	ft1_put_string(&frame, FT1_TAG_AGENT, "ftserver/" PACKAGE_VERSION);
	end_frame(answer, &frame);
}

void
ft1_answer_challenge(struct ft1_answer *answer, uint32_t id)
{
	struct ft1_frame frame;

	begin_frame(answer, &frame, FT1_CHALLENGE, id);
	ft1_put_string(&frame, FT1_TAG_PROMPT, "Password: ");
	ft1_put_u8(&frame, FT1_TAG_ECHO, 0);
	end_frame(answer, &frame);
}

void
ft1_answer_login(struct ft1_answer *answer, uint32_t id,
    struct client *client)
{
	uint8_t ticket[TICKET_MAX];
	struct ft1_frame frame;
	uint32_t seconds;
	size_t len;

	begin_frame(answer, &frame, FT1_OK, id);
	if (client_make_ticket(client, ticket, &len, &seconds) == STATUS_OK) {
		ft1_put_bytes(&frame, FT1_TAG_TICKET, ticket, len);
		ft1_put_u32(&frame, FT1_TAG_TICKET_SECONDS, seconds);
	}
	ft1_put_u8(&frame, FT1_TAG_DURABILITY,
	    client_durability(client) == DURABILITY_ASYNC);
	end_frame(answer, &frame);
	answer->failed = false;
}

void
ft1_answer_pong(struct ft1_answer *answer, uint32_t id)
{
	struct ft1_frame frame;

	begin_frame(answer, &frame, FT1_OK, id);
	end_frame(answer, &frame);
}

void
ft1_answer_member(struct ft1_answer *answer, const struct batch_member *member)
{
	struct outcome outcome = { .receipt = &member->receipt };

	ft1_answer_begin(answer, member->id);
	if (member->st == STATUS_OK)
		answer_is_ok(&answer->answer, &outcome);
	else {
		status_words_use(&member->words, member->st);
		answer_error(&answer->answer, member->st);
	}
}
