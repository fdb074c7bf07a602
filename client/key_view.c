/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "key_view.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/x509v3.h>

#include "dial.h"
#include "show.h"
#include "trust.h"
#include "wire.h"

#define CONNECT_MS	10000
#define HANDSHAKE_MS	30000
/* Plain UTF-8: what could steer a terminal is escaped when it is shown. */
#define NAME_FLAGS	(XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN | \
	ASN1_STRFLGS_UTF8_CONVERT)

static void
show_name(const char *what, const X509_NAME *name)
{
	BIO *text = BIO_new(BIO_s_mem());
	char *bytes;
	long len;

	printf("%-12s ", what);
	if (text != NULL &&
	    X509_NAME_print_ex(text, name, 0, NAME_FLAGS) != -1) {
		len = BIO_get_mem_data(text, &bytes);
		show_bytes(stdout, bytes, len > 0 ? (size_t)len : 0);
	} else
		putchar('?');
	putchar('\n');
	BIO_free(text);
}

static void
show_address(const ASN1_OCTET_STRING *address)
{
	char text[INET6_ADDRSTRLEN] = "?";
	int len = ASN1_STRING_length(address);

	if (len == 4 || len == 16)
		(void)inet_ntop(len == 4 ? AF_INET : AF_INET6,
		    ASN1_STRING_get0_data(address), text, sizeof(text));
	printf(" %s", text);
}

/* The hosts that it is for. */
static void
show_hosts(const X509 *certificate)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate,
	    NID_subject_alt_name, NULL, NULL);
	const GENERAL_NAME *name;
	int i;

	printf("%-12s", "for:");
	for (i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		name = sk_GENERAL_NAME_value(names, i);
		if (name->type == GEN_IPADD)
			show_address(name->d.iPAddress);
		else if (name->type == GEN_DNS) {
			putchar(' ');
			show_bytes(stdout,
			    ASN1_STRING_get0_data(name->d.dNSName),
			    (size_t)ASN1_STRING_length(name->d.dNSName));
		}
	}
	putchar('\n');
	GENERAL_NAMES_free(names);
}

static void
show_moment(const ASN1_TIME *time)
{
	struct show_clock clock = { .known = false };
	char text[SHOW_TIME_SIZE] = "?";
	struct tm tm;

	if (ASN1_TIME_to_tm(time, &tm) == 1)
		show_time(text, &clock, (int64_t)timegm(&tm));
	fputs(text, stdout);
}

static void
show_fingerprint(const X509 *certificate)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int i, len;

	fputs("fingerprint: SHA256", stdout);
	if (X509_digest(certificate, EVP_sha256(), hash, &len) != 1)
		len = 0;
	for (i = 0; i < len; i++)
		printf(":%02X", hash[i]);
	putchar('\n');
}

static void
show_certificate(const X509 *certificate)
{
	show_fingerprint(certificate);
	show_name("subject:", X509_get_subject_name(certificate));
	show_hosts(certificate);
	show_name("issuer:", X509_get_issuer_name(certificate));
	printf("%-12s ", "valid:");
	show_moment(X509_get0_notBefore(certificate));
	fputs(" to ", stdout);
	show_moment(X509_get0_notAfter(certificate));
	putchar('\n');
}

static const char *
verdict_words(enum trust_verdict verdict)
{
	switch (verdict) {
	case TRUST_BY_PIN:
		return "yes: it is the key of the pin";
	case TRUST_OTHER_PIN:
		return "no: it is not the key of the pin";
	case TRUST_BY_CA:
		return "yes: a CA vouches for it";
	case TRUST_NO_CA:
		return "no: no CA of the file vouches for it";
	case TRUST_KNOWN:
		return "yes: it is known";
	case TRUST_CHANGED:
		return "NO: ANOTHER KEY IS KNOWN";
	case TRUST_UNKNOWN:
		break;
	}
	return "not yet: it is not known";
}

static void
show_verdict(const struct trust_finding *found)
{
	printf("%-12s %s", "trusted:", verdict_words(found->verdict));
	if (found->line.number != 0) {
		fputs(", in ", stdout);
		show_string(stdout, found->path);
		printf(":%u", found->line.number);
	}
	putchar('\n');
	if (found->verdict == TRUST_CHANGED) {
		printf("%-12s ", "known key:");
		show_string(stdout, found->line.key);
		putchar('\n');
	}
	if (found->verdict == TRUST_NO_CA || found->verdict == TRUST_UNKNOWN)
		printf("%-12s %s\n", "", found->flaw);
}

static enum status
view(SSL *ssl, const struct trust *trust)
{
	char name[DESTINATION_NAME_SIZE];
	struct trust_finding found;
	enum status st;

	if ((st = trust_judge(&found, ssl, trust)) == STATUS_OK) {
		destination_name(name, trust->target);
		printf("%-12s ", "server:");
		show_string(stdout, name);
		printf("\n%-12s %s\n", "pin:", found.pin);
		show_certificate(SSL_get0_peer_certificate(ssl));
		show_verdict(&found);
		if (found.verdict == TRUST_OTHER_PIN ||
		    found.verdict == TRUST_NO_CA ||
		    found.verdict == TRUST_CHANGED)
			st = status_set(STATUS_TRUST,
			    "the server is not the one that is trusted");
	}
	free(found.path);
	return st;
}

static enum status
view_over(SSL_CTX *context, int fd, const struct trust *trust)
{
	struct wire *wire;
	enum status st;

	if ((st = wire_new(&wire, context, fd)) != STATUS_OK)
		return st;
	if ((st = trust_expect(wire_ssl(wire), trust)) == STATUS_OK &&
	    (st = wire_handshake(wire, HANDSHAKE_MS)) == STATUS_OK)
		st = view(wire_ssl(wire), trust);
	wire_free(wire);
	return st;
}

enum status
key_view_run(const struct command_line *settings,
    const struct destination *target)
{
	struct trust trust = { .pin = settings->pin,
		.cafile = settings->cafile,
		.known_hosts = settings->known_hosts, .target = target };
	SSL_CTX *context;
	enum status st;
	int fd;

	if ((st = trust_context(&context, &trust)) != STATUS_OK)
		return st;
	st = dial(&fd, target->host, target->port, CONNECT_MS, NULL);
	if (st == STATUS_OK)
		st = view_over(context, fd, &trust);
	SSL_CTX_free(context);
	return st;
}
