/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "verb.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "report.h"
#include "show.h"

static void
show_row(const struct report_upload *row, struct show_clock *clock)
{
	char id[DIGEST_HEX_SIZE], time[SHOW_TIME_SIZE];

	digest_hex(id, row->id);
	show_time(time, clock, row->seconds);
	printf("%s %" PRIu64 "/", id, row->held);
	if (row->has_size)
		printf("%" PRIu64, row->size);
	else
		putchar('?');
	printf(" %s ", time);
	show_bytes(stdout, row->path, row->path_len);
	putchar('\n');
}

static enum status
take_rows(const struct frame *frame, struct report *report)
{
	const uint8_t *at = frame->payload;
	size_t left = frame->header.length, len;
	struct show_clock clock = { .known = false };
	struct report_upload row;

	for (; left > 0; at += len, left -= len) {
		if (left < 2 ||
		    (len = (size_t)at[0] << 8 | at[1]) > left - 2 ||
		    len < FT1_UPLOADS_HELD_FIXED)
			return status_set(STATUS_PROTOCOL,
			    "the server's list of uploads is malformed");
		at += 2;
		left -= 2;
		row.id = at;
		row.size = ft1_load_u64(at + 17);
		row.has_size = row.size != UINT64_MAX;
		row.held = ft1_load_u64(at + 25);
		row.seconds = (int64_t)ft1_load_u64(at + 33);
		row.is_folder = at[16] == 'd';
		row.path = (const char *)at + FT1_UPLOADS_HELD_FIXED;
		row.path_len = len - FT1_UPLOADS_HELD_FIXED;
		if (!report_upload(report, &row))
			show_row(&row, &clock);
	}
	return STATUS_OK;
}

static enum status
take_uploads(struct call *call, const struct frame *frame)
{
	struct reply reply;

	if (frame->header.type == FT1_OK)
		return reply_read(&reply, frame, REPLY_COUNT);
	if (frame->header.type == FT1_UPLOADS_HELD)
		return take_rows(frame, call->owner);
	return reply_unexpected(frame, "a question for uploads");
}

static enum status
list(struct client *client)
{
	struct call call = { .receiver = take_uploads,
	    .owner = client->settings->report };

	(void)remote_request(client->remote, FT1_UPLOADS, 0, &call);
	return remote_finish(client->remote, &call);
}

/* 32 digits; false for anything else. */
static bool
read_id(uint8_t id[FT1_ID_SIZE], const char *word)
{
	unsigned int byte;
	size_t i;

	if (strlen(word) != 2 * FT1_ID_SIZE ||
	    strspn(word, "0123456789abcdef") != 2 * FT1_ID_SIZE)
		return false;
	for (i = 0; i < FT1_ID_SIZE; i++) {
		if (sscanf(word + 2 * i, "%2x", &byte) != 1)
			return false;
		id[i] = (uint8_t)byte;
	}
	return true;
}

static enum status
discard(struct client *client, const char *word)
{
	struct call call = { 0 };
	uint8_t id[FT1_ID_SIZE];
	struct ft1_frame *frame;

	if (!read_id(id, word))
		return status_set(STATUS_USAGE,
		    "%s: an upload is named by 32 hexadecimal digits", word);
	frame = remote_request(client->remote, FT1_DISCARD, 0, &call);
	ft1_put_bytes(frame, FT1_TAG_UPLOAD, id, sizeof(id));
	return remote_finish(client->remote, &call);
}

enum status
verb_uploads(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	enum status st = STATUS_OK;
	int i;

	if ((arguments->letters & VERB_LETTER('d')) == 0)
		return arguments->len == 0 ? list(client) :
		    status_set(STATUS_USAGE, "to give uploads up use: "
		    "uploads -d ID ...");
	if (arguments->len == 0)
		return status_set(STATUS_USAGE,
		    "say which: uploads -d ID ...");
	for (i = client->done; i < arguments->len && st == STATUS_OK; i++) {
		client->done = i;
		*blame = arguments->words[i];
		st = discard(client, *blame);
	}
	return st;
}
