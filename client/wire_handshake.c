/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "wire_state.h"

#include <string.h>

#include <openssl/err.h>

#include "clock.h"

/* Words for a person; OpenSSL's own where we know none better. */
static enum status
handshake_failed(struct wire *wire, enum io io)
{
	int reason = ERR_GET_REASON(ERR_peek_last_error());
	const char *words = tls_stream_failure(wire->stream);

	wire->broken = true;
	if (io != IO_FAILED)
		return status_set(STATUS_UNREACHABLE, "the server hung up "
		    "during the TLS handshake (%s)", words);
	switch (reason) {
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_PACKET_LENGTH_TOO_LONG:
	case SSL_R_HTTP_REQUEST:
		return status_set(STATUS_TRUST, "what answers there does not "
		    "speak TLS: is the port right?");
	case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
		return status_set(STATUS_TRUST,
		    "the server does not speak " FT1_ALPN);
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
		return status_set(STATUS_TRUST,
		    "the server speaks no TLS 1.2 or newer");
	}
	return status_set(STATUS_TRUST, "the TLS handshake failed: %s", words);
}

static enum status
check_alpn(struct wire *wire)
{
	const unsigned char *name;
	unsigned int len;

	SSL_get0_alpn_selected(wire_ssl(wire), &name, &len);
	if (len == strlen(FT1_ALPN) && memcmp(name, FT1_ALPN, len) == 0)
		return STATUS_OK;
	return status_set(STATUS_TRUST,
	    "the server speaks TLS, but not " FT1_ALPN);
}

enum status
wire_handshake(struct wire *wire, int milliseconds)
{
	uint64_t now, end = clock_ms() + (uint64_t)milliseconds;
	enum status st;
	enum io io;

	while ((io = tls_stream_handshake(wire->stream)) == IO_WANT) {
		if ((now = clock_ms()) >= end)
			return status_set(STATUS_UNREACHABLE,
			    "the server does not answer");
		st = wire_wait_for_socket(wire, -1, (int)(end - now));
		if (st != STATUS_OK)
			return st;
		if (wire_is_interrupted(wire))
			return status_set(STATUS_CANCELLED, "interrupted");
	}
	if (io != IO_OK)
		return handshake_failed(wire, io);
	if ((st = check_alpn(wire)) == STATUS_OK)
		wire->broken = false;
	return st;
}
