/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "path_list.h"

#include <stdlib.h>
#include <string.h>

enum status
path_list_add(struct path_list *list, const char *path)
{
	size_t room = list->room * 2 + 32;
	char **more;

	if (list->len == list->room) {
		more = realloc(list->at, room * sizeof(*more));
		if (more == NULL)
			return status_no_memory();
		list->at = more;
		list->room = room;
	}
	if ((list->at[list->len] = strdup(path)) == NULL)
		return status_no_memory();
	list->len++;
	return STATUS_OK;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
path_list_sort(struct path_list *list)
{
	if (list->len > 1)
		qsort(list->at, list->len, sizeof(*list->at), compare);
}

bool
path_list_has(const struct path_list *list, const char *path)
{
	return list->len > 0 && bsearch(&path, list->at, list->len,
	    sizeof(*list->at), compare) != NULL;
}

bool
path_list_has_above(const struct path_list *list, const char *path)
{
	char *above, *slash;
	bool found = false;

	if (list->len == 0)
		return false;
	if ((above = strdup(path)) == NULL)
		return true;
	while (!found && (slash = strrchr(above, '/')) != NULL) {
		*slash = '\0';
		found = path_list_has(list, above);
	}
	free(above);
	return found;
}

char **
path_list_words(struct path_list *list)
{
	char **more;

	if (list->len == list->room) {
		more = realloc(list->at, (list->room + 1) * sizeof(*more));
		if (more == NULL)
			return NULL;
		list->at = more;
		list->room++;
	}
	list->at[list->len] = NULL;
	return list->at;
}

void
path_list_clear(struct path_list *list)
{
	while (list->len > 0)
		free(list->at[--list->len]);
	free(list->at);
	list->at = NULL;
	list->room = 0;
}
