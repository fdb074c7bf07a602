/*
 * share_list - the shares that stand in a user's topmost folder.
 */
#ifndef SHARE_LIST_H
#define SHARE_LIST_H

#include <stdbool.h>

#include "caller.h"
#include "listing.h"

struct share_list;

/*
 * Those that the caller sees at the clean path; NULL if there are none, which
 * the functions below take for an empty list.
 */
struct share_list *share_list_new(const struct caller *caller,
    const char *path);
void share_list_free(struct share_list *list);

bool share_list_has(const struct share_list *list, const char *name);

/* One after the other; NULL at the end.  It lives as long as the list. */
const struct listing_entry *share_list_next(struct share_list *list);

#endif
