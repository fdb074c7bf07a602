/*
 * wire_state - what a wire is made of, for the files that carry it on: wire.c,
 * and wire_handshake.c, how it begins.
 */
#ifndef WIRE_STATE_H
#define WIRE_STATE_H

#include "tls_stream.h"
#include "wire.h"

struct wire {
	struct tls_stream *stream;	/* owned */
	struct interrupt *interrupt;	/* borrowed, or NULL */
	struct throttle	*throttle;	/* likewise */
	int		 patience;	/* ms until a full socket is a dead
					 * one; -1: never */
	wire_receiver	*receiver;
	void		*owner;		/* borrowed; the receiver's */
	uint8_t		*in;		/* owned; IN_ROOM bytes */
	size_t		 in_len;
	uint8_t		*out;		/* owned; GATHER bytes */
	size_t		 out_len;
	unsigned int	 turns;
	bool		 broken;	/* no goodbye any more */
	bool		 heard;		/* something, since the wait began */
	int		 held;		/* ms until more may be read, or 0 */
	uint64_t	 alive;		/* clock_ms of its last sign of life */
};

/*
 * Wait for the socket, a signal, so many milliseconds (-1: for ever), or until
 * `fd` can be read.  STATUS_CANCELLED if somebody insists on the end.
 */
enum status wire_wait_for_socket(struct wire *wire, int fd, int milliseconds);

#endif
