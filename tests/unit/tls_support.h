/*
 * tls_support - a certificate for tests, made in memory.
 */
#ifndef TLS_SUPPORT_H
#define TLS_SUPPORT_H

#include <stddef.h>

/* PEM of a certificate for `localhost`, signed by itself, and of its key. */
struct certificate {
	char	*certificate;	/* owned */
	char	*key;		/* owned */
};

/* Ends the program if OpenSSL fails. */
void certificate_make(struct certificate *out);
void certificate_free(struct certificate *certificate);

#endif
