/*
 * ft1_answer - answers of handlers as FT/1 frames, written into the room that a
 * turn has for output.
 *
 * There is always room for one final answer where a request is begun or a
 * producer is pulled: ft1_answer_has_room says when that is so.
 */
#ifndef FT1_ANSWER_H
#define FT1_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "answer.h"
#include "client.h"
#include "face.h"
#include "ft1.h"

struct ft1_answer {
	struct answer	 answer;
	struct face_output *out;	/* borrowed for a turn */
	uint32_t	 id;		/* of the request that is answered */
	struct batch_former *puts;	/* borrowed; if it is a put */
	bool		 chained;	/* likewise */
	bool		 failed;	/* the last final answer was an error */
	size_t		 rows;		/* where an open frame of rows begins */
	enum ft1_type	 row_type;	/* its type, such as FT1_ENTRIES */
	bool		 has_rows;
	size_t		 whole;		/* where that of a small file is */
	struct producer	*producer;	/* what the handler left; taken over */
	struct consumer	*consumer;
	struct waiter	*waiter;
};

void ft1_answer_init(struct ft1_answer *answer);

/*
 * Whatever the handler answers is for request `id`.  The error of a put takes
 * its turn behind the puts that are not answered yet; `puts` may be NULL.
 */
void ft1_answer_begin(struct ft1_answer *answer, uint32_t id);
void ft1_answer_begin_put(struct ft1_answer *answer, uint32_t id,
    bool chained, struct batch_former *puts);

/* Room for any final answer? */
bool ft1_answer_has_room(const struct ft1_answer *answer);

/* Finish a frame of rows, before anything else is written. */
void ft1_answer_close_rows(struct ft1_answer *answer);

/* Frames that no handler writes. */
void ft1_answer_hello(struct ft1_answer *answer, const struct config *config);
void ft1_answer_challenge(struct ft1_answer *answer, uint32_t id);
void ft1_answer_login(struct ft1_answer *answer, uint32_t id,
    struct client *client);
void ft1_answer_pong(struct ft1_answer *answer, uint32_t id);
/* An error of request `id` (0: of the connection) to wait `wait` seconds. */
void ft1_answer_error(struct ft1_answer *answer, uint32_t id, enum status st,
    unsigned int wait, const char *text);
/* What became of a member of a batch. */
void ft1_answer_member(struct ft1_answer *answer,
    const struct batch_member *member);

#endif
