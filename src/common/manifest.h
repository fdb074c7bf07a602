/*
 * manifest - the digest over all members of a folder that is sent as one, which
 * both ends work out for themselves.
 *
 *	manifest_begin, manifest_add ..., then manifest_end or manifest_drop
 */
#ifndef MANIFEST_H
#define MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "digest.h"

struct manifest;

/* NULL if there is no memory. */
struct manifest *manifest_begin(void);

/*
 * Members come in the order of the bytes of their paths ("a/b").  A folder has
 * no size and a digest of zeros.
 */
void manifest_add(struct manifest *manifest, const char *path, bool is_folder,
    uint64_t size, const uint8_t digest[DIGEST_SIZE]);

/* Write the digest and free it. */
void manifest_end(struct manifest *manifest, uint8_t out[DIGEST_SIZE]);

/* manifest_drop(NULL) does nothing. */
void manifest_drop(struct manifest *manifest);

#endif
