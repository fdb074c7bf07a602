/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "quick_identity.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "file_write.h"

#define DAY (24 * 60 * 60L)
#define VALID_DAYS 3650

static enum status
fail(const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(code);

	ERR_clear_error();
	return status_set(STATUS_IO, "%s: %s", what,
	    reason != NULL ? reason : "OpenSSL failed");
}

static enum status
write_pem(const char *path, BIO *bio, mode_t mode)
{
	char *bytes;
	long len = BIO_get_mem_data(bio, &bytes);

	return file_write(path, bytes, (size_t)len, mode);
}

static enum status
make_key(EVP_PKEY **out, const char *path)
{
	enum status st;
	BIO *bio;

	if ((*out = EVP_EC_gen("P-256")) == NULL)
		return fail("make a key");
	if ((bio = BIO_new(BIO_s_secmem())) == NULL)
		return STATUS_NO_MEMORY;
	if (PEM_write_bio_PrivateKey(bio, *out, NULL, NULL, 0, NULL,
	    NULL) != 1)
		st = fail("write the key");
	else
		st = write_pem(path, bio, 0600);
	BIO_free(bio);
	return st;
}

static enum status
get_key(EVP_PKEY **out, const char *path)
{
	BIO *bio;

	if (access(path, F_OK) == -1)
		return make_key(out, path);
	if ((bio = BIO_new_file(path, "r")) != NULL)
		*out = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	return *out != NULL ? STATUS_OK : status_set(STATUS_CONFIG,
	    "%s cannot be read as a key: remove it to have a new one made",
	    path);
}

static int
add_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;
	int ok;

	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	if ((ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value)) == NULL)
		return 0;
	ok = X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
	return ok;
}

static int
set_serial(X509 *cert)
{
	unsigned char bytes[8];
	uint64_t serial;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return 0;
	memcpy(&serial, bytes, sizeof(serial));
	return ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert),
	    serial >> 1);
}

static int
fill_certificate(X509 *cert, EVP_PKEY *key, const char *address)
{
	X509_NAME *name = X509_get_subject_name(cert);
	char names[160];

	snprintf(names, sizeof(names),
	    "DNS:localhost,IP:127.0.0.1,IP:::1%s%s",
	    strcmp(address, "127.0.0.1") == 0 ? "" : ",IP:",
	    strcmp(address, "127.0.0.1") == 0 ? "" : address);
	return X509_set_version(cert, X509_VERSION_3) && set_serial(cert) &&
	    /* A day back, for clocks that are behind. */
	    X509_gmtime_adj(X509_getm_notBefore(cert), -DAY) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(cert), VALID_DAYS * DAY) !=
	    NULL &&
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)"ftserver --quick", -1, -1, 0) &&
	    X509_set_issuer_name(cert, name) && X509_set_pubkey(cert, key) &&
	    add_extension(cert, NID_basic_constraints, "critical,CA:FALSE") &&
	    add_extension(cert, NID_key_usage, "critical,digitalSignature") &&
	    add_extension(cert, NID_ext_key_usage, "serverAuth") &&
	    add_extension(cert, NID_subject_alt_name, names) &&
	    X509_sign(cert, key, EVP_sha256()) > 0;
}

static enum status
make_certificate(EVP_PKEY *key, const struct quick_identity *identity)
{
	X509 *cert = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());
	enum status st;

	if (cert == NULL || bio == NULL)
		st = STATUS_NO_MEMORY;
	else if (!fill_certificate(cert, key, identity->address) ||
	    PEM_write_bio_X509(bio, cert) != 1)
		st = fail("make a certificate");
	else
		st = write_pem(identity->certificate_path, bio, 0644);
	BIO_free(bio);
	X509_free(cert);
	return st;
}

/* There, of this key, not expired, and for this address? */
static int
is_fit(EVP_PKEY *key, const struct quick_identity *identity)
{
	X509 *cert = NULL;
	BIO *bio;
	int ok;

	if ((bio = BIO_new_file(identity->certificate_path, "r")) != NULL)
		cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	ok = cert != NULL && X509_check_private_key(cert, key) == 1 &&
	    X509_cmp_current_time(X509_get0_notAfter(cert)) > 0 &&
	    X509_check_ip_asc(cert, identity->address, 0) == 1;
	X509_free(cert);
	ERR_clear_error();
	return ok;
}

static enum status
tell_pin(char pin[QUICK_PIN_MAX], EVP_PKEY *key)
{
	unsigned char *der = NULL, digest[SHA256_DIGEST_LENGTH];
	unsigned char text[48];	/* 44 and a NUL */
	int len;

	if ((len = i2d_PUBKEY(key, &der)) <= 0)
		return fail("write the public key");
	SHA256(der, (size_t)len, digest);
	OPENSSL_free(der);
	EVP_EncodeBlock(text, digest, sizeof(digest));
	snprintf(pin, QUICK_PIN_MAX, "sha256//%s", (char *)text);
	return STATUS_OK;
}

enum status
quick_identity_prepare(char pin[QUICK_PIN_MAX],
    const struct quick_identity *identity)
{
	EVP_PKEY *key = NULL;
	enum status st;

	if ((st = get_key(&key, identity->key_path)) == STATUS_OK &&
	    !is_fit(key, identity))
		st = make_certificate(key, identity);
	if (st == STATUS_OK)
		st = tell_pin(pin, key);
	EVP_PKEY_free(key);
	return st;
}
