/*
 * outbox_item - one file on its way, as the outbox keeps it.
 */
#ifndef OUTBOX_ITEM_H
#define OUTBOX_ITEM_H

#include <stdbool.h>
#include <stdint.h>

#include "outbox.h"
#include "patience.h"
#include "remote.h"
#include "report.h"
#include "sender.h"

struct item {
	struct call	 call;
	struct sending	 sending;	/* its strings are owned */
	bool		 named;		/* the remote name was given */
	bool		 into_folder;	/* it turned out to be a folder */
	bool		 may_fail;
	uint64_t	 line;		/* of the batch, or 0 */
	bool		 was_lost;	/* with its connection, once */
	uint64_t	 waits;		/* bytes, on the board until the server
					 * has answered */
	struct receipt	 receipt;
	struct letter_watch *watch;	/* borrowed, or NULL */
	bool		 was_silent;	/* while others sent segments */
	struct patience	 patience;
	struct item	*next;
};

/*
 * Copy the letter.  A path that no server takes is told by the status, and the
 * item is made nevertheless; else `*out` is NULL after a failure.
 */
enum status outbox_item_make(struct item **out, const struct letter *letter);

/* outbox_item_free(NULL) does nothing. */
void outbox_item_free(struct item *item);

#endif
