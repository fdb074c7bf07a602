/*
 * remote - a session with a server: requests out, replies matched to them.
 *
 * A request is a call.  Several may be on their way; each ends with one final
 * reply, or with the connection.
 *
 *	frame = remote_request(remote, FT1_STAT, 0, &call);
 *	ft1_put_string(frame, FT1_TAG_PATH, path);
 *	st = remote_finish(remote, &call);	or remote_send and remote_wait
 */
#ifndef REMOTE_H
#define REMOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "ft1.h"
#include "interrupt.h"
#include "reply.h"
#include "status.h"
#include "wire.h"

struct remote;
struct call;

/*
 * Takes interim replies, and the final OK.  STATUS_PROTOCOL breaks the
 * connection off; any other failure cancels the call and becomes its outcome.
 * Must not send.
 */
typedef enum status call_receiver(struct call *call,
    const struct frame *frame);

/* Set to { 0 } but for the receiver before its first use. */
struct call {
	call_receiver	*receiver;	/* NULL: an OK without fields */
	void		*owner;		/* borrowed; the receiver's */
	uint32_t	 id;
	bool		 done;
	bool		 failed;	/* here: cancel it, keep `outcome` */
	bool		 was_lost;	/* with its connection */
	bool		 cancelled;	/* CANCEL or ABORT was sent */
	enum status	 outcome;
	uint32_t	 wait;		/* seconds, with STATUS_BUSY */
	char		*text;		/* owned; words for the outcome */
	struct call	*next;		/* the list of those on their way */
};

/* What the server's HELLO said. */
struct limits {
	uint32_t	max_data;	/* bytes of file in one DATA frame */
	uint32_t	small_upload;
	uint32_t	idle_seconds;
	uint64_t	features;	/* bits FT1_FEATURE_... */
	bool		known;
};

/* Take over the wire. */
enum status remote_new(struct remote **out, struct wire *wire);

/* Says goodbye.  remote_free(NULL) does nothing. */
void remote_free(struct remote *remote);

/*
 * Go on over the connection of `fresh`, which is used up; the calls of the old
 * one are done, as it was lost.
 */
void remote_replace(struct remote *remote, struct remote *fresh);

/* Whose SIGINT cancels calls from now on. */
void remote_interrupt_by(struct remote *remote, struct interrupt *interrupt);

/* A server of which nothing is heard for so many milliseconds is gone. */
void remote_give_up_after(struct remote *remote, int milliseconds);

const struct limits *remote_limits(const struct remote *remote);

/* STATUS_OK, or why the connection is of no use any more. */
enum status remote_lost(const struct remote *remote);

/* That it was interrupted is told no more: from now on it is unreachable. */
void remote_given_up(struct remote *remote);

/*
 * The connection is over, and so is all that is on its way, unless `st` is
 * STATUS_OK.  Returns why.
 */
enum status remote_lose(struct remote *remote, enum status st);

/* Seconds that the last `busy` without a call asked for. */
uint32_t remote_wait_seconds(const struct remote *remote);

/*
 * Begin a request; the fields go into the frame, which is the remote's and
 * holds one at a time.  The call is on its way from here on, and must live
 * until it is done.
 */
struct ft1_frame *remote_request(struct remote *remote, enum ft1_type type,
    uint8_t flags, struct call *call);

/* Begin one more frame of a call; of the connection itself if it is NULL. */
struct ft1_frame *remote_more(struct remote *remote, enum ft1_type type,
    uint8_t flags, const struct call *call);

/* Send the frame that was begun. */
enum status remote_send(struct remote *remote);

/* Send one DATA frame; `frame` has room for header and offset in front. */
#define REMOTE_DATA_HEAD (FT1_HEADER_SIZE + FT1_OFFSET_SIZE)
enum status remote_send_data(struct remote *remote, const struct call *call,
    uint8_t *frame, uint64_t offset, size_t len);

/* Hand all that was sent to the kernel. */
enum status remote_push(struct remote *remote);

/* Receive what is there, without waiting. */
enum status remote_look(struct remote *remote);

/* Wait until the call is done; its outcome stays where it is. */
void remote_await(struct remote *remote, struct call *call);

/* Could something be read there at once? */
bool remote_is_readable(int fd);

/* Wait until the call is done, or `fd` can be read. */
void remote_await_beside(struct remote *remote, struct call *call, int fd);

/* Wait until the call is done and return its outcome.  Frees its text. */
enum status remote_wait(struct remote *remote, struct call *call);

/* Wait until `fd` can be read, or the call is done, or a signal comes. */
enum status remote_wait_fd(struct remote *remote, struct call *call, int fd);

/*
 * From now on the server must hear from us at short intervals, as it must of
 * who holds locks: whoever waits here sends a PING now and then.
 */
void remote_keep_alive(struct remote *remote);

/* Was that asked for?  Then locks may have gone with the connection. */
bool remote_is_kept_alive(const struct remote *remote);

/*
 * Wait, with no call on its way, until `fd` can be read.  STATUS_CANCELLED if a
 * signal came first.
 */
enum status remote_idle(struct remote *remote, struct interrupt *interrupt,
    int fd);

/*
 * Wait, with no call on its way, until `fd` can be read, a signal has come, or
 * so many milliseconds have passed (-1: any number).  The server hears from us
 * meanwhile as often as it wants to, and may hold no locks of ours.
 */
enum status remote_stand_by(struct remote *remote,
    struct interrupt *interrupt, int fd, int milliseconds);

/* remote_send and remote_wait. */
enum status remote_finish(struct remote *remote, struct call *call);

/* The call's outcome is this failure, with the thread's text for it. */
void call_fail(struct call *call, enum status st);

/* True if a signal came: wind up. */
bool remote_is_interrupted(struct remote *remote);

#endif
