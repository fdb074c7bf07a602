/*
 * sender - the content of one local file on its way to the server: a PUT, its
 * data, and the COMMIT, without waiting for an answer.
 */
#ifndef SENDER_H
#define SENDER_H

#include <stdbool.h>

#include "interrupt.h"
#include "remote.h"
#include "status.h"

struct sender;

/* Everything but `call` is borrowed for the time of sender_send. */
struct sending {
	const char	*local;		/* "-": standard input */
	const char	*path;		/* the server's */
	uint8_t		 flags;		/* of the PUT */
	uint32_t	 wait;		/* seconds, for locks of others */
	struct call	*call;		/* done when the server has answered */
	/* what was sent, for comparison with the server's receipt */
	uint64_t	 size;
	uint8_t		 digest[FT1_ID_SIZE];
};

enum status sender_new(struct sender **out, struct remote *remote,
    struct interrupt *interrupt, bool quiet);
void sender_free(struct sender *sender);

/*
 * Send a file.  A failure says that nothing was sent of it, or that the
 * connection is gone.  What goes wrong later becomes the call's outcome.
 */
enum status sender_send(struct sender *sender, struct sending *sending);

#endif
