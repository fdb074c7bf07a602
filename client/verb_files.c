/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "verb.h"

#include <stdlib.h>
#include <string.h>

#include "conditions.h"
#include "paths.h"
#include "report.h"
#include "show.h"

/* What a request has beside its type. */
struct details {
	const char	*path, *target;	/* or NULL */
	uint32_t	 wait;		/* seconds, for locks of others */
	enum ft1_tag	 flag;		/* an empty field; or 0 */
	struct conditions conditions;
};

static enum status
request(struct client *client, struct call *call, enum ft1_type type,
    const struct details *details)
{
	struct ft1_frame *frame;
	enum status st;

	if (details->path != NULL &&
	    (st = path_check(details->path)) != STATUS_OK)
		return st;
	if (details->target != NULL &&
	    (st = path_check(details->target)) != STATUS_OK)
		return st;
	frame = remote_request(client->remote, type, 0, call);
	if (details->path != NULL)
		ft1_put_string(frame, FT1_TAG_PATH, details->path);
	if (details->target != NULL)
		ft1_put_string(frame, FT1_TAG_TARGET, details->target);
	conditions_put(&details->conditions, frame);
	if (details->wait > 0)
		ft1_put_u32(frame, FT1_TAG_WAIT_LOCK, details->wait);
	if (details->flag != 0)
		ft1_put_bytes(frame, details->flag, "", 0);
	return remote_finish(client->remote, call);
}

static enum status
request_plain(struct client *client, enum ft1_type type,
    const struct details *details)
{
	struct call call = { 0 };

	return request(client, &call, type, details);
}

/* The answer to CD and PWD: the current folder. */
static enum status
take_folder(struct call *call, const struct frame *frame)
{
	struct client *client = call->owner;
	struct reply reply;
	enum status st;
	char *folder;

	st = reply_final(&reply, frame, "a request for a folder", REPLY_PATH);
	if (st != STATUS_OK)
		return st;
	folder = strndup((const char *)reply.path.at, reply.path.len);
	if (folder == NULL)
		return status_no_memory();
	free(client->folder);
	client->folder = folder;
	return STATUS_OK;
}

enum status
verb_enter(struct client *client, const char *path)
{
	struct call call = { .receiver = take_folder, .owner = client };

	return request(client, &call, FT1_CD,
	    &(struct details){ .path = path });
}

enum status
verb_locate(struct client *client)
{
	struct call call = { .receiver = take_folder, .owner = client };

	return request(client, &call, FT1_PWD, &(struct details){ 0 });
}

enum status
verb_cd(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	*blame = arguments->len > 0 ? arguments->words[0] : "/";
	return verb_enter(client, *blame);
}

enum status
verb_pwd(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	enum status st = verb_locate(client);

	(void)arguments;
	(void)blame;
	if (st == STATUS_OK && !report_folder(client->settings->report,
	    "pwd", client->folder)) {
		show_string(stdout, client->folder);
		putchar('\n');
	}
	return st;
}

/* The same request for each word, up to the first failure. */
static enum status
for_each(struct client *client, const struct arguments *arguments,
    const char **blame, enum ft1_type type, enum ft1_tag flag)
{
	struct details details = { .flag = flag };
	enum status st;
	int i;

	if ((st = verb_wait_seconds(&details.wait, arguments)) == STATUS_OK)
		st = conditions_read(&details.conditions, arguments);
	for (i = client->done; i < arguments->len && st == STATUS_OK; i++) {
		client->done = i;
		*blame = details.path = arguments->words[i];
		st = request_plain(client, type, &details);
	}
	return st;
}

enum status
verb_mkdir(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	return for_each(client, arguments, blame, FT1_MKDIR,
	    (arguments->letters & VERB_LETTER('p')) != 0 ?
	    FT1_TAG_PARENTS : 0);
}

enum status
verb_rmdir(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	return for_each(client, arguments, blame, FT1_RMDIR, 0);
}

enum status
verb_rm(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	return for_each(client, arguments, blame, FT1_RM,
	    (arguments->letters & VERB_LETTER('r')) != 0 ?
	    FT1_TAG_RECURSIVE : 0);
}

enum status
verb_touch(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	return for_each(client, arguments, blame, FT1_TOUCH, 0);
}

/* As mv and cp do: into a folder, under the same name. */
static enum status
move_inside(struct client *client, enum ft1_type type, struct details details)
{
	enum status st;
	char *inside;

	inside = path_join(details.target, path_base(details.path));
	if (inside == NULL)
		return status_no_memory();
	details.target = inside;
	st = request_plain(client, type, &details);
	free(inside);
	return st;
}

static enum status
move(struct client *client, enum ft1_type type, const struct details *details)
{
	struct status_words words = { 0 };
	enum status st, inside;

	if (path_base(details->path) == NULL)
		return request_plain(client, type, details);
	if (path_is_folder(details->target))
		return move_inside(client, type, *details);
	st = request_plain(client, type, details);
	if (st != STATUS_EXISTS && st != STATUS_IS_A_FOLDER)
		return st;
	/* Folders are never replaced, so what exists may be one. */
	status_words_keep(&words, st);
	inside = move_inside(client, type, *details);
	if (inside == STATUS_NOT_A_FOLDER || inside == STATUS_NOT_FOUND)
		return status_words_return(&words, st);
	status_words_free(&words);
	return inside;
}

/* A fresh name is for what is put. */
static enum status
read_target_conditions(struct conditions *out,
    const struct arguments *arguments)
{
	enum status st = conditions_read(out, arguments);

	if (st == STATUS_OK && out->taken > 1)
		st = status_set(STATUS_USAGE,
		    "a name that is taken is replaced or refused here");
	return st;
}

enum status
verb_mv(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	struct details details = { .path = arguments->words[0],
	    .target = arguments->words[1] };
	enum status st;

	*blame = details.path;
	if ((st = verb_wait_seconds(&details.wait, arguments)) == STATUS_OK)
		st = read_target_conditions(&details.conditions, arguments);
	return st == STATUS_OK ? move(client, FT1_MV, &details) : st;
}

enum status
verb_cp(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	struct details details = { .path = arguments->words[0],
	    .target = arguments->words[1] };
	enum status st;

	*blame = details.path;
	st = verb_wait_seconds(&details.wait, arguments);
	if (st == STATUS_OK)
		st = read_target_conditions(&details.conditions, arguments);
	return st == STATUS_OK ? move(client, FT1_CP, &details) : st;
}
