/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "check_main.h"
#include "tls_context.h"

static struct config config;
static struct handover handover;
static struct ticket_keys keys;
static SSL_CTX *server, *client;

static char certificate_path[] = "/etc/c.pem", key_path[] = "/etc/k.pem";

static void
take_pem(struct handover_bytes *out, BIO *bio)
{
	char *bytes;
	long len = BIO_get_mem_data(bio, &bytes);

	free(out->bytes);
	out->bytes = malloc((size_t)len);
	ck_assert_ptr_nonnull(out->bytes);
	memcpy(out->bytes, bytes, (size_t)len);
	out->len = (size_t)len;
	BIO_free(bio);
}

static EVP_PKEY *
use_key(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	ck_assert_int_eq(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0,
	    NULL, NULL), 1);
	take_pem(&handover.private_key, bio);
	return key;
}

static void
use_certificate(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	X509 *cert = X509_new();

	ck_assert_int_eq(X509_set_version(cert, X509_VERSION_3), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	ck_assert_int_eq(X509_set_pubkey(cert, key), 1);
	ck_assert_int_gt(X509_sign(cert, key, EVP_sha256()), 0);
	ck_assert_int_eq(PEM_write_bio_X509(bio, cert), 1);
	take_pem(&handover.certificate, bio);
	X509_free(cert);
}

static void
set_up(void)
{
	EVP_PKEY *key = use_key(EVP_EC_gen("P-256"));

	use_certificate(key);
	EVP_PKEY_free(key);
	config = (struct config) { .certificate = certificate_path,
		.private_key = key_path, .login_lifetime = 3600 };
	handover.config = &config;
	ck_assert_int_eq(ticket_keys_generate(&keys), STATUS_OK);
	server = NULL;
	client = SSL_CTX_new(TLS_client_method());
	ck_assert_int_eq(SSL_CTX_set_alpn_protos(client,
	    (const unsigned char *)"\004ft/1", 5), 0);
}

static void
tear_down(void)
{
	SSL_CTX_free(server);
	SSL_CTX_free(client);
	free(handover.certificate.bytes);
	free(handover.private_key.bytes);
	handover = (struct handover) { 0 };
}

static void
must_make(void)
{
	enum status st;

	SSL_CTX_free(server);
	st = tls_context_make(&server, &handover, &keys);
	ck_assert_msg(st == STATUS_OK, "%s", status_text(st));
}

static void
must_refuse(const char *part)
{
	ck_assert_int_eq(tls_context_make(&server, &handover, &keys),
	    STATUS_CONFIG);
	ck_assert_ptr_null(server);
	ck_assert_msg(strstr(status_text(STATUS_CONFIG), part) != NULL,
	    "no `%s` in `%s`", part, status_text(STATUS_CONFIG));
	ck_assert_uint_eq(ERR_peek_error(), 0);
}

/* Both ends of a connection, in memory. */
struct pair {
	SSL	*server, *client;
};

static struct pair
connect_with(SSL_SESSION *session)
{
	struct pair p = { SSL_new(server), SSL_new(client) };
	BIO *a, *b;
	int i;

	ck_assert_int_eq(BIO_new_bio_pair(&a, 0, &b, 0), 1);
	SSL_set_bio(p.server, a, a);
	SSL_set_bio(p.client, b, b);
	SSL_set_accept_state(p.server);
	SSL_set_connect_state(p.client);
	if (session != NULL)
		ck_assert_int_eq(SSL_set_session(p.client, session), 1);
	for (i = 0; i < 8; i++) {
		SSL_do_handshake(p.client);
		SSL_do_handshake(p.server);
	}
	return p;
}

static void
end(struct pair p)
{
	SSL_free(p.server);
	SSL_free(p.client);
	ERR_clear_error();
}

static bool
connects(void)
{
	struct pair p = connect_with(NULL);
	bool done = SSL_is_init_finished(p.server) &&
	    SSL_is_init_finished(p.client);

	end(p);
	return done;
}

/* The session that a client would resume. */
static SSL_SESSION *
get_session(void)
{
	struct pair p = connect_with(NULL);
	SSL_SESSION *session;
	char byte;

	ck_assert_int_eq(SSL_write(p.server, "x", 1), 1);
	ck_assert_int_eq(SSL_read(p.client, &byte, 1), 1);
	session = SSL_get1_session(p.client);
	/* A client that cuts the connection must not resume. */
	SSL_shutdown(p.client);
	end(p);
	return session;
}

static bool
resumes(SSL_SESSION *session)
{
	struct pair p = connect_with(session);
	bool reused = SSL_is_init_finished(p.server) &&
	    SSL_session_reused(p.server);

	end(p);
	return reused;
}

START_TEST(a_client_of_ft1_connects_by_tls_1_3)
{
	struct pair p;
	const unsigned char *chosen;
	unsigned int len;

	must_make();
	p = connect_with(NULL);
	ck_assert(SSL_is_init_finished(p.client));
	ck_assert_int_eq(SSL_version(p.client), TLS1_3_VERSION);
	SSL_get0_alpn_selected(p.client, &chosen, &len);
	ck_assert_uint_eq(len, 4);
	ck_assert_mem_eq(chosen, "ft/1", 4);
	end(p);
}
END_TEST

START_TEST(a_client_of_another_protocol_is_refused)
{
	must_make();
	SSL_CTX_set_alpn_protos(client,
	    (const unsigned char *)"\010http/1.1\002h2", 12);
	ck_assert(!connects());
}
END_TEST

START_TEST(a_client_that_names_no_protocol_is_refused)
{
	must_make();
	SSL_CTX_set_alpn_protos(client, NULL, 0);
	ck_assert(!connects());
}
END_TEST

START_TEST(ft1_is_chosen_among_others)
{
	must_make();
	SSL_CTX_set_alpn_protos(client,
	    (const unsigned char *)"\002h2\004ft/1", 8);
	ck_assert(connects());
}
END_TEST

START_TEST(tls_1_2_is_taken_only_where_it_is_allowed)
{
	must_make();
	SSL_CTX_set_max_proto_version(client, TLS1_2_VERSION);
	ck_assert(!connects());
	config.tls12 = true;
	must_make();
	ck_assert(connects());
}
END_TEST

START_TEST(tls_1_1_is_never_taken)
{
	config.tls12 = true;
	must_make();
	SSL_CTX_set_security_level(client, 0);
	SSL_CTX_set_max_proto_version(client, TLS1_1_VERSION);
	ck_assert(!connects());
}
END_TEST

START_TEST(tls_1_2_without_forward_secrecy_is_refused)
{
	EVP_PKEY *key = use_key(EVP_RSA_gen(2048));

	use_certificate(key);
	EVP_PKEY_free(key);
	config.tls12 = true;
	must_make();
	SSL_CTX_set_max_proto_version(client, TLS1_2_VERSION);
	ck_assert(connects());
	ck_assert_int_eq(SSL_CTX_set_cipher_list(client,
	    "AES256-GCM-SHA384"), 1);
	ck_assert(!connects());
}
END_TEST

START_TEST(a_session_is_resumed_by_another_context_with_the_same_keys)
{
	SSL_SESSION *session;

	must_make();
	session = get_session();
	must_make();
	ck_assert(resumes(session));
	SSL_SESSION_free(session);
}
END_TEST

START_TEST(a_session_is_resumed_after_the_keys_were_rotated)
{
	SSL_SESSION *session;

	must_make();
	session = get_session();
	ck_assert_int_eq(ticket_keys_rotate(&keys), STATUS_OK);
	must_make();
	ck_assert(resumes(session));
	SSL_SESSION_free(session);
}
END_TEST

START_TEST(a_session_is_not_resumed_with_other_keys)
{
	SSL_SESSION *session;

	must_make();
	session = get_session();
	ck_assert_int_eq(ticket_keys_generate(&keys), STATUS_OK);
	must_make();
	ck_assert(!resumes(session));
	SSL_SESSION_free(session);
}
END_TEST

START_TEST(no_early_data_is_offered)
{
	SSL_SESSION *session;

	must_make();
	session = get_session();
	ck_assert_uint_eq(SSL_SESSION_get_max_early_data(session), 0);
	SSL_SESSION_free(session);
}
END_TEST

START_TEST(a_key_of_another_certificate_is_refused)
{
	EVP_PKEY_free(use_key(EVP_EC_gen("P-256")));
	must_refuse("/etc/k.pem: private key does not belong");
}
END_TEST

START_TEST(a_key_of_another_kind_is_refused)
{
	EVP_PKEY_free(use_key(EVP_RSA_gen(2048)));
	must_refuse("/etc/k.pem");
}
END_TEST

START_TEST(what_is_no_certificate_is_refused)
{
	memset(handover.certificate.bytes, 'x', handover.certificate.len);
	must_refuse("/etc/c.pem: no certificate in PEM form");
}
END_TEST

START_TEST(what_is_no_key_is_refused)
{
	memset(handover.private_key.bytes, 'x', handover.private_key.len);
	must_refuse("/etc/k.pem: no private key in PEM form");
}
END_TEST

START_TEST(a_key_with_a_passphrase_is_refused_without_asking)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *bio = BIO_new(BIO_s_mem());

	ck_assert_int_eq(PEM_write_bio_PrivateKey(bio, key, EVP_aes_128_cbc(),
	    (const unsigned char *)"word", 4, NULL, NULL), 1);
	take_pem(&handover.private_key, bio);
	EVP_PKEY_free(key);
	must_refuse("passphrase");
}
END_TEST

START_TEST(a_broken_chain_is_refused)
{
	size_t len = handover.certificate.len;

	handover.certificate.bytes = realloc(handover.certificate.bytes,
	    2 * len);
	memcpy(handover.certificate.bytes + len, handover.certificate.bytes,
	    len);
	memset(handover.certificate.bytes + len + 40, '*', 8);
	handover.certificate.len = 2 * len;
	must_refuse("chain");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_client_of_ft1_connects_by_tls_1_3,
		a_client_of_another_protocol_is_refused,
		a_client_that_names_no_protocol_is_refused,
		ft1_is_chosen_among_others,
		tls_1_2_is_taken_only_where_it_is_allowed,
		tls_1_1_is_never_taken,
		tls_1_2_without_forward_secrecy_is_refused,
		a_session_is_resumed_by_another_context_with_the_same_keys,
		a_session_is_resumed_after_the_keys_were_rotated,
		a_session_is_not_resumed_with_other_keys,
		no_early_data_is_offered,
		a_key_of_another_certificate_is_refused,
		a_key_of_another_kind_is_refused,
		what_is_no_certificate_is_refused,
		what_is_no_key_is_refused,
		a_key_with_a_passphrase_is_refused_without_asking,
		a_broken_chain_is_refused,
		NULL
	};

	return check_main("tls_context", tests, set_up, tear_down);
}
