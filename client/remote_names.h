/*
 * remote_names - the names in folders of the server, for completion: each
 * folder is listed once and kept for a few seconds, or until something may
 * have changed.
 *
 * Listing takes 3 seconds at most and ends at a signal, whatever the server
 * does; what it then still sends is taken in and dropped.
 */
#ifndef REMOTE_NAMES_H
#define REMOTE_NAMES_H

#include <stdbool.h>

#include "ftclient.h"
#include "status.h"

struct remote_names;

/* Of the client's remote, whichever that is at the time. */
enum status remote_names_new(struct remote_names **out,
    struct client *client);

/* remote_names_free(NULL) does nothing. */
void remote_names_free(struct remote_names *names);

typedef enum status remote_names_taker(void *owner, const char *name,
    bool is_folder);

/*
 * Each name in the folder ("" for the current one) that begins with `prefix`.
 * STATUS_OK only if these are all.
 */
enum status remote_names_find(struct remote_names *names, const char *folder,
    const char *prefix, remote_names_taker *take, void *owner);

/* Another folder may be the current one, or other names in them. */
void remote_names_forget(struct remote_names *names);

#endif
