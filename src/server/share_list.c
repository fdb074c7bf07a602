/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "share_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "share.h"

struct share_list {
	size_t		 count, at;
	struct listing_entry entry[];
};

/* Where it leads, if the caller sees it and its folder is there. */
static bool
look(struct listing_entry *entry, const struct caller *caller,
    const struct config_share *share)
{
	struct caller there = *caller;
	char path[sizeof(entry->name) + 1];

	snprintf(path, sizeof(path), "/%s", share->name);
	share_enter(&there, path);
	if (there.place.mount == 0 ||
	    walk_stat(&entry->st, &there.place, path) != STATUS_OK)
		return false;
	snprintf(entry->name, sizeof(entry->name), "%s", share->name);
	return true;
}

struct share_list *
share_list_new(const struct caller *caller, const char *path)
{
	const struct config *config = caller->config;
	struct share_list *list;
	size_t i;

	if (config == NULL || config->share_count == 0 ||
	    strcmp(path, "/") != 0)
		return NULL;
	list = malloc(sizeof(*list) +
	    config->share_count * sizeof(list->entry[0]));
	if (list == NULL)
		return NULL;
	list->count = list->at = 0;
	for (i = 0; i < config->share_count; i++)
		list->count += look(&list->entry[list->count], caller,
		    &config->shares[i]);
	return list;
}

void
share_list_free(struct share_list *list)
{
	free(list);
}

bool
share_list_has(const struct share_list *list, const char *name)
{
	size_t i;

	for (i = 0; list != NULL && i < list->count; i++)
		if (strcmp(list->entry[i].name, name) == 0)
			return true;
	return false;
}

const struct listing_entry *
share_list_next(struct share_list *list)
{
	if (list == NULL || list->at == list->count)
		return NULL;
	return &list->entry[list->at++];
}
