/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "sign_in_state.h"

#include <stdio.h>

#include "board.h"
#include "dial.h"

#define CONNECT_MS	10000	/* for each address of the host */
#define HANDSHAKE_MS	30000
#define AGENT		"ftclient " PACKAGE_VERSION

static enum status
send_hello(struct remote *remote)
{
	static const uint8_t versions[] = { 0, FT1_VERSION, 0, FT1_VERSION };
	struct ft1_frame *frame;

	frame = remote_more(remote, FT1_HELLO, 0, NULL);
	ft1_put_bytes(frame, FT1_TAG_VERSIONS, versions, sizeof(versions));
	ft1_put_string(frame, FT1_TAG_AGENT, AGENT);
	return remote_send(remote);
}

/* Milliseconds, unless --timeout says otherwise. */
static int
patience(const struct sign_in *s, int milliseconds)
{
	return s->settings->timeout > 0 ?
	    (int)s->settings->timeout * 1000 : milliseconds;
}

/* The right server, or nothing is sent. */
static enum status
shake_hands(struct sign_in *s, struct wire *wire)
{
	SSL *ssl = wire_ssl(wire);
	enum status st;

	if ((st = trust_expect(ssl, &s->trust)) != STATUS_OK ||
	    (st = wire_handshake(wire, patience(s, HANDSHAKE_MS))) !=
	    STATUS_OK ||
	    (st = trust_check(s->pin, ssl, &s->trust)) != STATUS_OK)
		return st;
	if (s->settings->verbose) {
		board_hide(s->settings->board);
		fprintf(stderr, "ftclient: connected, %s, %s\n",
		    SSL_get_version(ssl), SSL_get_cipher_name(ssl));
	}
	if (s->revives && s->fresh.len > 0) {
		s->ticket = s->fresh;
		return STATUS_OK;
	}
	/* A ticket is for the key that the server had when it gave it. */
	if (s->no_ticket)
		return STATUS_OK;
	st = kept_ticket_find(&s->ticket, s->whom, s->pin);
	s->is_void |= s->ticket.len == 0 && s->ticket.until != 0;
	return st;
}

enum status
sign_in_dial(struct sign_in *s)
{
	struct wire *wire;
	enum status st;
	int fd;

	st = dial(&fd, s->target->host, s->target->port,
	    patience(s, CONNECT_MS), s->interrupt);
	if (st != STATUS_OK ||
	    (st = wire_new(&wire, s->context, fd)) != STATUS_OK)
		return st;
	wire_interrupt_by(wire, s->interrupt);
	wire_limit_by(wire, s->throttle);
	if (s->settings->timeout > 0)
		wire_give_up_after(wire, (int)s->settings->timeout * 1000);
	if ((st = shake_hands(s, wire)) != STATUS_OK) {
		wire_free(wire);
		return st;
	}
	if ((st = remote_new(&s->remote, wire)) != STATUS_OK)
		return st;
	if (s->settings->timeout > 0)
		remote_give_up_after(s->remote,
		    (int)s->settings->timeout * 1000);
	return send_hello(s->remote);
}
