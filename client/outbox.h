/*
 * outbox - files on their way to the server, many at a time: each is sent
 * without waiting for the answer to the one before, and told of in order.
 *
 * After a failure nothing that was put behind it takes effect, unless what
 * failed was one that may.
 */
#ifndef OUTBOX_H
#define OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "command_line.h"
#include "conditions.h"
#include "interrupt.h"
#include "remote.h"
#include "revive.h"
#include "status.h"

struct outbox;
struct sender;
struct sending;

/* Who wants to know what became of a letter; nothing is printed then. */
struct letter_watch {
	void (*sent)(struct letter_watch *watch,
	    const struct sending *sending);
	/* One that may fail has failed, with the thread's text. */
	void (*failed)(struct letter_watch *watch,
	    const struct sending *sending, enum status st);
};

/* What to send; the strings are copied. */
struct letter {
	const char	*local;		/* "-": standard input */
	const char	*remote;	/* NULL: as the local one is called */
	bool		 may_fail;
	bool		 goes_on;	/* with what an earlier run began */
	bool		 keeps;		/* times and mode */
	bool		 has_basis;	/* the server has most of a long one
					 * under its name: only what differs is
					 * sent */
	uint32_t	 wait;		/* seconds, for locks of others */
	size_t		 number;	/* for the watch */
	struct letter_watch *watch;	/* borrowed until it is settled, or
					 * NULL: who has one names the file,
					 * not a folder to put it into */
	unsigned int	 segments;	/* connections, for a long one */
	struct conditions conditions;
	const uint8_t	*tree;		/* id of the folder that it is sent
					 * with as one; or NULL */
};

/* Both are borrowed for the life of the outbox. */
enum status outbox_new(struct outbox **out, struct remote *remote,
    struct revive *revive);

/* What was not settled is forgotten.  outbox_free(NULL) does nothing. */
void outbox_free(struct outbox *outbox);

/*
 * Send a file.  A failure is this file's, or that of one before; then the
 * outbox is empty.  Of those that may fail it tells on standard error.
 */
enum status outbox_add(struct outbox *outbox, const struct letter *letter);

/* Wait for all answers and tell of them, up to the first failure. */
enum status outbox_settle(struct outbox *outbox);

/* The sender, for other things than files that are put; borrowed. */
struct sender *outbox_sender(struct outbox *outbox);

/* The name of the file that the last failure was about. */
const char *outbox_blame(const struct outbox *outbox);

#endif
