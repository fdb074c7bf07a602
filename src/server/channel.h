/*
 * channel - messages between the monitor and the server process, over a
 * socket pair of sequenced packets or a stream with lengths; every length is
 * bounded (4 MiB).
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
	CHANNEL_RENEW		/* to the monitor: user, old hash, new hash */
};

struct channel_message {
	enum channel_type type;
	struct handover	 *handover;	/* owned; RELOAD only */
	char		 *text[3];	/* owned; RELOADED, RENEW */
};

/* Blocking, thread-safe against other senders on the same side. */
enum status channel_send(int fd, const struct channel_message *message);

/*
 * Receive one message.  STATUS_UNREACHABLE when the other side is gone.
 * The caller empties it with channel_message_clear.
 */
enum status channel_receive(int fd, struct channel_message *message);
void channel_message_clear(struct channel_message *message);

#endif
