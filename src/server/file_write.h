/*
 * file_write - a small file of the server's own, whole or not at all.
 */
#ifndef FILE_WRITE_H
#define FILE_WRITE_H

#include <stddef.h>
#include <sys/types.h>

#include "status.h"

/*
 * Put a file with this content and mode at `path`, on disk when this returns.
 * What stood there is replaced by a rename; a symbolic link is replaced, not
 * followed.  STATUS_CANNOT_CREATE with the path.
 */
enum status file_write(const char *path, const void *bytes, size_t len,
    mode_t mode);

#endif
