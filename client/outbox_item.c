/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "outbox_item.h"

#include <stdlib.h>
#include <string.h>

#include "paths.h"

void
outbox_item_free(struct item *item)
{
	if (item == NULL)
		return;
	free((char *)item->sending.local);
	free((char *)item->sending.path);
	free(item->call.text);
	free(item);
}

enum status
outbox_item_make(struct item **out, const struct letter *letter)
{
	const char *base = path_base(letter->local);
	struct item *item;
	bool is_stream = strcmp(letter->local, "-") == 0;

	*out = NULL;
	if (letter->remote == NULL && (is_stream || base == NULL))
		return status_set(STATUS_USAGE, "%s has no name of its own: "
		    "say how to call it", is_stream ? "standard input" :
		    letter->local);
	if ((item = calloc(1, sizeof(*item))) == NULL)
		return status_no_memory();
	item->may_fail = letter->may_fail;
	item->named = letter->remote != NULL;
	item->watch = letter->watch;
	item->into_folder = letter->watch != NULL;
	item->sending.goes_on = letter->goes_on;
	item->sending.keeps = letter->keeps;
	item->sending.number = letter->number;
	item->sending.has_basis = letter->has_basis;
	item->sending.has_tree = letter->tree != NULL;
	if (letter->tree != NULL)
		memcpy(item->sending.tree, letter->tree, FT1_ID_SIZE);
	item->sending.wait = letter->wait;
	item->sending.segments = letter->segments;
	item->sending.conditions = letter->conditions;
	item->sending.local = strdup(letter->local);
	if (letter->remote == NULL)
		item->sending.path = strdup(base);
	else if (path_is_folder(letter->remote) && base != NULL && !is_stream) {
		item->sending.path = path_join(letter->remote, base);
		item->into_folder = true;
	} else
		item->sending.path = strdup(letter->remote);
	if (item->sending.local == NULL || item->sending.path == NULL) {
		outbox_item_free(item);
		return status_no_memory();
	}
	*out = item;
	return path_check(item->sending.path);
}
