/*
 * quick_identity - the key and the certificate of a server that was started
 * without a configuration.  The key stays for good, so that its pin does; the
 * certificate is made anew when it has expired or lacks the address.
 */
#ifndef QUICK_IDENTITY_H
#define QUICK_IDENTITY_H

#include "status.h"

#define QUICK_PIN_MAX 64	/* room for "sha256//BASE64" and its NUL */

struct quick_identity {
	const char	*key_path;
	const char	*certificate_path;
	const char	*address;	/* numeric, of the certificate */
};

/* Make what is missing and tell the pin of the key. */
enum status quick_identity_prepare(char pin[QUICK_PIN_MAX],
    const struct quick_identity *identity);

#endif
