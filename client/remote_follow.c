/* SPDX-License-Identifier: ISC */
/* get -r -L: what the links of a tree lead to stands in their places. */
#include "config.h"

#include "remote_tree.h"

#include <stdlib.h>
#include <string.h>

#include "errands.h"
#include "paths.h"

/* A folder, to be found by its path. */
struct place {
	const char	*path;		/* borrowed */
	uint8_t		 id[FT1_ID_SIZE];
};

struct follow {
	struct remote_tree *tree;	/* borrowed, as is all here */
	struct client	*client;
	struct tally	*tally;
	const char	*top;
	uint8_t		 top_id[FT1_ID_SIZE];
	struct place	*places;	/* owned; sorted by their paths */
	size_t		 len;
};

#define TOP	SIZE_MAX	/* the number of the folder itself */
#define FOLLOWED 'D'		/* a folder that is yet to be read */

static void
learned(void *owner, const struct errand *errand, enum status st)
{
	struct follow *follow = owner;
	struct remote_entry *entry;

	if (errand->number == TOP) {
		if (st == STATUS_OK)
			memcpy(follow->top_id, errand->found->version,
			    FT1_ID_SIZE);
		return;
	}
	entry = &follow->tree->at[errand->number];
	if (st != STATUS_OK) {
		tally_fail(follow->tally, errand->path, st);
		entry->type = '\0';
		return;
	}
	entry->type = errand->found->type;
	entry->mode = errand->found->mode;
	entry->size = errand->found->size;
	entry->mtime = errand->found->mtime;
	memcpy(entry->id, errand->found->version, FT1_ID_SIZE);
	if (!remote_tree_admits(follow->tree, entry))
		entry->type = '\0';
	else if (entry->type == 'd')
		entry->type = FOLLOWED;
}

static enum status
ask(struct follow *follow, struct errands *errands, size_t number)
{
	char *path = number == TOP ? strdup(follow->top) :
	    path_below(follow->top, follow->tree->at[number].path);
	struct errand errand = { .type = FT1_STAT, .path = path,
	    .number = number };
	enum status st;

	st = path == NULL ? status_no_memory() : errands_add(errands, &errand);
	free(path);
	return st;
}

/* What do the links lead to, from that entry on? */
static enum status
learn(struct follow *follow, size_t first)
{
	struct errands *errands;
	enum status st;
	size_t i;

	st = errands_new(&errands, follow->client, learned, follow);
	if (st != STATUS_OK)
		return st;
	if (first == 0)
		st = ask(follow, errands, TOP);
	for (i = first; i < follow->tree->len && st == STATUS_OK; i++)
		if (follow->tree->at[i].type == 'l')
			st = ask(follow, errands, i);
	return errands_end(errands, st);
}

static int
compare(const void *a, const void *b)
{
	const struct place *left = a, *right = b;

	return strcmp(left->path, right->path);
}

/* The folders that there are so far: what is above others is among them. */
static enum status
note_places(struct follow *follow)
{
	const struct remote_tree *tree = follow->tree;
	struct place *place;
	size_t i;

	free(follow->places);
	follow->len = 0;
	follow->places = calloc(tree->len + 1, sizeof(*follow->places));
	if (follow->places == NULL)
		return status_no_memory();
	for (i = 0; i < tree->len; i++) {
		if (tree->at[i].type != 'd' && tree->at[i].type != FOLLOWED)
			continue;
		place = &follow->places[follow->len++];
		place->path = tree->at[i].path;
		memcpy(place->id, tree->at[i].id, FT1_ID_SIZE);
	}
	qsort(follow->places, follow->len, sizeof(*follow->places), compare);
	return STATUS_OK;
}

/* The version of a folder is that of no other one. */
static enum status
leads_back(bool *is_back, const struct follow *follow,
    const struct remote_entry *entry)
{
	struct place key = { 0 };
	const struct place *place;
	char *above, *slash;

	*is_back = memcmp(entry->id, follow->top_id, FT1_ID_SIZE) == 0;
	if ((above = strdup(entry->path)) == NULL)
		return status_no_memory();
	key.path = above;
	while (!*is_back && (slash = strrchr(above, '/')) != NULL) {
		*slash = '\0';
		place = bsearch(&key, follow->places, follow->len,
		    sizeof(*follow->places), compare);
		*is_back = place != NULL &&
		    memcmp(place->id, entry->id, FT1_ID_SIZE) == 0;
	}
	free(above);
	return STATUS_OK;
}

/* A failure that is only about this folder goes into the tally. */
static enum status
enter(struct follow *follow, size_t number)
{
	struct remote_entry *entry = &follow->tree->at[number];
	char *path = path_below(follow->top, entry->path);
	enum status st;
	bool is_back;

	if (path == NULL || leads_back(&is_back, follow, entry) != STATUS_OK) {
		free(path);
		return status_no_memory();
	}
	if (is_back) {
		tally_fail(follow->tally, path, status_set(STATUS_NOT_A_FILE,
		    "%s: leads back to a folder above it", path));
		entry->type = '\0';
		free(path);
		return STATUS_OK;
	}
	entry->type = 'd';
	st = remote_tree_add(follow->tree, follow->client->remote, path,
	    entry->path);
	if (st != STATUS_OK && st != STATUS_NO_MEMORY &&
	    st != STATUS_CANCELLED &&
	    remote_lost(follow->client->remote) == STATUS_OK) {
		tally_fail(follow->tally, path, st);
		st = STATUS_OK;
	}
	free(path);
	return st;
}

/* What is not in after all has lost its type. */
static enum status
note_left(struct remote_tree *tree)
{
	enum status st = STATUS_OK;
	size_t i;

	if (tree->options == NULL || !tree->options->deletes)
		return STATUS_OK;
	for (i = 0; i < tree->len && st == STATUS_OK; i++)
		if (tree->at[i].type == '\0')
			st = path_list_add(&tree->left, tree->at[i].path);
	return st;
}

enum status
remote_tree_follow(struct remote_tree *tree, struct client *client,
    const char *path, struct tally *tally)
{
	struct follow follow = { .tree = tree, .client = client,
	    .tally = tally, .top = path };
	enum status st = STATUS_OK;
	size_t first = 0, end, i;

	do {
		end = tree->len;
		st = learn(&follow, first);
		if (st == STATUS_OK)
			st = note_places(&follow);
		for (i = first; i < end && st == STATUS_OK; i++)
			if (tree->at[i].type == FOLLOWED)
				st = enter(&follow, i);
		first = end;
	} while (st == STATUS_OK && tree->len > end);
	free(follow.places);
	if (st == STATUS_OK)
		st = note_left(tree);
	remote_tree_sort(tree);
	return st;
}
