/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tls_context.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

static const unsigned char alpn[] = "\004ft/1";
#define ALPN_LEN (sizeof(alpn) - 1)

/* OpenSSL's reason for what just failed, after `what`. */
static enum status
fail(const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(code);
	enum status st;

	st = status_set(STATUS_CONFIG, "%s: %s", what,
	    reason != NULL ? reason : "unknown error");
	ERR_clear_error();
	return st;
}

static enum status
fail_file(const char *what, const char *path)
{
	char text[400];

	strncpy(text, status_text(fail(what)), sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	return status_set(STATUS_CONFIG, "%s: %s", path, text);
}

static BIO *
reader(const struct handover_bytes *b)
{
	return BIO_new_mem_buf(b->bytes, (int)b->len);
}

/* A key file that asks for a passphrase would hang the server's start. */
static int
no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)arg;
	return -1;
}

static enum status
add_chain(SSL_CTX *ctx, BIO *bio, const char *path)
{
	X509 *issuer;

	while ((issuer = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		if (SSL_CTX_add0_chain_cert(ctx, issuer) != 1) {
			X509_free(issuer);
			return fail_file("chain of the certificate", path);
		}
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return fail_file("chain of the certificate", path);
	ERR_clear_error();
	return STATUS_OK;
}

static enum status
use_certificate(SSL_CTX *ctx, const struct handover *h)
{
	const char *path = h->config->certificate;
	enum status st;
	X509 *cert = NULL;
	BIO *bio;

	if ((bio = reader(&h->certificate)) == NULL)
		return STATUS_NO_MEMORY;
	cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (cert == NULL || SSL_CTX_use_certificate(ctx, cert) != 1)
		st = fail_file("no certificate in PEM form", path);
	else
		st = add_chain(ctx, bio, path);
	X509_free(cert);
	BIO_free(bio);
	return st;
}

static enum status
use_private_key(SSL_CTX *ctx, const struct handover *h)
{
	const char *path = h->config->private_key;
	enum status st = STATUS_OK;
	EVP_PKEY *key;
	BIO *bio;

	if ((bio = reader(&h->private_key)) == NULL)
		return STATUS_NO_MEMORY;
	key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	if (key == NULL)
		return fail_file("no private key in PEM form, or one with "
		    "a passphrase", path);
	if (SSL_CTX_use_PrivateKey(ctx, key) != 1)
		st = fail_file("private key does not belong to the "
		    "certificate", path);
	EVP_PKEY_free(key);
	return st;
}

/* Whoever does not ask for FT/1 gets no_application_protocol. */
static int
choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned int in_len, void *arg)
{
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, out_len, alpn, ALPN_LEN, in,
	    in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* OpenSSL asks for the protocol only if the client offers one. */
static int
need_protocol(SSL *ssl, int *alert, void *arg)
{
	const unsigned char *bytes;
	size_t len;

	(void)arg;
	if (SSL_client_hello_get0_ext(ssl,
	    TLSEXT_TYPE_application_layer_protocol_negotiation, &bytes,
	    &len) == 1)
		return SSL_CLIENT_HELLO_SUCCESS;
	*alert = SSL_AD_NO_APPLICATION_PROTOCOL;
	return SSL_CLIENT_HELLO_ERROR;
}

static void
free_keys(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl,
    void *argp)
{
	(void)parent;
	(void)ad;
	(void)idx;
	(void)argl;
	(void)argp;
	if (ptr != NULL)
		ticket_keys_wipe(ptr);
	free(ptr);
}

static CRYPTO_ONCE keys_once = CRYPTO_ONCE_STATIC_INIT;
static int keys_index = -1;	/* written once */

static void
make_keys_index(void)
{
	keys_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_keys);
}

/* AES-256 and HMAC keys of a session ticket, both derived from the secret. */
static int
derive(unsigned char out[2][32], const struct ticket_key *key)
{
	static const char *const labels[2] = { "ft tls aes", "ft tls mac" };
	unsigned int len, i;

	for (i = 0; i < 2; i++)
		if (HMAC(EVP_sha256(), key->tls, sizeof(key->tls),
		    (const unsigned char *)labels[i], strlen(labels[i]),
		    out[i], &len) == NULL || len != 32)
			return 0;
	return 1;
}

static int
set_keys(const struct ticket_key *key, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int enc)
{
	unsigned char derived[2][32];
	char digest[] = "SHA256";
	OSSL_PARAM params[3];
	int ok;

	ok = derive(derived, key);
	params[0] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY,
	    derived[1], sizeof(derived[1]));
	params[1] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
	    digest, 0);
	params[2] = OSSL_PARAM_construct_end();
	ok = ok && EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL,
	    derived[0], iv, enc) == 1 &&
	    EVP_MAC_CTX_set_params(mac, params) == 1;
	OPENSSL_cleanse(derived, sizeof(derived));
	return ok;
}

/* The newest key seals; a ticket under an older one is renewed (2). */
static int
ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int enc)
{
	const struct ticket_keys *keys;
	const struct ticket_key *key;

	keys = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), keys_index);
	if (enc) {
		key = &keys->key[0];
		memcpy(name, key->name, sizeof(key->name));
		if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(
		    EVP_aes_256_cbc())) != 1)
			return -1;
		return set_keys(key, iv, cipher, mac, 1) ? 1 : -1;
	}
	if ((key = ticket_keys_find(keys, name)) == NULL)
		return 0;
	if (!set_keys(key, iv, cipher, mac, 0))
		return -1;
	return key == &keys->key[0] ? 1 : 2;
}

static enum status
use_ticket_keys(SSL_CTX *ctx, const struct ticket_keys *keys)
{
	struct ticket_keys *copy;

	if (CRYPTO_THREAD_run_once(&keys_once, make_keys_index) != 1 ||
	    keys_index == -1 || (copy = malloc(sizeof(*copy))) == NULL)
		return STATUS_NO_MEMORY;
	*copy = *keys;
	if (SSL_CTX_set_ex_data(ctx, keys_index, copy) != 1) {
		ticket_keys_wipe(copy);
		free(copy);
		return STATUS_NO_MEMORY;
	}
	if (SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, ticket_key) != 1)
		return fail("session tickets");
	return STATUS_OK;
}

static enum status
set_rules(SSL_CTX *ctx, const struct config *config)
{
	/* Suites of 1.2 with forward secrecy and authenticated encryption. */
	static const char suites[] = "ECDHE+AESGCM:ECDHE+CHACHA20:!aPSK";
	static const unsigned char session_context[] = "ft/1";

	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
	    SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(ctx, (long)config->login_lifetime);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
	SSL_CTX_set_client_hello_cb(ctx, need_protocol, NULL);
	if (SSL_CTX_set_min_proto_version(ctx,
	    config->tls12 ? TLS1_2_VERSION : TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(ctx, suites) != 1 ||
	    SSL_CTX_set1_groups_list(ctx, "X25519:P-256") != 1 ||
	    SSL_CTX_set_session_id_context(ctx, session_context,
	    sizeof(session_context) - 1) != 1 ||
	    SSL_CTX_set_num_tickets(ctx, 1) != 1 ||
	    SSL_CTX_set_max_early_data(ctx, 0) != 1)
		return fail("rules of TLS");
	return STATUS_OK;
}

enum status
tls_context_make(SSL_CTX **out, const struct handover *handover,
    const struct ticket_keys *keys)
{
	enum status st;
	SSL_CTX *ctx;

	*out = NULL;
	ERR_clear_error();
	if ((ctx = SSL_CTX_new(TLS_server_method())) == NULL)
		return fail("TLS");
	if ((st = set_rules(ctx, handover->config)) != STATUS_OK ||
	    (st = use_certificate(ctx, handover)) != STATUS_OK ||
	    (st = use_private_key(ctx, handover)) != STATUS_OK ||
	    (st = use_ticket_keys(ctx, keys)) != STATUS_OK)
		goto out;
	if (SSL_CTX_check_private_key(ctx) != 1) {
		st = fail_file("private key does not belong to the "
		    "certificate", handover->config->private_key);
		goto out;
	}
	*out = ctx;
	ctx = NULL;
out:
	SSL_CTX_free(ctx);
	return st;
}
