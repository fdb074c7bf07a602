/*
 * tls_context - the server's SSL_CTX: certificate, versions, ALPN, and session
 * tickets whose keys survive a reload.
 */
#ifndef TLS_CONTEXT_H
#define TLS_CONTEXT_H

#include <openssl/ssl.h>

#include "handover.h"
#include "status.h"
#include "ticket_keys.h"

/*
 * Make a context from the handover (checks that certificate and key belong
 * together).  `keys` are copied.  Free with SSL_CTX_free.
 */
enum status tls_context_make(SSL_CTX **out, const struct handover *handover,
    const struct ticket_keys *keys);

#endif
