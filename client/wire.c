/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "clock.h"
#include "tls_stream.h"

#define SMALL		8192u		/* sends up to this are gathered */
#define GATHER		16384u		/* one TLS record */
#define RECORD		16384u
/* The longest frame, and what one read can bring of the next. */
#define IN_ROOM		(FT1_HEADER_SIZE + FT1_MAX_DATA + RECORD)
#define GOODBYE_MS	1000
#define LOOK_EVERY	64		/* turns between looks for signals */

struct wire {
	struct tls_stream *stream;	/* owned */
	struct interrupt *interrupt;	/* borrowed, or NULL */
	wire_receiver	*receiver;
	void		*owner;		/* borrowed; the receiver's */
	uint8_t		*in;		/* owned; IN_ROOM bytes */
	size_t		 in_len;
	uint8_t		*out;		/* owned; GATHER bytes */
	size_t		 out_len;
	unsigned int	 turns;
	bool		 broken;	/* no goodbye any more */
	bool		 heard;		/* something, since the wait began */
};

enum status
wire_new(struct wire **out, SSL_CTX *context, int fd)
{
	struct wire *wire;

	*out = NULL;
	if ((wire = calloc(1, sizeof(*wire))) == NULL)
		return status_no_memory();
	wire->broken = true;
	wire->stream = tls_stream_new(context, fd, false);
	wire->in = malloc(IN_ROOM);
	wire->out = malloc(GATHER);
	if (wire->stream == NULL || wire->in == NULL || wire->out == NULL) {
		wire_free(wire);
		return status_no_memory();
	}
	*out = wire;
	return STATUS_OK;
}

/* What is gathered, and close_notify, if the server takes them soon. */
static void
say_goodbye(struct wire *wire)
{
	struct pollfd ready = { .fd = tls_stream_fd(wire->stream),
	    .events = POLLOUT };
	uint64_t end = clock_ms() + GOODBYE_MS;

	/* Without room, what was sealed before is on its way still. */
	if (wire->out_len > 0 &&
	    wire->out_len <= tls_stream_room(wire->stream))
		(void)tls_stream_write(wire->stream, wire->out, wire->out_len);
	tls_stream_close(wire->stream);
	while (tls_stream_flush(wire->stream) == IO_WANT &&
	    clock_ms() < end)
		(void)poll(&ready, 1, GOODBYE_MS / 10);
}

void
wire_free(struct wire *wire)
{
	if (wire == NULL)
		return;
	if (wire->stream != NULL && !wire->broken)
		say_goodbye(wire);
	tls_stream_free(wire->stream);
	free(wire->in);
	if (wire->out != NULL)
		explicit_bzero(wire->out, GATHER);	/* passwords */
	free(wire->out);
	free(wire);
}

SSL *
wire_ssl(struct wire *wire)
{
	return tls_stream_ssl(wire->stream);
}

void
wire_interrupt_by(struct wire *wire, struct interrupt *interrupt)
{
	wire->interrupt = interrupt;
}

void
wire_receive_by(struct wire *wire, wire_receiver *receiver, void *owner)
{
	wire->receiver = receiver;
	wire->owner = owner;
}

bool
wire_is_interrupted(struct wire *wire)
{
	return interrupt_caught(wire->interrupt) != 0;
}

/* The words for how a stream ended. */
static enum status
lost(struct wire *wire, enum io io)
{
	wire->broken = true;
	if (io == IO_FAILED)
		return status_set(STATUS_PROTOCOL, "TLS failed: %s",
		    tls_stream_failure(wire->stream));
	if (io == IO_END)
		return status_set(STATUS_UNREACHABLE,
		    "the server closed the connection");
	return status_set(STATUS_UNREACHABLE,
	    "the connection to the server was lost: %s",
	    tls_stream_failure(wire->stream));
}

/* Whoever insists does not wait for the server's answer. */
static enum status
check_signals(struct wire *wire)
{
	if (!interrupt_is_urgent(wire->interrupt))
		return STATUS_OK;
	wire->broken = true;
	return status_set(STATUS_CANCELLED, "interrupted");
}

static enum status
wait_for_socket(struct wire *wire, int fd, int milliseconds)
{
	struct pollfd fds[3] = {
		{ .fd = tls_stream_fd(wire->stream), .events = POLLIN },
		{ .fd = interrupt_fd(wire->interrupt), .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};

	if (tls_stream_unsent(wire->stream) > 0)
		fds[0].events |= POLLOUT;
	if (poll(fds, 3, milliseconds) == -1 && errno != EINTR)
		return status_errno("poll");
	return fds[1].revents != 0 ? check_signals(wire) : STATUS_OK;
}

/*
 * --- Reading --------------------------------------------------------------
 */

/* Bytes that the frame at `in` has, 0 while its header is not there. */
static enum status
frame_size(const uint8_t *in, size_t len, size_t *size)
{
	struct ft1_header header;

	*size = 0;
	if (len < FT1_HEADER_SIZE)
		return STATUS_OK;
	ft1_header_read(&header, in);
	if (header.length > (header.type == FT1_DATA ? FT1_MAX_DATA :
	    FT1_MAX_REQUEST))
		return status_set(STATUS_PROTOCOL, "the server sent a frame "
		    "of %u bytes, which is over the limit", header.length);
	if (header.flags != 0 || header.reserved != 0)
		return status_set(STATUS_PROTOCOL,
		    "the server sent a frame with unknown flags");
	*size = FT1_HEADER_SIZE + header.length;
	return STATUS_OK;
}

/* Hand over each whole frame in `in`, and keep the rest. */
static enum status
deliver(struct wire *wire)
{
	size_t at = 0, size;
	struct frame frame;
	enum status st;

	for (;;) {
		st = frame_size(wire->in + at, wire->in_len - at, &size);
		if (st == STATUS_OK && size != 0 &&
		    wire->in_len - at >= size) {
			ft1_header_read(&frame.header, wire->in + at);
			frame.payload = wire->in + at + FT1_HEADER_SIZE;
			st = wire->receiver(wire->owner, &frame);
			at += size;
		} else if (st == STATUS_OK)
			break;
		if (st != STATUS_OK) {
			wire->broken = true;
			return st;
		}
	}
	if (at > 0)
		memmove(wire->in, wire->in + at, wire->in_len - at);
	wire->in_len -= at;
	return STATUS_OK;
}

/*
 * One read.  It takes no more than the rest of a frame that has begun, so
 * that the next one begins at the start of `in` and nothing is moved.
 */
static enum io
read_some(struct wire *wire)
{
	size_t want, size, got;
	enum io io;

	(void)frame_size(wire->in, wire->in_len, &size);
	want = size > wire->in_len ? size - wire->in_len : RECORD;
	io = tls_stream_read(wire->stream, wire->in + wire->in_len, want,
	    &got);
	if (io == IO_OK)
		wire->in_len += got;
	return io;
}

/* Receive until there is nothing more, or something was delivered. */
static enum status
receive(struct wire *wire)
{
	enum status st;
	enum io io;
	int i;

	for (i = 0; i < LOOK_EVERY; i++) {
		if ((io = read_some(wire)) == IO_WANT)
			return STATUS_OK;
		if (io != IO_OK)
			return lost(wire, io);
		wire->heard = true;
		if ((st = deliver(wire)) != STATUS_OK)
			return st;
	}
	return STATUS_OK;
}

enum status
wire_look(struct wire *wire)
{
	enum status st;

	if (wire->turns++ % LOOK_EVERY == 0 &&
	    (st = check_signals(wire)) != STATUS_OK)
		return st;
	return receive(wire);
}

/*
 * --- Writing --------------------------------------------------------------
 */

static enum status
flush(struct wire *wire)
{
	enum io io = tls_stream_flush(wire->stream);

	return io == IO_OK || io == IO_WANT ? STATUS_OK : lost(wire, io);
}

/* Make room for more, reading meanwhile. */
static enum status
make_room(struct wire *wire)
{
	enum status st;

	if ((st = flush(wire)) != STATUS_OK ||
	    tls_stream_unsent(wire->stream) == 0)
		return st;
	if ((st = wait_for_socket(wire, -1, -1)) != STATUS_OK)
		return st;
	return receive(wire);
}

static enum status
seal(struct wire *wire, const uint8_t *bytes, size_t len)
{
	enum status st;
	enum io io;
	size_t n;

	while (len > 0) {
		n = tls_stream_room(wire->stream);
		if (n == 0) {
			if ((st = make_room(wire)) != STATUS_OK)
				return st;
			continue;
		}
		if (n > len)
			n = len;
		io = tls_stream_write(wire->stream, bytes, n);
		if (io != IO_OK)
			return lost(wire, io);
		bytes += n;
		len -= n;
	}
	return STATUS_OK;
}

static enum status
seal_gathered(struct wire *wire)
{
	size_t len = wire->out_len;

	wire->out_len = 0;
	return seal(wire, wire->out, len);
}

enum status
wire_send(struct wire *wire, const void *bytes, size_t len)
{
	enum status st;

	if ((len > SMALL || len > GATHER - wire->out_len) &&
	    (st = seal_gathered(wire)) != STATUS_OK)
		return st;
	if (len > SMALL)
		return seal(wire, bytes, len);
	memcpy(wire->out + wire->out_len, bytes, len);
	wire->out_len += len;
	return STATUS_OK;
}

enum status
wire_push(struct wire *wire)
{
	enum status st;

	if ((st = seal_gathered(wire)) != STATUS_OK)
		return st;
	do
		st = make_room(wire);
	while (st == STATUS_OK && tls_stream_unsent(wire->stream) > 0);
	return st;
}

enum status
wire_wait(struct wire *wire, int fd, int milliseconds, bool *received)
{
	enum status st;

	/* What is awaited may come while there is no room to send. */
	wire->heard = false;
	if ((st = seal_gathered(wire)) == STATUS_OK &&
	    (st = flush(wire)) == STATUS_OK && !wire->heard)
		st = receive(wire);
	if (st == STATUS_OK && !wire->heard &&
	    (st = wait_for_socket(wire, fd, milliseconds)) == STATUS_OK &&
	    (st = flush(wire)) == STATUS_OK)
		st = receive(wire);
	*received = wire->heard;
	return st;
}

/*
 * --- The handshake ----------------------------------------------------------
 */

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
		st = wait_for_socket(wire, -1, (int)(end - now));
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
