/*
 * path_list - paths, to ask later whether one is among them.
 *
 *	path_list_add ..., path_list_sort, path_list_has ..., path_list_clear
 */
#ifndef PATH_LIST_H
#define PATH_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

/* Begin with { 0 }. */
struct path_list {
	char	**at;		/* owned */
	size_t	  len, room;
};

/* The path is copied.  STATUS_NO_MEMORY. */
enum status path_list_add(struct path_list *list, const char *path);

/* By their bytes; before the list is asked. */
void path_list_sort(struct path_list *list);
bool path_list_has(const struct path_list *list, const char *path);

/* Is one of them a folder above the path?  Without memory: it may be. */
bool path_list_has_above(const struct path_list *list, const char *path);

/*
 * As words of a command, ended by NULL; the list's, until it changes.  NULL if
 * there is no memory.
 */
char **path_list_words(struct path_list *list);

void path_list_clear(struct path_list *list);

#endif
