/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "verb.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "paths.h"
#include "report.h"
#include "show.h"
#include "size_text.h"

struct range {
	bool		 given;
	uint64_t	 offset;
	uint64_t	 length;	/* 0: to the end of all */
};

/* OFFSET:LENGTH; without a length, to the end. */
static enum status
read_range(struct range *range, const char *word)
{
	const char *at;

	memset(range, 0, sizeof(*range));
	if (word == NULL)
		return STATUS_OK;
	range->given = true;
	at = size_text_read(&range->offset, word);
	if (at != NULL && *at == ':' && at[1] == '\0')
		return STATUS_OK;
	if (at != NULL && *at == ':')
		at = size_text_read(&range->length, at + 1);
	if (at == NULL || *at != '\0')
		return status_set(STATUS_USAGE,
		    "%.64s: a range is written OFFSET:LENGTH", word);
	return STATUS_OK;
}

static void
put_range(struct ft1_frame *frame, const struct range *range)
{
	if (!range->given)
		return;
	ft1_put_u64(frame, FT1_TAG_OFFSET, range->offset);
	if (range->length > 0)
		ft1_put_u64(frame, FT1_TAG_LENGTH, range->length);
}

static enum status
check_words(const struct arguments *arguments, struct range *range)
{
	enum status st;

	if ((st = path_check(arguments->words[0])) != STATUS_OK)
		return st;
	return read_range(range, arguments->words[1]);
}

enum status
verb_lock(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	struct call call = { 0 };
	struct ft1_frame *frame;
	struct range range;
	enum status st;
	uint32_t wait;

	*blame = arguments->words[0];
	if ((st = check_words(arguments, &range)) != STATUS_OK ||
	    (st = verb_wait_seconds(&wait, arguments)) != STATUS_OK)
		return st;
	frame = remote_request(client->remote, FT1_LOCK, 0, &call);
	ft1_put_string(frame, FT1_TAG_PATH, *blame);
	put_range(frame, &range);
	if (wait > 0)
		ft1_put_u32(frame, FT1_TAG_WAIT_LOCK, wait);
	if (arguments->options[OPTION_SHARED] != NULL)
		ft1_put_bytes(frame, FT1_TAG_SHARED, NULL, 0);
	st = remote_finish(client->remote, &call);
	if (st == STATUS_OK)
		remote_keep_alive(client->remote);
	return st;
}

enum status
verb_unlock(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	struct call call = { 0 };
	struct ft1_frame *frame;
	struct range range;
	enum status st;

	*blame = arguments->words[0];
	if ((st = check_words(arguments, &range)) != STATUS_OK)
		return st;
	frame = remote_request(client->remote, FT1_UNLOCK, 0, &call);
	ft1_put_string(frame, FT1_TAG_PATH, *blame);
	put_range(frame, &range);
	return remote_finish(client->remote, &call);
}

static void
show_held(const struct ft1_held *held)
{
	printf("%-9s %" PRIu64 ":", held->exclusive ? "exclusive" : "shared",
	    held->offset);
	if (held->length > 0)
		printf("%" PRIu64, held->length);
	putchar(' ');
	show_bytes(stdout, held->user, held->user_len);
	printf(" (%ssession %" PRIu64 ") ", held->own ? "this " : "",
	    held->session);
	if (held->path_len > 0)
		show_bytes(stdout, held->path, held->path_len);
	else
		putchar('?');
	putchar('\n');
}

static enum status
take_held(struct call *call, const struct frame *frame)
{
	const uint8_t *at = frame->payload;
	size_t left = frame->header.length;
	struct ft1_held held;
	struct reply reply;
	enum ft1_next next;

	if (frame->header.type == FT1_OK)
		return reply_read(&reply, frame, REPLY_COUNT);
	if (frame->header.type != FT1_HELD)
		return reply_unexpected(frame, "a question for locks");
	while ((next = ft1_held_next(&held, &at, &left)) == FT1_FIELD)
		if (!report_lock(call->owner, &held))
			show_held(&held);
	if (next == FT1_BROKEN)
		return status_set(STATUS_PROTOCOL,
		    "the server's list of locks is malformed");
	return STATUS_OK;
}

enum status
verb_locks(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	struct call call = { .receiver = take_held,
	    .owner = client->settings->report };
	struct ft1_frame *frame;
	enum status st;

	*blame = arguments->words[0];
	if (*blame != NULL && (st = path_check(*blame)) != STATUS_OK)
		return st;
	frame = remote_request(client->remote, FT1_LOCKS, 0, &call);
	if (*blame != NULL)
		ft1_put_string(frame, FT1_TAG_PATH, *blame);
	return remote_finish(client->remote, &call);
}
