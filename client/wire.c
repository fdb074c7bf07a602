/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "wire_state.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"

#define SMALL		8192u		/* sends up to this are gathered */
#define GATHER		16384u		/* one TLS record */
#define RECORD		16384u
/* The longest frame, and what one read can bring of the next. */
#define IN_ROOM		(FT1_HEADER_SIZE + FT1_MAX_DATA + RECORD)
#define GOODBYE_MS	1000
#define LOOK_EVERY	64		/* turns between looks for signals */
/* Of the kernel's for what comes in, if that is limited. */
#define SMALLEST_WINDOW	65536
#define LARGEST_WINDOW	2097152

enum status
wire_new(struct wire **out, SSL_CTX *context, int fd)
{
	struct wire *wire;

	*out = NULL;
	if ((wire = calloc(1, sizeof(*wire))) == NULL)
		return status_no_memory();
	wire->broken = true;
	wire->patience = -1;
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
wire_limit_by(struct wire *wire, struct throttle *throttle)
{
	uint64_t room;
	int most;

	wire->throttle = throttle;
	if (throttle == NULL)
		return;
	/* What the kernel takes in was not held back. */
	room = throttle_rate(throttle) / 2;
	most = room < SMALLEST_WINDOW ? SMALLEST_WINDOW : (int)room;
	if (room < LARGEST_WINDOW)
		(void)setsockopt(tls_stream_fd(wire->stream), SOL_SOCKET,
		    SO_RCVBUF, &most, sizeof(most));
}

void
wire_give_up_after(struct wire *wire, int milliseconds)
{
	wire->patience = milliseconds;
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

static enum status
silent(struct wire *wire)
{
	wire->broken = true;
	return status_set(STATUS_UNREACHABLE, "the server does not answer");
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

/* How many of `want` bytes may be moved, or how long not. */
static size_t
allowed(struct wire *wire, size_t want, int *wait)
{
	*wait = 0;
	if (wire->throttle == NULL || wire_is_interrupted(wire))
		return want;
	return throttle_ask(wire->throttle, want, wait);
}

static void
account(struct wire *wire, size_t moved)
{
	if (wire->throttle != NULL)
		throttle_take(wire->throttle, moved);
}

enum status
wire_wait_for_socket(struct wire *wire, int fd, int milliseconds)
{
	struct pollfd fds[3] = {
		{ .fd = tls_stream_fd(wire->stream), .events = POLLIN },
		{ .fd = interrupt_fd(wire->interrupt), .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};

	/* What may be read may be here already, where poll does not see it. */
	if (wire->held > 0) {
		fds[0].events = 0;
		if (milliseconds == -1 || milliseconds > wire->held)
			milliseconds = wire->held;
	}
	if (tls_stream_unsent(wire->stream) > 0)
		fds[0].events |= POLLOUT;
	/* One that was seen by others is not told by its descriptor again. */
	if (interrupt_was_urgent(wire->interrupt))
		return check_signals(wire);
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
	if ((want = allowed(wire, want, &wire->held)) == 0)
		return IO_WANT;
	io = tls_stream_read(wire->stream, wire->in + wire->in_len, want,
	    &got);
	if (io == IO_OK) {
		wire->in_len += got;
		account(wire, got);
	}
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
		wire->alive = clock_ms();
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
	size_t unsent = tls_stream_unsent(wire->stream);
	enum status st;

	if ((st = flush(wire)) != STATUS_OK ||
	    tls_stream_unsent(wire->stream) == 0)
		return st;
	if (tls_stream_unsent(wire->stream) < unsent)
		wire->alive = clock_ms();
	else if (wire->patience != -1 &&
	    clock_ms() - wire->alive >= (uint64_t)wire->patience)
		return silent(wire);
	if ((st = wire_wait_for_socket(wire, -1, wire->patience)) != STATUS_OK)
		return st;
	return receive(wire);
}

/* Our own limit is in the way for so long. */
static enum status
hold_back(struct wire *wire, int milliseconds)
{
	enum status st;

	if ((st = wire_wait_for_socket(wire, -1, milliseconds)) != STATUS_OK)
		return st;
	return receive(wire);
}

static enum status
seal(struct wire *wire, const uint8_t *bytes, size_t len)
{
	enum status st;
	enum io io;
	size_t n;
	int wait;

	if (tls_stream_unsent(wire->stream) == 0)
		wire->alive = clock_ms();
	while (len > 0) {
		n = tls_stream_room(wire->stream);
		if (n > 0) {
			n = allowed(wire, n < len ? n : len, &wait);
			st = n == 0 ? hold_back(wire, wait) : STATUS_OK;
		} else
			st = make_room(wire);
		if (st != STATUS_OK)
			return st;
		if (n == 0)
			continue;
		io = tls_stream_write(wire->stream, bytes, n);
		if (io != IO_OK)
			return lost(wire, io);
		account(wire, n);
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
	    (st = wire_wait_for_socket(wire, fd, milliseconds)) == STATUS_OK &&
	    (st = flush(wire)) == STATUS_OK)
		st = receive(wire);
	*received = wire->heard;
	return st;
}
