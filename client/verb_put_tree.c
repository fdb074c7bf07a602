/* SPDX-License-Identifier: ISC */
/* The command put -r: a folder with all in it. */
#include "config.h"

#include "verb.h"

#include <stdlib.h>
#include <string.h>

#include "paths.h"
#include "prune.h"
#include "put_tree.h"

/*
 * --- Where it goes ----------------------------------------------------------
 */

static enum status
take_type(struct call *call, const struct frame *frame)
{
	char *type = call->owner;
	struct reply reply;
	enum status st;

	st = reply_final(&reply, frame, "a stat", REPLY_ENTRY);
	if (st == STATUS_OK)
		*type = reply.entry.type;
	return st;
}

enum status
verb_type_of(char *type, struct client *client, const char *path)
{
	struct call call = { .receiver = take_type, .owner = type };
	struct ft1_frame *frame;
	enum status st;

	*type = '\0';
	if ((st = path_check(path)) != STATUS_OK)
		return st;
	frame = remote_request(client->remote, FT1_STAT, 0, &call);
	ft1_put_string(frame, FT1_TAG_PATH, path);
	return remote_finish(client->remote, &call);
}

/*
 * Into the folder REMOTE, or as REMOTE if there is none: as cp -r does it.  But
 * what is sent as one gets the name that was given, which is free or refused;
 * else a second run would go into what the first has published.
 */
static enum status
choose_target(struct put_tree *put, const char *remote, bool is_atomic)
{
	const char *base = path_base(put->local);
	enum status st;
	char type = 'd';

	if (remote == NULL)
		remote = ".";
	else if (is_atomic)
		type = path_is_folder(remote) ? 'd' : '\0';
	else if (base != NULL && !path_is_folder(remote)) {
		st = verb_type_of(&type, put->client, remote);
		/* Who may not look is taken at their word. */
		if (st != STATUS_OK && st != STATUS_NOT_FOUND &&
		    st != STATUS_NOT_PERMITTED)
			return st;
	}
	if (base == NULL || type != 'd')
		put->target = strdup(remote);
	else
		put->target = path_below(remote, base);
	return put->target == NULL ? status_no_memory() : STATUS_OK;
}

/* What would be done, told only. */
static enum status
plan_all(struct put_tree *put)
{
	const struct command_line *settings = put->client->settings;
	const struct local_entry *entry;
	char *path;
	size_t i;

	if (strcmp(put->target, ".") != 0)
		tally_would_make(&put->tally, settings, put->target);
	for (i = 0; i < put->tree.len; i++) {
		entry = &put->tree.at[i];
		if ((path = put_tree_path(put, entry->path)) == NULL)
			return status_no_memory();
		if (entry->is_folder)
			tally_would_make(&put->tally, settings, path);
		else if (entry->link != NULL)
			tally_linked(&put->tally, settings, path);
		else
			tally_would_move(&put->tally, settings, "put", path,
			    entry->size);
		free(path);
	}
	return STATUS_OK;
}

/* Only what has everything here can lack something there. */
static enum status
check_source(const struct put_tree *put)
{
	if (!put->options.deletes || put->tally.failures == 0)
		return STATUS_OK;
	return status_set(put->tally.first, "%s: could not be read whole, so "
	    "nothing is sent or removed", put->local);
}

static enum status
remove_rest(struct put_tree *put)
{
	const struct prune prune = { put->client, &put->tally, &put->options,
		&put->tree.seen, &put->tree.left };

	if (!put->options.deletes)
		return STATUS_OK;
	if (put->tally.failures > 0) {
		tally_not_removed(&put->tally, put->target);
		return STATUS_OK;
	}
	return prune_remote(&prune, put->target);
}

static enum status
send_all(struct put_tree *put)
{
	enum status st;

	if (put->options.is_dry)
		return plan_all(put);
	st = put_tree_make_folders(put);
	if (st == STATUS_OK)
		st = put_tree_send_files(put);
	return st == STATUS_OK ? put_tree_make_links(put) : st;
}

static enum status
put_all(struct put_tree *put, const char *remote, bool is_atomic)
{
	struct client *client = put->client;
	enum status st;

	st = local_tree_read(&put->tree, put->local, client->settings,
	    &put->tally, &put->options);
	if (st == STATUS_OK)
		st = check_source(put);
	if (st == STATUS_OK)
		st = choose_target(put, remote, is_atomic);
	if (st == STATUS_OK && is_atomic && !put->options.is_dry)
		return put_tree_as_one(put);
	if (st == STATUS_OK)
		st = send_all(put);
	if (st == STATUS_OK)
		st = remove_rest(put);
	if (st != STATUS_OK)
		return st;
	tally_tell(&put->tally, client->settings, "put", put->target);
	return tally_end(&put->tally);
}

/* Only a whole folder can be refused, or get a fresh name. */
static enum status
read_taken(struct put_tree *put, const struct arguments *arguments)
{
	struct conditions conditions;
	enum status st;

	put->taken = 1;
	st = conditions_read(&conditions, arguments);
	if (st != STATUS_OK || !conditions_are_any(&conditions))
		return st;
	if (arguments->options[OPTION_ATOMIC] == NULL)
		return status_set(STATUS_USAGE,
		    "with -r there can be no conditions on one file");
	if (!conditions.has_taken || conditions.taken == 0)
		return status_set(STATUS_USAGE, "with --atomic a taken name "
		    "is refused, or a fresh one found");
	put->taken = conditions.taken;
	return STATUS_OK;
}

enum status
verb_put_tree(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	struct put_tree put = { .client = client,
	    .tally = { .report = client->settings->report },
	    .keeps = (arguments->letters & VERB_LETTER('p')) != 0,
	    .goes_on = (arguments->letters & VERB_LETTER('a')) != 0 };
	enum status st;
	size_t len;

	*blame = arguments->words[0];
	if ((st = read_taken(&put, arguments)) != STATUS_OK ||
	    (st = tree_options_read(&put.options, arguments)) != STATUS_OK ||
	    (st = verb_wait_seconds(&put.wait, arguments)) != STATUS_OK ||
	    (st = verb_jobs(&put.jobs, arguments)) != STATUS_OK)
		return st;
	if ((st = outbox_settle(client->outbox)) != STATUS_OK) {
		*blame = outbox_blame(client->outbox);
		return st;
	}
	put.tally.is_dry = put.options.is_dry;
	if ((put.local = strdup(*blame)) == NULL)
		return status_no_memory();
	for (len = strlen(put.local); len > 1 && put.local[len - 1] == '/'; )
		put.local[--len] = '\0';
	st = put_all(&put, arguments->words[1],
	    arguments->options[OPTION_ATOMIC] != NULL);
	local_tree_clear(&put.tree);
	free(put.local);
	free(put.target);
	free(put.held);
	free(put.order);
	return st;
}
