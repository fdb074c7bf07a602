/*
 * password - is this the password of that hash?
 *
 * Known hashes: argon2id (phc.h), and of crypt(3) yescrypt ($y$), bcrypt
 * ($2a$, $2b$, $2y$) and sha512crypt ($6$).  Others are refused as too weak or
 * unknown.  Each kind's cost is bounded before it is tried.
 *
 * All functions may be called from any thread; they block for the time of the
 * hash, and leave no secret in memory.
 */
#ifndef PASSWORD_H
#define PASSWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "phc.h"
#include "status.h"

#define PASSWORD_MAX 1024	/* bytes; longer ones go unhashed */
#define PASSWORD_HASH_MAX 384	/* room for any hash, with its NUL */

/*
 * How much work a stored hash takes, in fills of one KiB by argon2 (about a
 * microsecond).  STATUS_CONFIG, with the reason, if the hash is of a kind that
 * is refused, malformed, or too dear.
 */
enum status password_hash_work(uint64_t *out, const char *hash);

/* True for a hash of crypt(3), which argon2id should replace when it can. */
bool password_hash_is_foreign(const char *hash);

/* Write a hash of the same kind and cost with random bytes for salt and tag. */
enum status password_decoy(char out[PASSWORD_HASH_MAX], const char *hash);

/*
 * STATUS_OK if the password is that of the hash, STATUS_LOGIN_REFUSED if not,
 * STATUS_NO_MEMORY if there was no memory to find out.  Takes no pains to hide
 * how long it took; password_login does.
 */
enum status password_verify(const char *hash, const void *password,
    size_t len);

/*
 * The same for a login: `hash` is NULL for a name that is unknown, and every
 * refusal costs as much as `decoy`, the dearest hash of the file.  With
 * `locked` the right password is refused like a wrong one.  A password of over
 * PASSWORD_MAX bytes is refused at once, whatever the name.
 */
enum status password_login(const char *hash, const char *decoy, bool locked,
    const void *password, size_t len);

#endif
