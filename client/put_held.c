/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "put_held.h"

#include <stdlib.h>
#include <string.h>

#include "file_digest.h"
#include "manifest.h"
#include "paths.h"

/*
 * --- Members, by their paths ------------------------------------------------
 */

static int
compare(const void *a, const void *b, void *ctx)
{
	const struct local_tree *tree = ctx;

	return strcmp(tree->at[*(const size_t *)a].path,
	    tree->at[*(const size_t *)b].path);
}

enum status
put_held_begin(struct put_tree *put)
{
	size_t i;

	put->held = calloc(put->tree.len + 1, sizeof(*put->held));
	put->order = calloc(put->tree.len + 1, sizeof(*put->order));
	if (put->held == NULL || put->order == NULL)
		return status_no_memory();
	for (i = 0; i < put->tree.len; i++)
		put->order[i] = i;
	qsort_r(put->order, put->tree.len, sizeof(*put->order), compare,
	    &put->tree);
	return STATUS_OK;
}

/* The number of the local entry; false if there is none of that path. */
static bool
find(size_t *number, const struct put_tree *put, const char *path)
{
	const struct local_tree *tree = &put->tree;
	size_t low = 0, high = tree->len, middle;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		*number = put->order[middle];
		order = strcmp(path, tree->at[*number].path);
		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

void
put_held_note(struct put_tree *put, const struct sending *sending)
{
	size_t number;

	if (!find(&number, put, sending->path))
		return;
	put->held[number].size = sending->size;
	memcpy(put->held[number].digest, sending->digest, DIGEST_SIZE);
}

/*
 * --- What an earlier run has sent -------------------------------------------
 */

/* Is the member what the local file is now?  Then it is not sent again. */
static enum status
compare_member(struct put_tree *put, const struct remote_entry *entry,
    size_t number)
{
	struct put_held *held = &put->held[number];
	char *path;

	if (entry->type == 'd') {
		held->is_there = true;
		put->tally.folders++;
		return STATUS_OK;
	}
	if (entry->size != put->tree.at[number].size)
		return STATUS_OK;
	path = path_join(put->local, entry->path);
	if (path == NULL)
		return status_no_memory();
	if (file_digest(held->digest, &held->size, path) == STATUS_OK &&
	    held->size == entry->size &&
	    memcmp(held->digest, entry->id, DIGEST_SIZE) == 0) {
		held->is_there = true;
		put->tally.files++;
		put->tally.bytes += held->size;
	}
	free(path);
	return STATUS_OK;
}

enum status
put_held_compare(struct put_tree *put, const struct remote_tree *there,
    bool *fits)
{
	const struct remote_entry *entry;
	enum status st = STATUS_OK;
	size_t i, number;

	*fits = there->len <= put->tree.len;
	for (i = 0; i < there->len && *fits && st == STATUS_OK; i++) {
		entry = &there->at[i];
		*fits = find(&number, put, entry->path) &&
		    put->tree.at[number].is_folder ==
		    (entry->type == 'd');
		if (*fits)
			st = compare_member(put, entry, number);
		if (remote_is_interrupted(put->client->remote))
			st = status_set(STATUS_CANCELLED, "interrupted");
	}
	return st;
}

void
put_held_forget(struct put_tree *put)
{
	put->tally.files = put->tally.folders = put->tally.bytes = 0;
	memset(put->held, 0, put->tree.len * sizeof(*put->held));
}

enum status
put_held_sum(uint8_t out[DIGEST_SIZE], const struct put_tree *put)
{
	struct manifest *manifest;
	size_t i, n;

	if ((manifest = manifest_begin()) == NULL)
		return status_no_memory();
	for (i = 0; i < put->tree.len; i++) {
		n = put->order[i];
		manifest_add(manifest, put->tree.at[n].path,
		    put->tree.at[n].is_folder, put->held[n].size,
		    put->held[n].digest);
	}
	manifest_end(manifest, out);
	return STATUS_OK;
}

bool
put_held_is_all(struct put_tree *put, const uint8_t published[DIGEST_SIZE])
{
	uint8_t digest[DIGEST_SIZE];
	struct put_held *held;
	bool good = true;
	char *path;
	size_t i;

	for (i = 0; i < put->tree.len && good; i++) {
		held = &put->held[i];
		put->tally.folders += put->tree.at[i].is_folder;
		if (put->tree.at[i].is_folder)
			continue;
		path = path_join(put->local, put->tree.at[i].path);
		good = path != NULL &&
		    file_digest(held->digest, &held->size, path) ==
		    STATUS_OK;
		put->tally.files++;
		put->tally.bytes += held->size;
		free(path);
	}
	return good && put_held_sum(digest, put) == STATUS_OK &&
	    memcmp(digest, published, DIGEST_SIZE) == 0;
}
