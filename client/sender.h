/*
 * sender - the content of one local file on its way to the server: a PUT (or a
 * change in place), its data, and the COMMIT, without waiting for an answer.
 */
#ifndef SENDER_H
#define SENDER_H

#include <stdbool.h>

#include "conditions.h"
#include "digest.h"
#include "interrupt.h"
#include "ledger.h"
#include "remote.h"
#include "revive.h"
#include "status.h"

struct sender;

/* Everything but `call` is borrowed for the time of sender_send. */
struct sending {
	const char	*local;		/* "-": standard input */
	const char	*path;		/* the server's */
	enum ft1_type	 type;		/* FT1_PUT, FT1_APPEND or FT1_WRITE */
	size_t		 number;	/* for who watches it */
	uint64_t	 offset;	/* where a write begins */
	uint8_t		 flags;		/* of the request */
	uint32_t	 wait;		/* seconds, for locks of others */
	bool		 keeps;		/* times and mode */
	unsigned int	 segments;	/* connections, for a long one */
	struct conditions conditions;	/* of one that is begun */
	bool		 has_tree;	/* the path is of a member of ... */
	uint8_t		 tree[FT1_ID_SIZE];	/* ... this folder */
	struct call	*call;		/* done when the server has answered */
	/* what was sent, for comparison with the server's receipt */
	bool		 committed;	/* it may have happened */
	uint64_t	 size;
	uint8_t		 digest[FT1_ID_SIZE];
	_Atomic uint64_t moved;		/* bytes of content on the wire, in
					 * all tries */
	bool		 is_async;	/* the receipt says so */

	/* of a long one; begin with zeros */
	bool		 has_basis;	/* most of it stands there: send what
					 * differs */
	bool		 goes_on;	/* look for the id of an earlier run */
	bool		 has_id;
	uint8_t		 id[FT1_ID_SIZE];
	bool		 resumes;	/* by its id */
	bool		 begun;		/* the server has said so */
	uint64_t	 pieces;	/* room of the two that follow */
	uint8_t		(*held)[FT1_ID_SIZE];	/* the sender's */
	bool		*is_held;
};

/* Both are borrowed for the sender's life. */
enum status sender_new(struct sender **out, struct remote *remote,
    const struct revive *revive);
void sender_free(struct sender *sender);

/*
 * Send a file.  A failure says that nothing was sent of it, or that the
 * connection is gone.  What goes wrong later becomes the call's outcome.
 */
enum status sender_send(struct sender *sender, struct sending *sending);

/*
 * Under what the ledger knows it.  `folder` is memory for a part of the key.
 */
void sender_key(struct ledger_key *key, char folder[DIGEST_HEX_SIZE],
    const struct revive *revive, const struct sending *sending);

/* For who receives the answers: BEGUN, HAVE, and a receipt in their stead. */
enum status sender_take_begun(struct sending *sending,
    const struct frame *frame);
enum status sender_take_have(struct sending *sending,
    const struct frame *frame);
enum status sender_take_receipt(struct sending *sending,
    const struct reply *reply);

#endif
