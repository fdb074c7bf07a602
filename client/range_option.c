/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "range_option.h"

#include <string.h>

#include "size_text.h"

/* OFFSET:LENGTH, OFFSET: to the end, -COUNT: for the last bytes. */
static bool
read_word(struct file_range *out, const char *word)
{
	const char *at;

	out->from_end = *word == '-';
	at = size_text_read(out->from_end ? &out->length : &out->offset,
	    word + out->from_end);
	if (at == NULL || *at != ':')
		return false;
	out->has_length = out->from_end || at[1] != '\0';
	if (at[1] == '\0')
		return true;
	if (out->from_end)
		return false;
	at = size_text_read(&out->length, at + 1);
	return at != NULL && *at == '\0';
}

enum status
range_option_read(struct file_range *out, const struct arguments *arguments)
{
	const char *word = arguments->options[OPTION_RANGE];

	memset(out, 0, sizeof(*out));
	if (word == NULL)
		return STATUS_OK;
	if ((arguments->letters & ~VERB_LETTER('g')) != 0 ||
	    arguments->options[OPTION_SEGMENTS] != NULL)
		return status_set(STATUS_USAGE,
		    "--range is for a part of one file, without -a, -p, -r "
		    "and --segments");
	out->given = true;
	if (!read_word(out, word))
		return status_set(STATUS_USAGE, "%.64s: a range is written "
		    "OFFSET:LENGTH, OFFSET: or -COUNT:", word);
	return STATUS_OK;
}

static enum status
take_size(struct call *call, const struct frame *frame)
{
	struct file_range *range = call->owner;
	struct reply reply;
	enum status st;

	if (frame->header.type != FT1_OK)
		return status_set(STATUS_PROTOCOL,
		    "the server answered a stat with a frame of type %u",
		    frame->header.type);
	if ((st = reply_read(&reply, frame, REPLY_ENTRY)) != STATUS_OK)
		return st;
	range->offset = reply.entry.size > range->length ?
	    reply.entry.size - range->length : 0;
	range->has_version = true;
	memcpy(range->version, reply.entry.version, FT1_ID_SIZE);
	return STATUS_OK;
}

enum status
range_option_place(struct file_range *range, struct client *client,
    const char *path)
{
	struct call call = { .receiver = take_size, .owner = range };
	struct ft1_frame *frame;

	if (!range->from_end)
		return STATUS_OK;
	frame = remote_request(client->remote, FT1_STAT, 0, &call);
	ft1_put_string(frame, FT1_TAG_PATH, path);
	return remote_finish(client->remote, &call);
}
