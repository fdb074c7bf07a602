/*
 * trust - whether the server is who it should be.  In this order:
 *
 *	a pin, if one was given: the server has that key, nothing else counts
 *	a CA file, if one was given: one of them vouches for the host's name
 *	a CA of the system vouches for the host's name
 *	the known hosts have the server's key: another key stops us cold
 *	somebody at the terminal says yes, which is remembered
 */
#ifndef TRUST_H
#define TRUST_H

#include <openssl/ssl.h>

#include "destination.h"
#include "status.h"

/* Borrowed for the time of a call. */
struct trust {
	const char		*pin;		/* or NULL */
	const char		*cafile;	/* or NULL */
	const char		*known_hosts;	/* NULL: the usual place */
	const struct destination	*target;
};

/* Room for "sha256//", 32 bytes in base64, and NUL. */
#define TRUST_PIN_SIZE 53

/* A context for client ends.  Free with SSL_CTX_free. */
enum status trust_context(SSL_CTX **out, const struct trust *trust);

/* Say whom we expect; before the handshake. */
enum status trust_expect(SSL *ssl, const struct trust *trust);

/*
 * After the handshake and before anything is sent: STATUS_TRUST, or go on.
 * `pin` is that of the key that the server has.
 */
enum status trust_check(char pin[TRUST_PIN_SIZE], SSL *ssl,
    const struct trust *trust);

#endif
