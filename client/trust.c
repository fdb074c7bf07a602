/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "trust.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "escape.h"
#include "show.h"
#include "state_file.h"

#define PIN_PREFIX "sha256//"

static enum status
tls_failed(const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return status_set(STATUS_TRUST, "%s: %s", what,
	    reason != NULL ? reason : "TLS library error");
}

enum status
trust_check_pin(const char *pin)
{
	if (strncmp(pin, PIN_PREFIX, strlen(PIN_PREFIX)) == 0 &&
	    strlen(pin) == TRUST_PIN_SIZE - 1)
		return STATUS_OK;
	return status_set(STATUS_USAGE,
	    "a pin looks like " PIN_PREFIX "BASE64 of 32 bytes, not %s", pin);
}

enum status
trust_context(SSL_CTX **out, const struct trust *trust)
{
	static const unsigned char alpn[] = "\x04" FT1_ALPN;
	enum status st = STATUS_OK;
	SSL_CTX *context;

	*out = NULL;
	if (trust->pin != NULL &&
	    (st = trust_check_pin(trust->pin)) != STATUS_OK)
		return st;
	ERR_clear_error();
	/*
	 * Tables of ciphers that TLS does not ask for, and freeing at exit what
	 * goes anyway, take 7 % of a run that lists one folder.
	 */
	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_ADD_ALL_CIPHERS |
	    OPENSSL_INIT_NO_ATEXIT, NULL) != 1 ||
	    (context = SSL_CTX_new(TLS_client_method())) == NULL)
		return tls_failed("TLS");
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_NO_COMPRESSION);
	/* Checked by trust_check, which has better words for it. */
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_alpn_protos(context, alpn, sizeof(alpn) - 1) != 0)
		st = tls_failed("TLS");
	else if (trust->cafile != NULL) {
		if (SSL_CTX_load_verify_file(context, trust->cafile) != 1)
			st = access(trust->cafile, R_OK) == -1 ?
			    status_errno("CA file %s", trust->cafile) :
			    status_set(STATUS_CONFIG, "CA file %s: no CA "
			    "certificate in it", trust->cafile);
	} else if (trust->pin == NULL)
		(void)SSL_CTX_set_default_verify_paths(context);
	if (st != STATUS_OK) {
		SSL_CTX_free(context);
		return st;
	}
	*out = context;
	return STATUS_OK;
}

static bool
is_address(const char *host)
{
	unsigned char address[16];

	return inet_pton(AF_INET, host, address) == 1 ||
	    inet_pton(AF_INET6, host, address) == 1;
}

enum status
trust_expect(SSL *ssl, const struct trust *trust)
{
	const char *host = trust->target->host;
	int done;

	ERR_clear_error();
	if (is_address(host))
		done = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl),
		    host);
	else
		done = SSL_set_tlsext_host_name(ssl, host) == 1 &&
		    SSL_set1_host(ssl, host) == 1;
	return done == 1 ? STATUS_OK : tls_failed(host);
}

/* The pin of the server's public key. */
static enum status
pin_of(char out[TRUST_PIN_SIZE], SSL *ssl)
{
	X509 *certificate = SSL_get0_peer_certificate(ssl);
	unsigned char *der = NULL, hash[32];
	int len;

	if (certificate == NULL)
		return status_set(STATUS_TRUST,
		    "the server shows no certificate");
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
	if (len <= 0 ||
	    EVP_Digest(der, (size_t)len, hash, NULL, EVP_sha256(), NULL) != 1) {
		OPENSSL_free(der);
		return tls_failed("the server's key");
	}
	OPENSSL_free(der);
	memcpy(out, PIN_PREFIX, strlen(PIN_PREFIX));
	EVP_EncodeBlock((unsigned char *)out + strlen(PIN_PREFIX), hash,
	    sizeof(hash));
	return STATUS_OK;
}

/* What is wrong with the certificate, in words of our own. */
static const char *
verify_words(long result)
{
	switch (result) {
	case X509_V_OK:
		return "nothing is wrong with its certificate";
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "its certificate has expired";
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "its certificate is not valid yet: "
		    "is the clock of this machine right?";
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return "its certificate is for another host name";
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		return "its certificate is self-signed";
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return "its certificate was signed by an unknown CA";
	}
	return X509_verify_cert_error_string(result);
}

/* Only the whole word counts: who hurries is asked again. */
static bool
is_yes(FILE *in, FILE *out)
{
	char *answer = NULL;
	size_t size = 0;
	bool yes = false, no = false;

	while (!yes && !no) {
		no = getline(&answer, &size, in) == -1 ||
		    strcmp(answer, "no\n") == 0;
		yes = !no && strcmp(answer, "yes\n") == 0;
		if (!yes && !no) {
			fputs("Please type yes or no: ", out);
			fflush(out);
		}
	}
	free(answer);
	return yes;
}

/* Ask at the terminal.  Everything that is shown is ours or base64. */
static enum status
ask(const char *name, const struct trust_finding *found)
{
	char safe[DESTINATION_NAME_SIZE * ESCAPE_GROWTH];
	FILE *in, *out;
	bool yes;

	in = isatty(STDIN_FILENO) ? fopen("/dev/tty", "re") : NULL;
	out = in != NULL ? fopen("/dev/tty", "we") : NULL;
	if (out == NULL) {
		if (in != NULL)
			fclose(in);
		return status_set(STATUS_TRUST, "the server is not known, and "
		    "%s; if its key is right, use --pin %s", found->flaw,
		    found->pin);
	}
	escape_string(safe, sizeof(safe), name);
	fprintf(out, "The server %s is not known, and %s.\n"
	    "Its key is %s\nTrust this key from now on (yes or no)? ", safe,
	    found->flaw, found->pin);
	fflush(out);
	yes = is_yes(in, out);
	fclose(in);
	fclose(out);
	if (yes)
		return STATUS_OK;
	return status_set(STATUS_TRUST, "the server's key is not trusted");
}

/* A person has to choose here, and needs more than a line for it. */
static void
explain_change(const char *name, const struct trust_finding *found)
{
	show_begin_line();
	fputs("The key of ", stderr);
	show_string(stderr, name);
	fputs(" has changed:\n    it was  ", stderr);
	show_string(stderr, found->line.key);
	fprintf(stderr, "\n    now is  %s\nEither its administrator has made "
	    "a new one, or somebody stands between you\nand the server and "
	    "waits for your password.  Nothing was sent.\nAsk the "
	    "administrator.  Only if the new key is right, forget the old one "
	    "by\n    sed -i %ud ", found->pin, found->line.number);
	show_string(stderr, found->path);
	fputs("\nand connect again.\n", stderr);
	show_end_line();
}

static enum status
refuse_change(const char *name, const struct trust_finding *found,
    const struct trust *trust)
{
	if (trust->explains)
		explain_change(name, found);
	return status_set(STATUS_TRUST, "THE SERVER'S KEY HAS CHANGED: %s:%u "
	    "has %s, and the server has %s", found->path, found->line.number,
	    found->line.key, found->pin);
}

static enum status
look_up(struct trust_finding *out, const struct trust *trust)
{
	char name[DESTINATION_NAME_SIZE];
	enum known known;
	enum status st = STATUS_OK;

	destination_name(name, trust->target);
	if (trust->known_hosts == NULL)
		st = state_file(&out->path, "known_hosts");
	else if ((out->path = strdup(trust->known_hosts)) == NULL)
		st = status_no_memory();
	if (st == STATUS_OK)
		st = known_hosts_find(&known, &out->line, out->path, name,
		    out->pin);
	if (st == STATUS_OK)
		out->verdict = known == KNOWN_SAME ? TRUST_KNOWN :
		    known == KNOWN_OTHER ? TRUST_CHANGED : TRUST_UNKNOWN;
	return st;
}

enum status
trust_judge(struct trust_finding *out, SSL *ssl, const struct trust *trust)
{
	long result = SSL_get_verify_result(ssl);
	enum status st;

	memset(out, 0, sizeof(*out));
	out->flaw = verify_words(result);
	if ((st = pin_of(out->pin, ssl)) != STATUS_OK)
		return st;
	if (trust->pin != NULL)
		out->verdict = strcmp(trust->pin, out->pin) == 0 ?
		    TRUST_BY_PIN : TRUST_OTHER_PIN;
	else if (result == X509_V_OK)
		out->verdict = TRUST_BY_CA;
	else if (trust->cafile != NULL)
		out->verdict = TRUST_NO_CA;
	else
		return look_up(out, trust);
	return STATUS_OK;
}

static enum status
act_on(const struct trust_finding *found, const struct trust *trust)
{
	char name[DESTINATION_NAME_SIZE];
	enum status st;

	destination_name(name, trust->target);
	switch (found->verdict) {
	case TRUST_BY_PIN:
	case TRUST_BY_CA:
	case TRUST_KNOWN:
		return STATUS_OK;
	case TRUST_OTHER_PIN:
		return status_set(STATUS_TRUST, "the server has another key "
		    "than the pin says: %s", found->pin);
	case TRUST_NO_CA:
		return status_set(STATUS_TRUST, "the server is not trusted: "
		    "%s", found->flaw);
	case TRUST_CHANGED:
		return refuse_change(name, found, trust);
	case TRUST_UNKNOWN:
		break;
	}
	if ((st = ask(name, found)) != STATUS_OK)
		return st;
	return known_hosts_add(found->path, name, found->pin);
}

enum status
trust_check(char pin[TRUST_PIN_SIZE], SSL *ssl, const struct trust *trust)
{
	struct trust_finding found;
	enum status st;

	if ((st = trust_judge(&found, ssl, trust)) == STATUS_OK)
		st = act_on(&found, trust);
	memcpy(pin, found.pin, TRUST_PIN_SIZE);
	free(found.path);
	return st;
}
