/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "verb.h"

#include <inttypes.h>
#include <unistd.h>

#include "digest.h"
#include "listing_view.h"
#include "paths.h"
#include "report.h"
#include "show.h"

static enum status
take_entries(struct call *call, const struct frame *frame)
{
	struct listing_view *view = call->owner;
	struct reply reply;
	enum status st;

	if (frame->header.type == FT1_ENTRIES)
		return listing_view_add(view, frame->payload,
		    frame->header.length);
	st = reply_final(&reply, frame, "a list", REPLY_COUNT);
	if (st != STATUS_OK)
		return st;
	if (reply.count != listing_view_count(view))
		return status_set(STATUS_PROTOCOL, "the server lists %" PRIu64
		    " entries but says that there are %" PRIu64,
		    listing_view_count(view), reply.count);
	return STATUS_OK;
}

/* On a terminal as ls has it; else as scripts know it. */
static enum listing_style
choose_style(const struct client *client, const struct arguments *arguments)
{
	if (report_is_json(client->settings->report))
		return LISTING_PLAIN;
	if ((arguments->letters & VERB_LETTER('l')) != 0)
		return LISTING_LONG;
	if (arguments->options[OPTION_MIME] != NULL)
		return LISTING_PLAIN;
	return isatty(STDOUT_FILENO) ? LISTING_COLUMNS : LISTING_PLAIN;
}

static bool
has_types(const struct client *client)
{
	return (remote_limits(client->remote)->features &
	    FT1_FEATURE_MIME) != 0;
}

enum status
verb_list(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	struct call call = { .receiver = take_entries };
	struct listing_view *view;
	struct ft1_frame *frame;
	enum status st;

	*blame = arguments->words[0];
	if (*blame != NULL && (st = path_check(*blame)) != STATUS_OK)
		return st;
	if (arguments->options[OPTION_MIME] != NULL && !has_types(client))
		return status_set(STATUS_UNSUPPORTED,
		    "the server tells no types of files");
	st = listing_view_new(&view, choose_style(client, arguments),
	    client->settings->report);
	if (st != STATUS_OK)
		return st;
	if (arguments->options[OPTION_MIME] != NULL)
		listing_view_show_types(view);
	call.owner = view;
	frame = remote_request(client->remote, FT1_LIST, 0, &call);
	if (*blame != NULL)
		ft1_put_string(frame, FT1_TAG_PATH, *blame);
	if (arguments->options[OPTION_MIME] != NULL)
		ft1_put_bytes(frame, FT1_TAG_MIME_WANTED, "", 0);
	st = remote_finish(client->remote, &call);
	if (st == STATUS_OK)
		st = listing_view_end(view);
	listing_view_free(view);
	return st;
}

static const char *
type_word(char type)
{
	switch (type) {
	case 'f':	return "file";
	case 'd':	return "folder";
	case 'l':	return "symlink";
	}
	return "other";
}

static void
show_stat(const struct ft1_entry *entry)
{
	struct show_clock clock = { 0 };
	char moment[SHOW_TIME_SIZE], mode[SHOW_MODE_SIZE];
	char version[DIGEST_HEX_SIZE];

	show_time(moment, &clock, entry->mtime.seconds);
	show_mode(mode, entry->type, entry->mode);
	digest_hex(version, entry->version);
	fputs("name: ", stdout);
	show_bytes(stdout, entry->name, entry->name_len);
	printf("\ntype: %s\nsize: %" PRIu64 "\nmode: %04o (%s)\n"
	    "time: %s\nversion: %s\n", type_word(entry->type), entry->size,
	    entry->mode, mode, moment, version);
	if (entry->mime_len == 0)
		return;
	fputs("mime: ", stdout);
	show_bytes(stdout, entry->mime, entry->mime_len);
	putchar('\n');
}

static enum status
take_stat(struct call *call, const struct frame *frame)
{
	struct reply reply;
	enum status st;

	st = reply_final(&reply, frame, "a stat", REPLY_ENTRY);
	reply.entry.mime = (const char *)reply.mime.at;
	reply.entry.mime_len = reply.mime.len;
	if (st == STATUS_OK &&
	    !report_entry(call->owner, "stat", &reply.entry))
		show_stat(&reply.entry);
	return st;
}

enum status
verb_stat(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	struct call call = { .receiver = take_stat,
	    .owner = client->settings->report };
	struct ft1_frame *frame;
	enum status st;

	*blame = arguments->words[0];
	if ((st = path_check(*blame)) != STATUS_OK)
		return st;
	frame = remote_request(client->remote, FT1_STAT, 0, &call);
	ft1_put_string(frame, FT1_TAG_PATH, *blame);
	if (has_types(client))
		ft1_put_bytes(frame, FT1_TAG_MIME_WANTED, "", 0);
	return remote_finish(client->remote, &call);
}
