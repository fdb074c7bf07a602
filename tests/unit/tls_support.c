/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tls_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static void
must(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "cannot make a certificate: %s\n", what);
	abort();
}

static char *
text_of(BIO *bio)
{
	char *bytes, *text = NULL;
	long len;

	len = BIO_get_mem_data(bio, &bytes);
	must(len > 0 && (text = malloc((size_t)len + 1)) != NULL, "text");
	memcpy(text, bytes, (size_t)len);
	text[len] = '\0';
	BIO_free(bio);
	return text;
}

static X509 *
sign(EVP_PKEY *key)
{
	static const unsigned char name[] = "localhost";
	X509 *x509 = X509_new();
	X509_NAME *subject;

	must(x509 != NULL, "memory");
	subject = X509_get_subject_name(x509);
	must(X509_set_version(x509, X509_VERSION_3) == 1 &&
	    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1) == 1 &&
	    X509_gmtime_adj(X509_getm_notBefore(x509), -3600) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(x509), 86400) != NULL &&
	    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1,
	    -1, 0) == 1 && X509_set_issuer_name(x509, subject) == 1 &&
	    X509_set_pubkey(x509, key) == 1 &&
	    X509_sign(x509, key, EVP_sha256()) > 0, "signature");
	return x509;
}

void
certificate_make(struct certificate *out)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *bio[2] = { BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()) };
	X509 *x509;

	must(key != NULL && bio[0] != NULL && bio[1] != NULL, "key");
	x509 = sign(key);
	must(PEM_write_bio_X509(bio[0], x509) == 1 &&
	    PEM_write_bio_PrivateKey(bio[1], key, NULL, NULL, 0, NULL,
	    NULL) == 1, "PEM");
	out->certificate = text_of(bio[0]);
	out->key = text_of(bio[1]);
	X509_free(x509);
	EVP_PKEY_free(key);
}

void
certificate_free(struct certificate *certificate)
{
	free(certificate->certificate);
	free(certificate->key);
}
