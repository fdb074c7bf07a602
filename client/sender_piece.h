/*
 * sender_piece - one MiB of the file that is sent, for who sends it by pieces:
 * an upload that is gone on with, or one over several connections.
 */
#ifndef SENDER_PIECE_H
#define SENDER_PIECE_H

#include "sender_state.h"

#define PIECE_ROOM	(REMOTE_DATA_HEAD + DIGEST_PIECE)

struct piece {
	uint8_t		*room;		/* borrowed; PIECE_ROOM bytes */
	_Atomic uint64_t *moved;	/* borrowed; counts what is sent */
	uint64_t	 at;		/* where it begins in the file */
	size_t		 len;
	uint8_t		 digest[DIGEST_SIZE];
	bool		 is_there;	/* the server holds the same */
};

/*
 * Read the piece at piece->at and set the rest, from any thread.  What the
 * server holds not and is zeros will be zeros there by itself.
 */
enum status piece_look(struct piece *piece, const struct sender *s);

/* Send its bytes as data of the call, and look for answers. */
enum status piece_send(struct piece *piece, struct remote *remote,
    const struct call *call);

#endif
