/* SPDX-License-Identifier: ISC */
/*
 * link - an OpenSSL BIO over a socket that gathers what is written until it is
 * flushed, and takes in as much as there is with each recv.
 *
 * Also the certificate that the pump makes for itself.
 */
#ifndef LINK_H
#define LINK_H

#include <stddef.h>

#include <openssl/ssl.h>

/* How bytes get from the socket into OpenSSL. */
enum link_receive {
	LINK_PLAIN,	/* OpenSSL's own socket BIO: header, then body */
	LINK_AHEAD,	/* the same with read_ahead and a big buffer */
	LINK_WHOLE,	/* recv into a buffer of ours, copy from there */
	LINK_SPLIT	/* readv: first OpenSSL's buffer, then ours */
};

struct link_options {
	size_t	gather;		/* bytes of payload per write; 0: plain */
	enum link_receive receive;
	size_t	ahead;		/* size of the buffer that reads ahead */
};

/*
 * Give `ssl` the connected `fd`, which stays the caller's and must outlive it.
 * 0, or -1 if out of memory.
 */
int link_attach(SSL *ssl, int fd, const struct link_options *opt);

/* Give `ctx` a new P-256 key and a certificate signed with it.  0 or -1. */
int link_certify(SSL_CTX *ctx);

#endif
