/*
 * talk_support - a conversation with the server's FT/1 face, as a session leads
 * it, but without TLS: the plain bytes of both directions lie in memory.
 *
 * The face gets its bytes in pieces of memory of just their size, so that a
 * sanitizer sees it if it reads or writes beyond.
 */
#ifndef TALK_SUPPORT_H
#define TALK_SUPPORT_H

#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client.h"
#include "face.h"
#include "serving_support.h"

/* Room for output that is never short. */
#define TALK_ROOM 65536u

struct talk {
	struct serving	*serving;	/* borrowed */
	struct client	 client;
	struct face	*face;		/* owned */
	sem_t		 letters;
	uint8_t		*in;		/* owned; what the face has not used */
	size_t		 in_len;
	uint8_t		*out;		/* owned; all that it has said */
	size_t		 out_len;
	uint64_t	 ends;		/* of each turn, as the face has it */
	bool		 has_ended;
};

void talk_begin(struct talk *talk, struct serving *serving);
void talk_end(struct talk *talk);

/* The client sends. */
void talk_send(struct talk *talk, const void *bytes, size_t len);

/*
 * One turn with so much room for output.  True if something moved.  `is_quiet`:
 * nothing more is on its way.
 */
bool talk_turn(struct talk *talk, size_t room, bool is_quiet);

/* Turns with room until nothing moves, and no line holds anything of it. */
void talk_settle(struct talk *talk);

#endif
