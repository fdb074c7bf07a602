/* SPDX-License-Identifier: ISC */
/* Commands that ask about content and whole trees: find, sum, du, df. */
#include "config.h"

#include "verb.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "paths.h"
#include "report.h"
#include "show.h"
#include "time_text.h"

/* A path below the folder that was asked for. */
static bool
is_path(const struct ft1_entry *entry)
{
	return entry->name_len > 0 && entry->name_len <= FT1_PATH_MAX &&
	    entry->name[0] != '/' &&
	    memchr(entry->name, '\0', entry->name_len) == NULL;
}

struct finding {
	struct report	*report;	/* borrowed */
	uint64_t	 count;
};

static enum status
take_found(struct call *call, const struct frame *frame)
{
	const uint8_t *row = frame->payload;
	size_t left = frame->header.length;
	struct finding *finding = call->owner;
	struct ft1_entry entry;
	enum ft1_next next;
	struct reply reply;
	enum status st;

	if (frame->header.type == FT1_OK) {
		st = reply_read(&reply, frame, REPLY_COUNT);
		if (st == STATUS_OK && reply.count != finding->count)
			st = status_set(STATUS_PROTOCOL,
			    "the server told of fewer files than it found");
		return st;
	}
	if (frame->header.type != FT1_ENTRIES)
		return reply_unexpected(frame, "a question");
	while ((next = ft1_entry_next(&entry, &row, &left)) == FT1_FIELD) {
		if (!is_path(&entry))
			break;
		finding->count++;
		if (report_entry(finding->report, "find", &entry))
			continue;
		show_bytes(stdout, entry.name, entry.name_len);
		putchar('\n');
	}
	return next == FT1_END ? STATUS_OK : status_set(STATUS_PROTOCOL,
	    "the server sent a path that no file can have");
}

static enum status
read_number(uint64_t *out, const char *word, uint64_t most)
{
	char *end;

	errno = 0;
	*out = strtoull(word, &end, 10);
	if (*word >= '0' && *word <= '9' && *end == '\0' && errno == 0 &&
	    *out <= most)
		return STATUS_OK;
	return status_set(STATUS_USAGE, "%.64s: not a number that fits", word);
}

/* What find looks for, checked before anything is sent. */
struct wish {
	const char	*name;
	uint64_t	 min, max, depth;
	struct file_time newer, older;
};

static enum status
read_wish(struct wish *wish, const char *const *options)
{
	const char *type = options[OPTION_TYPE];
	int64_t now = time(NULL);
	enum status st;

	wish->name = options[OPTION_NAME];
	if (wish->name != NULL && strlen(wish->name) > FT1_NAME_MAX)
		return status_set(STATUS_USAGE, "the pattern is too long");
	if (type != NULL &&
	    (strlen(type) != 1 || strchr("fdlo", *type) == NULL))
		return status_set(STATUS_USAGE,
		    "%.64s: a type is f, d, l or o", type);
	st = verb_size(&wish->min, options[OPTION_MIN]);
	if (st == STATUS_OK)
		st = verb_size(&wish->max, options[OPTION_MAX]);
	if (st == STATUS_OK && options[OPTION_DEPTH] != NULL)
		st = read_number(&wish->depth, options[OPTION_DEPTH],
		    UINT32_MAX);
	if (st == STATUS_OK && options[OPTION_NEWER] != NULL)
		st = time_text_parse(&wish->newer, options[OPTION_NEWER],
		    now);
	if (st == STATUS_OK && options[OPTION_OLDER] != NULL)
		st = time_text_parse(&wish->older, options[OPTION_OLDER],
		    now);
	return st;
}

enum status
verb_find_files(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	const char *const *options = arguments->options;
	struct finding finding = { .report = client->settings->report };
	struct call call = { .receiver = take_found, .owner = &finding };
	struct wish wish = { 0 };
	struct ft1_frame *frame;
	enum status st;

	*blame = arguments->words[0];
	if (*blame != NULL && (st = path_check(*blame)) != STATUS_OK)
		return st;
	if ((st = read_wish(&wish, options)) != STATUS_OK)
		return st;
	frame = remote_request(client->remote, FT1_FIND, 0, &call);
	if (*blame != NULL)
		ft1_put_string(frame, FT1_TAG_PATH, *blame);
	if (wish.name != NULL)
		ft1_put_string(frame, FT1_TAG_PATTERN, wish.name);
	if (options[OPTION_TYPE] != NULL)
		ft1_put_u8(frame, FT1_TAG_KIND,
		    (uint8_t)options[OPTION_TYPE][0]);
	if (options[OPTION_MIN] != NULL)
		ft1_put_u64(frame, FT1_TAG_SIZE_LEAST, wish.min);
	if (options[OPTION_MAX] != NULL)
		ft1_put_u64(frame, FT1_TAG_SIZE_MOST, wish.max);
	if (options[OPTION_NEWER] != NULL)
		ft1_put_time(frame, FT1_TAG_NEWER, wish.newer);
	if (options[OPTION_OLDER] != NULL)
		ft1_put_time(frame, FT1_TAG_OLDER, wish.older);
	if (options[OPTION_DEPTH] != NULL)
		ft1_put_u32(frame, FT1_TAG_DEPTH, (uint32_t)wish.depth);
	return remote_finish(client->remote, &call);
}

struct summing {
	struct report	*report;	/* borrowed */
	const char	*method, *path;	/* borrowed */
};

static enum status
take_sum(struct call *call, const struct frame *frame)
{
	const struct summing *summing = call->owner;
	struct reply reply;
	enum status st;
	size_t i;

	if (frame->header.type != FT1_OK)
		return reply_unexpected(frame, "a question");
	if ((st = reply_read(&reply, frame, REPLY_SUM)) != STATUS_OK ||
	    report_sum(summing->report, summing->method, &reply,
	    summing->path))
		return st;
	for (i = 0; i < reply.sum.len; i++)
		printf("%02x", reply.sum.at[i]);
	printf("  ");
	show_string(stdout, summing->path);
	putchar('\n');
	return STATUS_OK;
}

enum status
verb_sum(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	struct summing summing = { .report = client->settings->report,
	    .method = "sha256" };
	struct ft1_frame *frame;
	struct call call;
	enum status st;
	uint32_t wait;
	int i;

	st = verb_wait_seconds(&wait, arguments);
	if ((arguments->letters & VERB_LETTER('x')) != 0)
		summing.method = "xxh128";
	for (i = client->done; i < arguments->len && st == STATUS_OK; i++) {
		client->done = i;
		*blame = summing.path = arguments->words[i];
		if ((st = path_check(*blame)) != STATUS_OK)
			break;
		call = (struct call){ .receiver = take_sum,
		    .owner = &summing };
		frame = remote_request(client->remote, FT1_SUM, 0, &call);
		ft1_put_string(frame, FT1_TAG_METHOD, summing.method);
		ft1_put_string(frame, FT1_TAG_PATH, *blame);
		if (wait > 0)
			ft1_put_u32(frame, FT1_TAG_WAIT_LOCK, wait);
		st = remote_finish(client->remote, &call);
	}
	return st;
}

static enum status
ask_about(struct client *client, enum ft1_type type, const char *path,
    call_receiver *receiver)
{
	struct call call = { .receiver = receiver,
	    .owner = client->settings->report };
	struct ft1_frame *frame;
	enum status st;

	if (path != NULL && (st = path_check(path)) != STATUS_OK)
		return st;
	frame = remote_request(client->remote, type, 0, &call);
	if (path != NULL)
		ft1_put_string(frame, FT1_TAG_PATH, path);
	return remote_finish(client->remote, &call);
}

static enum status
take_usage(struct call *call, const struct frame *frame)
{
	struct reply reply;
	enum status st;

	if (frame->header.type != FT1_OK)
		return reply_unexpected(frame, "a question");
	st = reply_read(&reply, frame, REPLY_SIZE | REPLY_COUNT);
	if (st == STATUS_OK && !report_usage(call->owner, &reply))
		printf("%" PRIu64 " bytes in %" PRIu64 " files\n", reply.size,
		    reply.count);
	return st;
}

enum status
verb_du(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	*blame = arguments->words[0];
	return ask_about(client, FT1_DU, *blame, take_usage);
}

static void
show_room(const struct reply *reply)
{
	printf("size: %" PRIu64 "\nfree: %" PRIu64 "\n", reply->size,
	    reply->free);
	if ((reply->has & REPLY_DURABILITY) != 0)
		printf("durability: %s\n",
		    reply->durability == 0 ? "commit" : "async");
	if ((reply->has & REPLY_QUOTA_BYTES) != 0)
		printf("quota bytes: %" PRIu64 " of %" PRIu64 "\n",
		    reply->quota_used, reply->quota_bytes);
	if ((reply->has & REPLY_QUOTA_FILES) != 0)
		printf("quota files: %" PRIu64 " of %" PRIu64 "\n",
		    reply->quota_files_used, reply->quota_files);
}

static enum status
take_room(struct call *call, const struct frame *frame)
{
	struct reply reply;
	enum status st;

	if (frame->header.type != FT1_OK)
		return reply_unexpected(frame, "a question");
	st = reply_read(&reply, frame, REPLY_SIZE | REPLY_FREE);
	if (st == STATUS_OK && !report_room(call->owner, &reply))
		show_room(&reply);
	return st;
}

enum status
verb_df(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	*blame = arguments->words[0];
	return ask_about(client, FT1_DF, *blame, take_room);
}
