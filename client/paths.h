/*
 * paths - names of files here and there, by their text alone.
 */
#ifndef PATHS_H
#define PATHS_H

#include <stdbool.h>

#include "status.h"

/* The last component, as a part of `path`; NULL if it has none that names. */
const char *path_base(const char *path);

/* True if only a folder can be called so: "", ".", "..", or ending in them. */
bool path_is_folder(const char *path);

/* "FOLDER/NAME", to be freed; NULL if there is no memory. */
char *path_join(const char *folder, const char *name);

/* The same, of a folder of the server; one in "." is just NAME. */
char *path_below(const char *folder, const char *name);

/* STATUS_NAME_TOO_LONG if the path is longer than any server takes. */
enum status path_check(const char *path);

#endif
