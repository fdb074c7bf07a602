/*
 * sum - digests that other programs know: SHA-256, and XXH128 of all bytes in
 * one (which is not the digest of digest.h).
 *
 *	sum_begin, sum_update ..., sum_end
 */
#ifndef SUM_H
#define SUM_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

#define SUM_MOST 32	/* bytes */

struct sum;

/*
 * By its name, `len` bytes: "sha256" or "xxh128"; else STATUS_UNSUPPORTED.
 */
enum status sum_begin(struct sum **out, const char *method, size_t len);
enum status sum_update(struct sum *sum, const void *bytes, size_t len);

/* How many bytes it has goes to `*len`.  The sum is still to be dropped. */
enum status sum_end(struct sum *sum, uint8_t out[SUM_MOST], size_t *len);

/* sum_drop(NULL) does nothing. */
void sum_drop(struct sum *sum);

#endif
