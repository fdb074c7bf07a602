/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "reach_tree.h"

#include <string.h>

enum status
reach_tree_begin(struct reach_tree *walk, const struct caller *caller,
    const char *path)
{
	enum status st;

	walk->rights = caller->rights;
	walk->start_len = strlen(path);
	st = tree_begin(&walk->tree, &caller->place, path, true);
	if (st == STATUS_OK && strcmp(path, "/") == 0 &&
	    (walk->reach = reach_new(caller)) == NULL)
		st = STATUS_NO_MEMORY;
	return st;
}

/* Go on in the next share; one whose folder is missing is passed over. */
static bool
enter_share(struct reach_tree *walk)
{
	const struct reached *share;
	struct place place;
	struct tree *tree;

	while (walk->reach != NULL &&
	    (share = reach_at(walk->reach, walk->share + 1)) != NULL) {
		walk->share++;
		place = share->place;
		place.own = tree_place(walk->tree)->own;
		if (tree_begin(&tree, &place, share->path, true) !=
		    STATUS_OK)
			continue;
		tree_end(walk->tree);
		walk->tree = tree;
		return true;
	}
	return false;
}

/* Is it hidden by a share, or is it one that may not be looked into? */
static bool
stays_closed(const struct reach_tree *walk, const struct tree_entry *entry)
{
	if (walk->reach == NULL)
		return false;
	if (walk->share > 0)
		return entry->depth == 0 &&
		    (reach_tree_rights(walk) & RIGHT_LIST) == 0;
	return entry->depth == 1 && reach_hides(walk->reach, entry->path);
}

enum status
reach_tree_next(struct reach_tree *walk, const struct tree_entry **entry)
{
	enum status st;

	for (;;) {
		st = tree_next(walk->tree, entry);
		if (st != STATUS_OK)
			return st;
		if (*entry == NULL) {
			if (!enter_share(walk))
				return STATUS_OK;
			continue;
		}
		if (!stays_closed(walk, *entry))
			return STATUS_OK;
		tree_skip(walk->tree);
		if (walk->share > 0)
			return STATUS_OK;
	}
}

const char *
reach_tree_path(const struct reach_tree *walk)
{
	const char *path = tree_path(walk->tree);

	path += walk->share > 0 ? 0 : walk->start_len;
	return *path == '/' ? path + 1 : path;
}

unsigned int
reach_tree_depth(const struct reach_tree *walk,
    const struct tree_entry *entry)
{
	return walk->share > 0 ? entry->depth + 1 : entry->depth;
}

unsigned int
reach_tree_rights(const struct reach_tree *walk)
{
	return walk->share > 0 ?
	    reach_at(walk->reach, walk->share)->rights : walk->rights;
}

void
reach_tree_end(struct reach_tree *walk)
{
	tree_end(walk->tree);
	walk->tree = NULL;
	reach_free(walk->reach);
	walk->reach = NULL;
}
