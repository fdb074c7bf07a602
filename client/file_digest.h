/*
 * file_digest - the digest of a whole file of this machine, as FT/1 knows it.
 */
#ifndef FILE_DIGEST_H
#define FILE_DIGEST_H

#include <stdint.h>

#include "digest.h"
#include "status.h"

/* Read the file; `*size` is how many bytes it had.  A failure names it. */
enum status file_digest(uint8_t out[DIGEST_SIZE], uint64_t *size,
    const char *path);

#endif
