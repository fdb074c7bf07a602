/*
 * part - a local file that is being fetched: written beside its place under
 * another name, and put in place when it is whole.
 *
 *	part_begin, part_write ..., then part_commit or part_abort
 *
 * Standard output ("-"), and what is neither a file nor a folder, is written
 * to directly.
 */
#ifndef PART_H
#define PART_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

struct part;

/*
 * Begin to fetch `size` bytes to `path`.  STATUS_CANNOT_CREATE tells why that
 * is no place for a file.
 */
enum status part_begin(struct part **out, const char *path, uint64_t size);

/* Offsets ascend; what they jump over are zeros. */
enum status part_write(struct part *part, const void *bytes, size_t len,
    uint64_t offset);

/* Zeros up to here, so that a stream has them. */
enum status part_fill(struct part *part, uint64_t offset);

/* Put the file in place.  Frees the part, whatever the outcome. */
enum status part_commit(struct part *part);

/* Remove what was fetched.  part_abort(NULL) does nothing. */
void part_abort(struct part *part);

#endif
