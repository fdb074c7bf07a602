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

#include <stdbool.h>

#include <openssl/ssl.h>

#include "destination.h"
#include "known_hosts.h"
#include "status.h"

/* Borrowed for the time of a call. */
struct trust {
	const char		*pin;		/* or NULL */
	const char		*cafile;	/* or NULL */
	const char		*known_hosts;	/* NULL: the usual place */
	const struct destination	*target;
	bool			 explains;	/* a changed key, at length */
};

/* Room for "sha256//", 32 bytes in base64, and NUL. */
#define TRUST_PIN_SIZE 53

/* STATUS_USAGE unless it has the form of a pin. */
enum status trust_check_pin(const char *pin);

/* A context for client ends.  Free with SSL_CTX_free. */
enum status trust_context(SSL_CTX **out, const struct trust *trust);

/* Say whom we expect; before the handshake. */
enum status trust_expect(SSL *ssl, const struct trust *trust);

enum trust_verdict {
	TRUST_BY_PIN,		/* it has the key of the pin */
	TRUST_OTHER_PIN,	/* it has not, which ends all */
	TRUST_BY_CA,		/* a CA vouches for it */
	TRUST_NO_CA,		/* none of the CA file does, which ends all */
	TRUST_KNOWN,		/* the known hosts have its key */
	TRUST_CHANGED,		/* they have another one */
	TRUST_UNKNOWN		/* they have none: a person has to say */
};

struct trust_finding {
	enum trust_verdict	 verdict;
	char			 pin[TRUST_PIN_SIZE];	/* the server's */
	const char		*flaw;	/* of its certificate, in words */
	struct known_line	 line;	/* of the known hosts, */
	char			*path;	/* owned; NULL if nobody looked */
};

/* After the handshake: what is known of the server.  Asks nobody. */
enum status trust_judge(struct trust_finding *out, SSL *ssl,
    const struct trust *trust);

/*
 * After the handshake and before anything is sent: STATUS_TRUST, or go on.
 * `pin` is that of the key that the server has.
 */
enum status trust_check(char pin[TRUST_PIN_SIZE], SSL *ssl,
    const struct trust *trust);

#endif
