/*
 * renewals - hashes of crypt(3) that argon2id is to replace after a good login.
 *
 * The login thread makes the new hash; the monitor, who may write the user
 * file, puts it there.  A session of that user must not take the new hash for a
 * changed password, so the last few are remembered.
 */
#ifndef RENEWALS_H
#define RENEWALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "phc.h"
#include "user_file.h"

#define RENEWALS_DIGEST 32	/* SHA-256 of a hash's text */

struct renewals;

/* `channel` to the monitor is borrowed.  NULL without memory. */
struct renewals *renewals_new(int channel);
void renewals_free(struct renewals *renewals);

/*
 * The user has just given the right password: if its hash is a foreign one,
 * make a new one of that cost and hand it to the monitor.  True if that has
 * been done.
 */
bool renewals_offer(struct renewals *renewals, const struct user *user,
    const void *password, size_t len, const struct phc_cost *cost);

/* Was a hash with this digest made here? */
bool renewals_know(struct renewals *renewals,
    const uint8_t digest[RENEWALS_DIGEST]);

/* The digest of a hash's text; false if OpenSSL fails. */
bool renewals_digest(uint8_t digest[RENEWALS_DIGEST], const char *hash);

#endif
