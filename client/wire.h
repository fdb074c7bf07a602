/*
 * wire - frames of FT/1 in and out over TLS.
 *
 * Whoever sends or waits here also reads: each frame that comes in meanwhile
 * goes to the receiver, which must not send.  A frame's payload is borrowed
 * and gone when the receiver returns.
 *
 *	wire_new, wire_handshake, then wire_receive_by, wire_send, wire_wait ...
 */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "ft1.h"
#include "interrupt.h"
#include "status.h"
#include "throttle.h"

struct wire;

struct frame {
	struct ft1_header	 header;
	const uint8_t		*payload;
};

/* What does not return STATUS_OK breaks the connection off. */
typedef enum status wire_receiver(void *owner, const struct frame *frame);

/* Take over the non-blocking socket `fd`, also if this fails. */
enum status wire_new(struct wire **out, SSL_CTX *context, int fd);

/* Says goodbye if the connection still stands.  NULL does nothing. */
void wire_free(struct wire *wire);

SSL *wire_ssl(struct wire *wire);

/* Whose signals end a wait from now on; NULL for nobody's. */
void wire_interrupt_by(struct wire *wire, struct interrupt *interrupt);

/*
 * Move no more than that allows, which is borrowed; until a signal comes, as
 * then what is on its way is only in the way.
 */
void wire_limit_by(struct wire *wire, struct throttle *throttle);

/* Who takes nothing from us for so many milliseconds is gone; -1: never. */
void wire_give_up_after(struct wire *wire, int milliseconds);

void wire_receive_by(struct wire *wire, wire_receiver *receiver, void *owner);

/* Shake hands, within so many milliseconds. */
enum status wire_handshake(struct wire *wire, int milliseconds);

/*
 * Send bytes; small ones are gathered until wire_wait or wire_push.  Reads
 * while it cannot write.  A second signal meanwhile breaks the connection off:
 * STATUS_CANCELLED.
 */
enum status wire_send(struct wire *wire, const void *bytes, size_t len);

/* Hand all that was sent to the kernel. */
enum status wire_push(struct wire *wire);

/* Receive what is there already, without waiting. */
enum status wire_look(struct wire *wire);

/*
 * Send what waits, then wait until something is received, a signal comes, so
 * many milliseconds are over (-1: never), or `fd` (-1 for none) can be read.
 */
enum status wire_wait(struct wire *wire, int fd, int milliseconds,
    bool *received);

/* True if a signal has come since interrupt_forget. */
bool wire_is_interrupted(struct wire *wire);

#endif
