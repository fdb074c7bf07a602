/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "verb.h"

#include <stdlib.h>
#include <string.h>

#include "paths.h"
#include "show.h"

static enum status
begin_simple(struct client *client, struct call *call, enum ft1_type type,
    const char *path, const char *target)
{
	struct ft1_frame *frame;
	enum status st;

	if (path != NULL && (st = path_check(path)) != STATUS_OK)
		return st;
	if (target != NULL && (st = path_check(target)) != STATUS_OK)
		return st;
	frame = remote_request(client->remote, type, 0, call);
	if (path != NULL)
		ft1_put_string(frame, FT1_TAG_PATH, path);
	if (target != NULL)
		ft1_put_string(frame, FT1_TAG_TARGET, target);
	return remote_finish(client->remote, call);
}

enum status
verb_simple(struct client *client, enum ft1_type type, const char *path,
    const char *target)
{
	struct call call = { 0 };

	return begin_simple(client, &call, type, path, target);
}

/* The answer to CD and PWD: the current folder. */
static enum status
take_folder(struct call *call, const struct frame *frame)
{
	struct client *client = call->owner;
	struct reply reply;
	enum status st;
	char *folder;

	if (frame->header.type != FT1_OK)
		return status_set(STATUS_PROTOCOL, "the server answered a "
		    "request for a folder with a frame of type %u",
		    frame->header.type);
	if ((st = reply_read(&reply, frame, REPLY_PATH)) != STATUS_OK)
		return st;
	folder = strndup((const char *)reply.path.at, reply.path.len);
	if (folder == NULL)
		return status_set(STATUS_NO_MEMORY, "out of memory");
	free(client->folder);
	client->folder = folder;
	return STATUS_OK;
}

enum status
verb_enter(struct client *client, const char *path)
{
	struct call call = { .receiver = take_folder, .owner = client };

	return begin_simple(client, &call, FT1_CD, path, NULL);
}

enum status
verb_locate(struct client *client)
{
	struct call call = { .receiver = take_folder, .owner = client };

	return begin_simple(client, &call, FT1_PWD, NULL, NULL);
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
	if (st == STATUS_OK) {
		show_string(stdout, client->folder);
		putchar('\n');
	}
	return st;
}

/* The same request for each word, up to the first failure. */
static enum status
for_each(struct client *client, const struct arguments *arguments,
    const char **blame, enum ft1_type type)
{
	enum status st = STATUS_OK;
	int i;

	for (i = 0; i < arguments->len && st == STATUS_OK; i++) {
		*blame = arguments->words[i];
		st = verb_simple(client, type, *blame, NULL);
	}
	return st;
}

enum status
verb_mkdir(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	return for_each(client, arguments, blame, FT1_MKDIR);
}

enum status
verb_rmdir(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	return for_each(client, arguments, blame, FT1_RMDIR);
}

enum status
verb_rm(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	return for_each(client, arguments, blame, FT1_RM);
}

/* As mv does: into a folder, under the same name. */
static enum status
move_inside(struct client *client, const char *from, const char *folder)
{
	enum status st;
	char *inside;

	if ((inside = path_join(folder, path_base(from))) == NULL)
		return status_set(STATUS_NO_MEMORY, "out of memory");
	st = verb_simple(client, FT1_MV, from, inside);
	free(inside);
	return st;
}

enum status
verb_mv(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	const char *from = arguments->words[0], *to = arguments->words[1];
	enum status st, inside;
	char *text;

	*blame = from;
	if (path_base(from) == NULL)
		return verb_simple(client, FT1_MV, from, to);
	if (path_is_folder(to))
		return move_inside(client, from, to);
	st = verb_simple(client, FT1_MV, from, to);
	if (st != STATUS_EXISTS)
		return st;
	/* Folders are never replaced, so what exists may be one. */
	text = strdup(status_text(st));
	inside = move_inside(client, from, to);
	if (inside == STATUS_NOT_A_FOLDER || inside == STATUS_NOT_FOUND)
		inside = status_set(st, "%s", text != NULL ? text : "");
	free(text);
	return inside;
}
