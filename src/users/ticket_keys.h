/*
 * ticket_keys - the secrets that tickets are made with: those of logins, and
 * those by which TLS sessions are resumed.
 *
 * The newest key makes new tickets; tickets of the older ones stay good.  In a
 * file each key is a line of 160 hexadecimal digits, the newest first; `#`
 * begins a comment.  A fleet of servers shares one file.
 */
#ifndef TICKET_KEYS_H
#define TICKET_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

#define TICKET_KEYS_MAX 4
#define TICKET_NAME_LEN 16
#define TICKET_SECRET_LEN 32
#define TICKET_KEYS_TEXT_MAX 1024	/* room for a file, with NUL */

struct ticket_key {
	uint8_t	name[TICKET_NAME_LEN];		/* not secret */
	uint8_t	mac[TICKET_SECRET_LEN];		/* login tickets: HMAC-SHA256 */
	uint8_t	tls[TICKET_SECRET_LEN];		/* for the resumption of TLS */
};

struct ticket_keys {
	size_t			count;		/* at least 1 */
	struct ticket_key	key[TICKET_KEYS_MAX];	/* [0] is the newest */
};

/* One fresh random key. */
enum status ticket_keys_generate(struct ticket_keys *out);

/* A fresh key in front; of the others the newest three are kept. */
enum status ticket_keys_rotate(struct ticket_keys *keys);

/*
 * The content of a key file, under its name for error texts.  STATUS_CONFIG as
 * FILE:LINE: what is wrong.
 */
enum status ticket_keys_parse(struct ticket_keys *out, const char *bytes,
    size_t len, const char *file);

/* Read a key file, which only its owner may read: else the chmod to run. */
enum status ticket_keys_read(struct ticket_keys *out, const char *path);

/* The content of the file for these keys; wipe it after use. */
void ticket_keys_format(char out[TICKET_KEYS_TEXT_MAX],
    const struct ticket_keys *keys);

/* The key of that name, or NULL. */
const struct ticket_key *ticket_keys_find(const struct ticket_keys *keys,
    const uint8_t name[TICKET_NAME_LEN]);

void ticket_keys_wipe(struct ticket_keys *keys);

#endif
