/*
 * channel - messages between the monitor and the server process, over a
 * socket pair of streams; every length is bounded (4 MiB).
 */
#ifndef CHANNEL_H
#define CHANNEL_H

#include "handover.h"
#include "status.h"

enum channel_type {
	CHANNEL_RELOAD = 1,	/* to the server: a new handover */
	CHANNEL_DRAIN,		/* to the server: SIGTERM came */
	CHANNEL_READY,		/* to the monitor: accepting */
	CHANNEL_RELOADED,	/* to the monitor: text is "" or why not */
	CHANNEL_RENEW		/* to the monitor: user, digest of the line
				 * that was verified (64 hexadecimal digits),
				 * new hash */
};

/* Which messages there are in each direction, as bits. */
#define CHANNEL_BIT(type)	(1u << (type))
#define CHANNEL_TO_SERVER	(CHANNEL_BIT(CHANNEL_RELOAD) | \
				CHANNEL_BIT(CHANNEL_DRAIN))
#define CHANNEL_TO_MONITOR	(CHANNEL_BIT(CHANNEL_READY) | \
				CHANNEL_BIT(CHANNEL_RELOADED) | \
				CHANNEL_BIT(CHANNEL_RENEW))

#define CHANNEL_TEXTS 3

struct channel_message {
	enum channel_type type;
	struct handover	 *handover;	/* owned; RELOAD only */
	char		 *text[CHANNEL_TEXTS];	/* owned; RELOADED, RENEW */
};

/* A connected pair, closed on exec.  [0] is for the monitor. */
enum status channel_pair(int fds[2]);

/*
 * Send a message, which stays the caller's.  Blocking (as long as the socket's
 * SO_SNDTIMEO says), thread-safe against other senders on the same side.
 * STATUS_UNREACHABLE when the other side is gone or takes nothing: some of the
 * message may be sent, so that the channel is of no use any more.
 */
enum status channel_send(int fd, const struct channel_message *message);

/*
 * Receive one message, of the types that are `allowed`: nothing of another one
 * is read beyond its type.  STATUS_UNREACHABLE when the other side is gone,
 * STATUS_PROTOCOL if what it says is no such message, STATUS_CONFIG if the
 * configuration in it does not parse.  The caller empties it with
 * channel_message_clear, after a failure too.
 */
enum status channel_receive(int fd, unsigned int allowed,
    struct channel_message *message);
void channel_message_clear(struct channel_message *message);

#endif
