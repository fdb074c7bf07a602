/* SPDX-License-Identifier: ISC */
/* The command put -r: a folder with all in it. */
#include "config.h"

#include "verb.h"

#include <stdlib.h>
#include <string.h>

#include "errands.h"
#include "fleet.h"
#include "paths.h"
#include "prune.h"
#include "put_held.h"
#include "put_tree.h"
#include "sender.h"

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

/* Into the folder REMOTE, or as REMOTE if there is none: as cp -r does it. */
static enum status
choose_target(struct put_tree *put, const char *remote)
{
	const char *base = path_base(put->local);
	enum status st;
	char type = 'd';

	if (remote == NULL)
		remote = ".";
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

/* The path there of what has that path here. */
static char *
there(const struct put_tree *put, const char *path)
{
	return put->has_id ? strdup(path) : path_below(put->target, path);
}

/*
 * --- Folders ----------------------------------------------------------------
 */

static void
folder_made(void *owner, const struct errand *errand, enum status st)
{
	struct put_tree *put = owner;

	if (st == STATUS_OK)
		put->tally.folders++;
	else
		tally_fail(&put->tally, errand->path, st);
}

/* Takes over the path. */
static enum status
make_folder(struct put_tree *put, struct errands *errands, char *path,
    uint32_t mode)
{
	/* What goes into it needs the owner's bits, but for a stage. */
	struct errand errand = { .type = FT1_MKDIR, .path = path,
	    .has_mode = put->keeps, .mode = put->has_id ? mode : mode | 0700,
	    .has_parents = !put->has_id,
	    .tree = put->has_id ? put->id : NULL };
	enum status st;

	st = path == NULL ? status_no_memory() : errands_add(errands, &errand);
	free(path);
	return st;
}

/* Has the server got the member from an earlier run? */
static bool
is_held(const struct put_tree *put, size_t i)
{
	return put->held != NULL && put->held[i].is_there;
}

static enum status
make_folders(struct put_tree *put, struct errands *errands)
{
	const struct local_entry *entry;
	enum status st = STATUS_OK;
	size_t i;

	if (!put->has_id && strcmp(put->target, ".") != 0) {
		st = make_folder(put, errands, strdup(put->target),
		    put->tree.mode);
		if (st == STATUS_OK)
			st = errands_settle(errands);
		/* Nothing can go where there is no folder. */
		if (st == STATUS_OK && put->tally.folders == 0)
			return tally_end(&put->tally);
	}
	for (i = 0; i < put->tree.len && st == STATUS_OK; i++) {
		entry = &put->tree.at[i];
		if (entry->is_folder && !is_held(put, i))
			st = make_folder(put, errands,
			    there(put, entry->path), entry->mode);
	}
	return st;
}

enum status
put_tree_make_folders(struct put_tree *put)
{
	struct errands *errands;
	enum status st;

	st = errands_new(&errands, put->client, folder_made, put);
	return st != STATUS_OK ? st :
	    errands_end(errands, make_folders(put, errands));
}

/*
 * --- Files ------------------------------------------------------------------
 */

static void
done(void *owner, size_t number, const struct fleet_result *result)
{
	struct put_tree *put = owner;
	const char *path = put->tree.at[number].path;
	char *name;

	if (result->st != STATUS_OK) {
		name = result->is_local ? path_join(put->local, path) :
		    there(put, path);
		tally_fail(&put->tally, name != NULL ? name : path,
		    result->st);
		free(name);
	} else if (!result->is_none) {
		tally_moved(&put->tally, result->size);
		if (put->has_id)
			put_held_note(put, result->sending);
	}
}

static enum status
describe(void *owner, size_t number, struct fleet_file *file)
{
	struct put_tree *put = owner;
	const struct local_entry *entry = &put->tree.at[number];

	/* What is to be all or nothing is nothing by now. */
	if (put->has_id && put->tally.failures > 0)
		return STATUS_OK;
	if (entry->is_folder || entry->link != NULL || is_held(put, number))
		return STATUS_OK;
	file->local = path_join(put->local, entry->path);
	file->remote = there(put, entry->path);
	file->size = entry->size;
	return file->local == NULL || file->remote == NULL ?
	    status_no_memory() : STATUS_OK;
}

static uint64_t
size_of(void *owner, size_t number)
{
	const struct put_tree *put = owner;
	const struct local_entry *entry = &put->tree.at[number];

	return entry->is_folder || entry->link != NULL ||
	    is_held(put, number) ? 0 : entry->size;
}

static void
show_total(struct put_tree *put)
{
	uint64_t files = 0, bytes = 0;
	size_t i;

	for (i = 0; i < put->tree.len; i++)
		if (!put->tree.at[i].is_folder && !is_held(put, i)) {
			files++;
			bytes += put->tree.at[i].size;
		}
	tally_show(&put->tally, put->client->settings->board, files, bytes);
}

enum status
put_tree_send_files(struct put_tree *put)
{
	const struct letter letter = { .may_fail = true, .keeps = put->keeps,
	    .goes_on = put->goes_on, .wait = put->wait,
	    .tree = put->has_id ? put->id : NULL };
	const struct fleet_work work = { .jobs = put->jobs,
	    .count = put->tree.len, .send = &letter,
	    .describe = describe, .size = size_of, .done = done,
	    .owner = put };

	show_total(put);
	return fleet_run(put->client, &work);
}

static void
link_made(void *owner, const struct errand *errand, enum status st)
{
	struct put_tree *put = owner;

	if (st == STATUS_OK)
		tally_linked(&put->tally, put->client->settings,
		    errand->path);
	else
		tally_fail(&put->tally, errand->path, st);
}

static enum status
make_links(struct put_tree *put)
{
	struct errand errand = { .type = FT1_SYMLINK };
	struct errands *errands;
	enum status st;
	char *path;
	size_t i;

	if (!put->options.keeps_links)
		return STATUS_OK;
	st = errands_new(&errands, put->client, link_made, put);
	if (st != STATUS_OK)
		return st;
	for (i = 0; i < put->tree.len && st == STATUS_OK; i++) {
		if ((errand.link = put->tree.at[i].link) == NULL)
			continue;
		errand.path = path = there(put, put->tree.at[i].path);
		st = path == NULL ? status_no_memory() :
		    errands_add(errands, &errand);
		free(path);
	}
	return errands_end(errands, st);
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
		if ((path = there(put, entry->path)) == NULL)
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
		tally_not_removed(put->target);
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
	return st == STATUS_OK ? make_links(put) : st;
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
		st = choose_target(put, remote);
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
	    (st = verb_jobs(&put.jobs, arguments)) != STATUS_OK ||
	    (st = outbox_settle(client->outbox)) != STATUS_OK)
		return st;
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
