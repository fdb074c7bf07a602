/*
 * ticket - opens more connections of a user who gave a password not long ago.
 *
 * Opaque to the client: version (u8), name of the key (16), time of the
 * password login (u64), expiry (u64), length of the user's name (u8) and name,
 * and an HMAC-SHA256 (32) over all that and the digest of the line, which
 * does not travel.  So a change to the line voids the ticket.
 *
 * Times are seconds since 1970, by the caller's clock.
 */
#ifndef TICKET_H
#define TICKET_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"
#include "ticket_keys.h"
#include "user_file.h"

#define TICKET_MAX 512		/* bytes; what a client must have room for */
#define TICKET_LIFE 600		/* seconds, unless the client asks for more */
#define TICKET_SKEW 120		/* seconds between the clocks of a fleet */

/* What holds for making and for checking. */
struct ticket_rules {
	const struct ticket_keys	*keys;
	uint64_t			 now;
	uint64_t			 login_lifetime;	/* seconds */
};

/* Who logs in by a ticket. */
struct ticket_holder {
	const struct user	*user;		/* borrowed from its table */
	uint64_t		 login_time;	/* of the password */
	uint64_t		 expires;
};

/*
 * Make a ticket for `holder`, good until `expires`, never past login_time +
 * login_lifetime.  STATUS_LOGIN_REFUSED if that has passed already.
 */
enum status ticket_make(uint8_t out[TICKET_MAX], size_t *len,
    const struct ticket_rules *rules, const struct ticket_holder *holder);

/*
 * Check what a client sent.  The user belongs to `users`, of which the
 * caller holds a reference.  STATUS_LOGIN_REFUSED if the ticket is malformed,
 * forged, expired, of a key that is gone, or of a user who is gone, locked or
 * changed; the text is the same for all.
 */
enum status ticket_check(struct ticket_holder *out, const struct users *users,
    const struct ticket_rules *rules, const uint8_t *bytes, size_t len);

#endif
