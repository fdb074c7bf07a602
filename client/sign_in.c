/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "sign_in.h"

#include <stdio.h>
#include <string.h>

#include "dial.h"
#include "escape.h"
#include "patience.h"
#include "secret.h"
#include "trust.h"

#define CONNECT_MS	10000	/* for each address of the host */
#define HANDSHAKE_MS	30000
#define TRIES		3	/* passwords that a person may type */
#define AGENT		"ftclient " PACKAGE_VERSION

struct visit {
	const struct command_line	*settings;	/* borrowed */
	const struct destination	*target;	/* borrowed */
	SSL_CTX			*context;	/* owned */
	struct trust		 trust;
	struct remote		*remote;	/* owned; NULL: not connected */
	struct keyring		*keys;		/* borrowed */
	bool			 asked;		/* a person just typed it */
	int			 tries;
	struct patience		 patience;
};

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

static enum status
connect_once(struct visit *v)
{
	struct wire *wire;
	enum status st;
	int fd;

	st = dial(&fd, v->target->host, v->target->port, CONNECT_MS);
	if (st != STATUS_OK ||
	    (st = wire_new(&wire, v->context, fd)) != STATUS_OK)
		return st;
	if ((st = trust_expect(wire_ssl(wire), &v->trust)) != STATUS_OK ||
	    (st = wire_handshake(wire, HANDSHAKE_MS)) != STATUS_OK ||
	    (st = trust_check(wire_ssl(wire), &v->trust)) != STATUS_OK) {
		wire_free(wire);
		return st;
	}
	if (v->settings->verbose)
		fprintf(stderr, "ftclient: connected, %s, %s\n",
		    SSL_get_version(wire_ssl(wire)),
		    SSL_get_cipher_name(wire_ssl(wire)));
	if ((st = remote_new(&v->remote, wire)) != STATUS_OK)
		return st;
	return send_hello(v->remote);
}

static enum status
get_password(struct visit *v)
{
	char prompt[(FT1_USER_MAX + DESTINATION_HOST_MAX) * ESCAPE_GROWTH + 32];
	char name[FT1_USER_MAX + DESTINATION_HOST_MAX + 2];
	size_t len;
	enum status st;

	if (v->settings->password_file != NULL)
		st = secret_read_file(&v->keys->password, v->settings->password_file);
	else {
		snprintf(name, sizeof(name), "%s@%s", v->target->user,
		    v->target->host);
		len = escape_string(prompt, sizeof(prompt) - 32, name);
		snprintf(prompt + len, sizeof(prompt) - len, "'s password: ");
		st = secret_ask(&v->keys->password, prompt, NULL);
		v->asked = true;
		v->tries++;
	}
	v->keys->has_password = st == STATUS_OK;
	return st;
}

void
keyring_wipe(struct keyring *keys)
{
	explicit_bzero(keys, sizeof(*keys));
}

static enum status
take_login(struct call *call, const struct frame *frame)
{
	struct keyring *keys = call->owner;
	struct reply reply;
	enum status st;

	if (frame->header.type != FT1_OK)
		return status_set(STATUS_PROTOCOL,
		    "the server asks for more than a password");
	st = reply_read(&reply, frame,
	    REPLY_TICKET | REPLY_TICKET_SECONDS | REPLY_DURABILITY);
	if (st == STATUS_OK && reply.ticket.len <= sizeof(keys->ticket)) {
		memcpy(keys->ticket, reply.ticket.at, reply.ticket.len);
		keys->ticket_len = reply.ticket.len;
	}
	return st;
}

static enum status
log_in(struct visit *v)
{
	struct call call = { .receiver = take_login, .owner = v->keys };
	bool by_ticket = v->keys->ticket_len > 0;
	struct ft1_frame *frame;
	enum status st;

	frame = remote_request(v->remote, FT1_LOGIN, 0, &call);
	ft1_put_string(frame, FT1_TAG_USER, v->target->user);
	ft1_put_string(frame, FT1_TAG_METHOD,
	    by_ticket ? "ticket" : "password");
	if (by_ticket)
		ft1_put_bytes(frame, FT1_TAG_RESPONSE, v->keys->ticket,
		    v->keys->ticket_len);
	else
		ft1_put_bytes(frame, FT1_TAG_RESPONSE,
		    v->keys->password.bytes, v->keys->password.len);
	st = remote_finish(v->remote, &call);
	if (st == STATUS_OK && !remote_limits(v->remote)->known)
		return status_set(STATUS_PROTOCOL,
		    "the server said no hello");
	if (st == STATUS_BUSY)
		v->patience.wait = call.wait != 0 ? call.wait :
		    remote_wait_seconds(v->remote);
	return st;
}

static void
hang_up(struct visit *v)
{
	remote_free(v->remote);
	v->remote = NULL;
}

/* True if the failure may be gone at the next try. */
static bool
may_try_again(struct visit *v, enum status st)
{
	bool asked = v->asked;

	v->asked = false;
	if (v->remote != NULL && remote_lost(v->remote) != STATUS_OK)
		hang_up(v);
	if (st == STATUS_BUSY)
		return patience_wait(&v->patience, NULL,
		    v->settings->verbose) == STATUS_OK;
	if (st == STATUS_LOGIN_REFUSED && v->keys->ticket_len > 0) {
		v->keys->ticket_len = 0;	/* it has expired */
		return true;
	}
	if (st == STATUS_LOGIN_REFUSED && asked && v->tries < TRIES) {
		fprintf(stderr, "Login refused, try again.\n");
		v->keys->has_password = false;
		return true;
	}
	/* Perhaps the server grew tired while somebody looked for it. */
	return st == STATUS_UNREACHABLE && asked && v->remote == NULL;
}

static enum status
visit_once(struct visit *v)
{
	enum status st;

	if (v->remote == NULL && (st = connect_once(v)) != STATUS_OK)
		return st;
	if (v->keys->ticket_len == 0 && !v->keys->has_password &&
	    (st = get_password(v)) != STATUS_OK)
		return st;
	return log_in(v);
}

enum status
sign_in(struct remote **out, const struct command_line *settings,
    const struct destination *target, struct keyring *keys)
{
	struct visit v = { .settings = settings, .target = target,
	    .keys = keys };
	enum status st;

	*out = NULL;
	v.trust.pin = settings->pin;
	v.trust.cafile = settings->cafile;
	v.trust.known_hosts = settings->known_hosts;
	v.trust.target = target;
	if ((st = trust_context(&v.context, &v.trust)) == STATUS_OK) {
		do
			st = visit_once(&v);
		while (st != STATUS_OK && may_try_again(&v, st));
	}
	SSL_CTX_free(v.context);
	if (st == STATUS_OK)
		*out = v.remote;
	else
		remote_free(v.remote);
	return st;
}
