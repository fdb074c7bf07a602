/*
 * crypt_hash - the hashes of crypt(3) that are accepted: their form and cost.
 * password.h is the way in.
 */
#ifndef CRYPT_HASH_H
#define CRYPT_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

/*
 * The work of a hash in the units of password_hash_work.  STATUS_CONFIG, with
 * the reason, for kinds that are weak or unknown, and for what is malformed or
 * too dear.
 */
enum status crypt_hash_work(uint64_t *out, const char *hash);

/* Write a hash of the same parameters and a random digest. */
enum status crypt_hash_decoy(char *out, size_t room, const char *hash);

#endif
