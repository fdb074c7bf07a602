/*
 * phc - an argon2id hash and its text, `$argon2id$v=19$m=M,t=T,p=P$SALT$TAG`
 * (the PHC string format, base64 without padding).
 *
 * A stored text is parsed and bounded before any work is done: whoever writes
 * m=4 GiB into a file must not stop the server.  Work runs in the calling
 * thread, whatever the number of lanes.
 */
#ifndef PHC_H
#define PHC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

struct phc_cost {
	uint32_t memory_kib;	/* m */
	uint32_t passes;	/* t */
	uint32_t lanes;		/* p */
};

#define PHC_MEMORY_MIN 8u		/* KiB, and 8 for each lane */
#define PHC_MEMORY_MAX (1u << 20)	/* KiB */
#define PHC_PASSES_MAX 64u
#define PHC_LANES_MAX 16u
#define PHC_WORK_MAX (4u << 20)		/* memory times passes: some seconds */
#define PHC_SALT_MIN 8
#define PHC_SALT_MAX 64
#define PHC_TAG_MIN 16
#define PHC_TAG_MAX 64
#define PHC_TEXT_MAX 256		/* room for any text, with its NUL */

struct phc {
	struct phc_cost	 cost;
	size_t		 salt_len, tag_len;
	uint8_t		 salt[PHC_SALT_MAX];
	uint8_t		 tag[PHC_TAG_MAX];
};

/* What new hashes cost unless the administrator says otherwise. */
extern const struct phc_cost PHC_DEFAULT_COST;

/* STATUS_CONFIG, with the bound that is broken, if the cost is none. */
enum status phc_cost_check(const struct phc_cost *cost);

/*
 * Parse `m=KIB,t=N,p=N`, in any order; what is left out is taken from the
 * default.  STATUS_CONFIG if it is malformed or out of bounds.
 */
enum status phc_cost_parse(struct phc_cost *out, const char *text);

/* STATUS_CONFIG if the text is malformed, out of bounds, or not argon2id. */
enum status phc_parse(struct phc *out, const char *text, size_t len);

void phc_format(char out[PHC_TEXT_MAX], const struct phc *phc);

/* A hash of this cost that no password is known for; takes no work. */
enum status phc_random(struct phc *out, const struct phc_cost *cost);

/*
 * Do the work: the tag (`phc->tag_len` bytes) of a password under the salt and
 * cost of `phc`.  Takes cost.memory_kib of memory and gives it back wiped;
 * STATUS_NO_MEMORY if there is none.
 */
enum status phc_compute(uint8_t tag[PHC_TAG_MAX], const struct phc *phc,
    const void *password, size_t len);

/* The text of a new hash of a password, with a fresh salt of 16 bytes. */
enum status phc_hash(char out[PHC_TEXT_MAX], const void *password, size_t len,
    const struct phc_cost *cost);

#endif
