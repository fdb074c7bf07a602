/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "link.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#define RECORD		 16384	/* payload of a full TLS record */
#define RECORD_EXTRA	 256	/* bound of what a record adds to it */

struct link {
	int		  fd;		/* borrowed */
	enum link_receive receive;
	unsigned char	 *out;		/* owned; sealed and not yet written */
	size_t		  out_len, out_size;
	unsigned char	 *in;		/* owned; received and not yet taken */
	size_t		  in_off, in_len, in_size;
};

static void
link_free(struct link *l)
{
	if (l == NULL)
		return;
	free(l->out);
	free(l->in);
	free(l);
}

static int
wait_writable(int fd)
{
	struct pollfd pfd = { fd, POLLOUT, 0 };

	if (errno != EAGAIN)
		return -1;
	return poll(&pfd, 1, -1) == -1 && errno != EINTR ? -1 : 0;
}

static int
flush(struct link *l)
{
	size_t off = 0;
	ssize_t n;

	while (off < l->out_len) {
		n = write(l->fd, l->out + off, l->out_len - off);
		if (n >= 0)
			off += (size_t)n;
		else if (errno != EINTR && wait_writable(l->fd) == -1)
			return -1;
	}
	l->out_len = 0;
	return 0;
}

static int
link_write(BIO *bio, const char *buf, size_t len, size_t *done)
{
	struct link *l = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (len > l->out_size - l->out_len && flush(l) == -1)
		return 0;
	if (len > l->out_size)
		len = l->out_size;
	memcpy(l->out + l->out_len, buf, len);
	l->out_len += len;
	*done = len;
	return 1;
}

/* The buffer is empty: receive, the first `len` bytes to `buf` if split. */
static ssize_t
receive(struct link *l, char *buf, size_t len)
{
	struct iovec iov[2] = {
		{ buf, l->receive == LINK_SPLIT ? len : 0 },
		{ l->in, l->in_size },
	};
	ssize_t n;

	do
		n = readv(l->fd, iov, 2);
	while (n == -1 && errno == EINTR);
	if (n <= 0)
		return n;
	l->in_off = 0;
	if ((size_t)n <= iov[0].iov_len) {
		l->in_len = 0;
		return n;
	}
	l->in_len = (size_t)n - iov[0].iov_len;
	return (ssize_t)iov[0].iov_len;
}

static int
link_read(BIO *bio, char *buf, size_t len, size_t *done)
{
	struct link *l = BIO_get_data(bio);
	ssize_t n;

	BIO_clear_retry_flags(bio);
	if (l->in_off == l->in_len) {
		if ((n = receive(l, buf, len)) == -1)
			return 0;
		if (n > 0 || l->in_len == 0) {
			*done = (size_t)n;
			return n > 0;
		}
	}
	if (len > l->in_len - l->in_off)
		len = l->in_len - l->in_off;
	memcpy(buf, l->in + l->in_off, len);
	l->in_off += len;
	*done = len;
	return 1;
}

static long
link_ctrl(BIO *bio, int cmd, long arg, void *ptr)
{
	(void)arg;
	(void)ptr;
	if (cmd == BIO_CTRL_FLUSH)
		return flush(BIO_get_data(bio)) == 0;
	return 0;
}

static int
link_destroy(BIO *bio)
{
	link_free(BIO_get_data(bio));
	BIO_set_data(bio, NULL);
	return 1;
}

static BIO_METHOD *
link_method(void)
{
	static BIO_METHOD *method;

	if (method != NULL)
		return method;
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
	    "link");
	if (method == NULL)
		return NULL;
	BIO_meth_set_write_ex(method, link_write);
	BIO_meth_set_read_ex(method, link_read);
	BIO_meth_set_ctrl(method, link_ctrl);
	BIO_meth_set_destroy(method, link_destroy);
	return method;
}

static struct link *
link_new(int fd, const struct link_options *opt)
{
	size_t records = opt->gather / RECORD + 1;
	struct link *l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return NULL;
	l->fd = fd;
	l->receive = opt->receive;
	l->out_size = opt->gather + records * RECORD_EXTRA;
	l->in_size = opt->ahead > 0 ? opt->ahead : RECORD + RECORD_EXTRA;
	l->out = malloc(l->out_size);
	l->in = malloc(l->in_size);
	if (l->out == NULL || l->in == NULL) {
		link_free(l);
		return NULL;
	}
	return l;
}

static BIO *
link_bio(int fd, const struct link_options *opt)
{
	struct link *l;
	BIO *bio;

	if (link_method() == NULL || (bio = BIO_new(link_method())) == NULL)
		return NULL;
	if ((l = link_new(fd, opt)) == NULL) {
		BIO_free(bio);
		return NULL;
	}
	BIO_set_data(bio, l);
	BIO_set_init(bio, 1);
	return bio;
}

int
link_attach(SSL *ssl, int fd, const struct link_options *opt)
{
	bool ours_in = opt->receive == LINK_WHOLE || opt->receive == LINK_SPLIT;
	BIO *in, *out;

	in = ours_in ? link_bio(fd, opt) : BIO_new_socket(fd, BIO_NOCLOSE);
	out = opt->gather > 0 ? link_bio(fd, opt) :
	    BIO_new_socket(fd, BIO_NOCLOSE);
	if (in == NULL || out == NULL) {
		BIO_free(in);
		BIO_free(out);
		return -1;
	}
	SSL_set_bio(ssl, in, out);
	if (opt->receive == LINK_AHEAD) {
		SSL_set_read_ahead(ssl, 1);
		SSL_set_default_read_buffer_len(ssl, opt->ahead);
	}
	return 0;
}

static int
fill_certificate(X509 *cert, EVP_PKEY *key)
{
	X509_NAME *name = X509_get_subject_name(cert);

	if (!X509_set_version(cert, X509_VERSION_3) ||
	    !ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) ||
	    X509_gmtime_adj(X509_getm_notBefore(cert), 0) == NULL ||
	    X509_gmtime_adj(X509_getm_notAfter(cert), 3600) == NULL ||
	    !X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)"pump", -1, -1, 0) ||
	    !X509_set_issuer_name(cert, name) ||
	    !X509_set_pubkey(cert, key) ||
	    X509_sign(cert, key, EVP_sha256()) == 0)
		return -1;
	return 0;
}

int
link_certify(SSL_CTX *ctx)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	int rc = -1;

	if (key != NULL && cert != NULL && fill_certificate(cert, key) == 0 &&
	    SSL_CTX_use_certificate(ctx, cert) == 1 &&
	    SSL_CTX_use_PrivateKey(ctx, key) == 1)
		rc = 0;
	X509_free(cert);
	EVP_PKEY_free(key);
	return rc;
}
