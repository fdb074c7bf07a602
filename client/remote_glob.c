/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "remote_glob.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paths.h"
#include "remote_tree.h"
#include "verb.h"

/* One component of the pattern, in one folder. */
struct level {
	struct client	*client;	/* borrowed, as is all here */
	const char	*base;		/* path in front of it: "" or "a/" */
	const char	*pattern;
	struct remote_matches found;	/* owned; names only */
};

bool
remote_glob_is_pattern(const char *word)
{
	return strpbrk(word, "*?[") != NULL;
}

void
remote_matches_clear(struct remote_matches *matches)
{
	while (matches->len > 0)
		free(matches->at[--matches->len].path);
	free(matches->at);
	memset(matches, 0, sizeof(*matches));
}

enum status
remote_matches_add(struct remote_matches *matches, char *path,
    const struct remote_match *like)
{
	size_t room = matches->room * 2 + 32;
	struct remote_match *more = matches->at;

	if (path != NULL && matches->len == matches->room &&
	    matches->len < REMOTE_TREE_MOST) {
		more = realloc(matches->at, room * sizeof(*more));
		if (more != NULL) {
			matches->at = more;
			matches->room = room;
		}
	}
	if (path == NULL || matches->len == matches->room) {
		free(path);
		return status_no_memory();
	}
	matches->at[matches->len] = *like;
	matches->at[matches->len++].path = path;
	return STATUS_OK;
}

/*
 * --- One folder -------------------------------------------------------------
 */

static enum status
take_names(struct level *level, const struct frame *frame)
{
	const uint8_t *row = frame->payload;
	size_t left = frame->header.length;
	struct ft1_entry entry;
	enum ft1_next next;
	enum status st;
	char *name;

	while ((next = ft1_entry_next(&entry, &row, &left)) == FT1_FIELD) {
		if (!reply_is_name(&entry))
			break;
		name = strndup(entry.name, entry.name_len);
		if (name != NULL &&
		    fnmatch(level->pattern, name, FNM_PERIOD) != 0) {
			free(name);
			continue;
		}
		st = remote_matches_add(&level->found, name,
		    &(struct remote_match){ .type = entry.type,
		    .size = entry.size, .mtime = entry.mtime });
		if (st != STATUS_OK)
			return st;
	}
	return next == FT1_END ? STATUS_OK : status_set(STATUS_PROTOCOL,
	    "the server sent a name that no file can have");
}

static enum status
take_listing(struct call *call, const struct frame *frame)
{
	struct reply reply;

	if (frame->header.type == FT1_ENTRIES)
		return take_names(call->owner, frame);
	if (frame->header.type != FT1_OK)
		return status_set(STATUS_PROTOCOL,
		    "the server answered a list with a frame of type %u",
		    frame->header.type);
	return reply_read(&reply, frame, REPLY_COUNT);
}

static int
compare(const void *a, const void *b)
{
	const struct remote_match *left = a, *right = b;

	return strcmp(left->path, right->path);
}

static enum status
list(struct level *level)
{
	struct call call = { .receiver = take_listing, .owner = level };
	struct ft1_frame *frame;
	enum status st;

	if ((st = path_check(level->base)) != STATUS_OK)
		return st;
	frame = remote_request(level->client->remote, FT1_LIST, 0, &call);
	ft1_put_string(frame, FT1_TAG_PATH,
	    *level->base != '\0' ? level->base : ".");
	st = remote_finish(level->client->remote, &call);
	if (level->found.len > 1)
		qsort(level->found.at, level->found.len,
		    sizeof(*level->found.at), compare);
	return st;
}

/*
 * --- The whole pattern ------------------------------------------------------
 */

struct search {
	struct client	*client;	/* borrowed */
	struct remote_matches *out;	/* borrowed */
};

static bool
is_nothing(enum status st)
{
	return st == STATUS_NOT_FOUND || st == STATUS_NOT_A_FOLDER;
}

static enum status expand(const struct search *search, const char *base,
    const char *rest);

/* What a name is told to be; with a slash behind it only a folder fits. */
static enum status
found(const struct search *search, char *path, const struct remote_match *what,
    const char *tail)
{
	char type = what->type;
	enum status st = STATUS_OK;
	char *base;

	if (path == NULL)
		return status_no_memory();
	if (tail != NULL && type == 'l')
		st = verb_type_of(&type, search->client, path);
	if (is_nothing(st) || (tail != NULL && type != 'd')) {
		free(path);
		return STATUS_OK;
	}
	if (st == STATUS_OK && (tail == NULL || *tail == '\0'))
		return remote_matches_add(search->out, path,
		    &(struct remote_match){ .type = type,
		    .size = what->size, .mtime = what->mtime });
	base = path_join(path, "");
	free(path);
	if (st == STATUS_OK)
		st = base == NULL ? status_no_memory() :
		    expand(search, base, tail);
	free(base);
	return st;
}

static enum status
expand_pattern(const struct search *search, const char *base,
    const char *pattern, const char *tail)
{
	struct level level = { search->client, base, pattern, { NULL, 0, 0 } };
	enum status st;
	char *path;
	size_t i;

	st = list(&level);
	for (i = 0; i < level.found.len && st == STATUS_OK; i++) {
		if (asprintf(&path, "%s%s", base, level.found.at[i].path) ==
		    -1)
			path = NULL;
		st = found(search, path, &level.found.at[i], tail);
	}
	remote_matches_clear(&level.found);
	return is_nothing(st) ? STATUS_OK : st;
}

static enum status
take_entry(struct call *call, const struct frame *frame)
{
	struct remote_match *what = call->owner;
	struct reply reply;
	enum status st;

	st = reply_final(&reply, frame, "a stat", REPLY_ENTRY);
	if (st == STATUS_OK) {
		what->type = reply.entry.type;
		what->size = reply.entry.size;
		what->mtime = reply.entry.mtime;
	}
	return st;
}

static enum status
look(struct remote_match *what, struct client *client, const char *path)
{
	struct call call = { .receiver = take_entry, .owner = what };
	struct ft1_frame *frame;
	enum status st;

	if ((st = path_check(path)) != STATUS_OK)
		return st;
	frame = remote_request(client->remote, FT1_STAT, 0, &call);
	ft1_put_string(frame, FT1_TAG_PATH, path);
	return remote_finish(client->remote, &call);
}

/* One that stands for itself: is it there? */
static enum status
expand_name(const struct search *search, const char *base, const char *name,
    const char *tail)
{
	struct remote_match what = { .type = '\0' };
	enum status st;
	char *path;

	if (asprintf(&path, "%s%s", base, name) == -1)
		return status_no_memory();
	/* Listing it will tell whether a folder in front is there. */
	if (tail != NULL && remote_glob_is_pattern(tail) && *name == '\0')
		st = STATUS_OK;
	else
		st = look(&what, search->client, path);
	if (st == STATUS_OK && *name == '\0')
		what.type = 'd';
	if (st == STATUS_OK)
		return found(search, path, &what, tail);
	free(path);
	return is_nothing(st) ? STATUS_OK : st;
}

static enum status
expand(const struct search *search, const char *base, const char *rest)
{
	size_t len = strcspn(rest, "/");
	char *name = strndup(rest, len);
	const char *tail = rest[len] == '/' ? rest + len : NULL;
	enum status st;

	if (name == NULL)
		return status_no_memory();
	if (tail != NULL)
		tail += strspn(tail, "/");
	st = remote_glob_is_pattern(name) ?
	    expand_pattern(search, base, name, tail) :
	    expand_name(search, base, name, tail);
	free(name);
	return st;
}

enum status
remote_glob(struct remote_matches *out, struct client *client,
    const char *word)
{
	const struct search search = { client, out };
	size_t before = out->len;
	enum status st;

	if ((st = path_check(word)) != STATUS_OK)
		return st;
	st = expand(&search, "", word);
	if (st == STATUS_OK && out->len == before)
		st = status_set(STATUS_NOT_FOUND, "%s: no such file", word);
	return st;
}
