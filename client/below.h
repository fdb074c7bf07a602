/*
 * below - changes to what stands below a folder of this machine: no link on
 * the way is followed, so that they stay in it.
 *
 * Paths are seen from that folder, whose descriptor is the caller's.
 */
#ifndef BELOW_H
#define BELOW_H

#include <stdbool.h>
#include <stdint.h>

#include "file_time.h"
#include "status.h"

/* Open what is there; with O_CLOEXEC.  -1 with errno. */
int below_open(int top, const char *path, int flags);

/*
 * Open the folder that `path` ("a/b") stands in; `*name` points at its last
 * component.  -1 with errno.
 */
int below_parent(int top, const char *path, const char **name);

/* A folder that is there already is good.  STATUS_CANNOT_CREATE. */
enum status below_make_folder(int top, const char *path, uint32_t mode);

/* What is not there already is good, too. */
enum status below_remove(int top, const char *path, bool is_folder);

/* Of a file or folder; the time may be NULL. */
enum status below_set_facts(int top, const char *path, uint32_t mode,
    const struct file_time *time);

#endif
