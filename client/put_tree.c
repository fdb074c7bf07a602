/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "put_tree.h"

#include <stdlib.h>
#include <string.h>

#include "errands.h"
#include "fleet.h"
#include "paths.h"
#include "put_held.h"
#include "sender.h"

char *
put_tree_path(const struct put_tree *put, const char *path)
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
			    put_tree_path(put, entry->path), entry->mode);
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
		    put_tree_path(put, path);
		tally_fail(&put->tally, name != NULL ? name : path,
		    result->st);
		free(name);
	} else if (!result->is_none) {
		tally_moved(&put->tally, result->size);
		put->tally.is_async |= result->is_async;
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
	file->remote = put_tree_path(put, entry->path);
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

enum status
put_tree_make_links(struct put_tree *put)
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
		errand.path = path = put_tree_path(put, put->tree.at[i].path);
		st = path == NULL ? status_no_memory() :
		    errands_add(errands, &errand);
		free(path);
	}
	return errands_end(errands, st);
}
