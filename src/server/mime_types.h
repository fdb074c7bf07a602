/*
 * mime_types - what kind of content a file has, as libmagic sees it.
 *
 * The database is mapped once, before the sandbox closes, and shared by all
 * threads; what a thread needs beside it is lent for the time of a call, and
 * there are as many of those as ever were at work at once.
 */
#ifndef MIME_TYPES_H
#define MIME_TYPES_H

#include <stdbool.h>

#include "status.h"

struct mime_types;

/* STATUS_NOT_FOUND if this system has no database that fits its libmagic. */
enum status mime_types_new(struct mime_types **out);

/* mime_types_free(NULL) does nothing. */
void mime_types_free(struct mime_types *types);

/*
 * The type of the regular file that is open to be read as `fd`, by its first
 * bytes.  False if it cannot be told, or somebody has locked those exclusively.
 */
#define MIME_TYPE_ROOM	128
bool mime_types_of(struct mime_types *types, int fd,
    char out[MIME_TYPE_ROOM]);

#endif
