/*
 * ft1_state - the state of one FT/1 conversation, shared by the files that
 * carry it on:
 *
 *	ft1_face.c	the turns: letters, producers, frames, the last words
 *	ft1_frames.c	one frame after the other: who may come when
 *	ft1_login.c	HELLO and LOGIN
 *	ft1_upload.c	the frames of a PUT
 *	ft1_overtake.c	PING and CANCEL behind a request that is not yet served
 *	ft1_wait.c	requests that wait for locks
 *	ft1_check.c	what is wrong with a frame by itself
 */
#ifndef FT1_STATE_H
#define FT1_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "caller.h"
#include "face.h"
#include "ft1.h"
#include "ft1_answer.h"

enum ft1_stage {
	FT1_STAGE_HELLO,	/* the client has said nothing */
	FT1_STAGE_LOGIN,	/* a LOGIN must come */
	FT1_STAGE_CHALLENGED,	/* a RESPONSE must come */
	FT1_STAGE_CHECKING,	/* the password is being checked */
	FT1_STAGE_IN
};

enum ft1_upload {
	FT1_UPLOAD_NONE,
	FT1_UPLOAD_TAKING,	/* frames feed the consumer */
	FT1_UPLOAD_DROPPING	/* it failed: frames are dropped up to COMMIT */
};

struct ft1 {
	struct face	 face;
	struct client	*client;	/* borrowed */
	struct ft1_answer answer;
	enum ft1_stage	 stage;
	uint32_t	 last_id;	/* ids of requests ascend */
	unsigned int	 early;		/* requests before the login */

	/* login */
	uint32_t	 login_id;
	bool		 has_checked;	/* `checked` is to be answered */
	enum status	 checked;
	struct request_bytes user;	/* owned; between LOGIN and RESPONSE */

	/* the request whose answer flows */
	struct producer	*producer;	/* owned, or NULL */
	uint32_t	 producer_id;

	/* requests that wait for locks, each in the lock line */
	size_t		 waiting;
	size_t		 waiting_locks;	/* of these: by the verb lock */

	/* the upload whose frames come */
	enum ft1_upload	 upload;
	struct consumer	*consumer;	/* owned while TAKING */
	uint32_t	 upload_id;
	bool		 upload_chained;
	size_t		 data_left;	/* of the DATA frame that comes */
	uint64_t	 data_offset;

	/* a batch that came back and is being answered */
	struct batch	*answering;	/* owned, or NULL */
	size_t		 answered;	/* members */

	size_t		 scanned;	/* of the input, for overtakers */

	/* the end */
	enum status	 stopping;	/* STATUS_OK: not at all */
	bool		 is_ending;	/* say `last` and no more */
	bool		 is_over;
	enum status	 last;
	char		 last_text[200];

	/* good for one turn: the user as of now */
	bool		 has_caller;
	struct caller	 caller;
	struct users	*users;		/* owned reference with has_caller */
};

/* What taking a frame has come to. */
enum ft1_step {
	FT1_STEP_ON,		/* a frame, or some of its data, was used */
	FT1_STEP_WAITS,		/* not enough input, or not its turn yet */
};

/* ft1_state.c */
void ft1_end(struct ft1 *ft1, enum status st, const char *text);
/* One error for what breaks the protocol; the session ends. */
enum ft1_step ft1_broken(struct ft1 *ft1, const char *text);
/* Puts are collected, being flushed, or being answered. */
bool ft1_has_puts(const struct ft1 *ft1);
/* The user as of now; false if the request was answered with an error. */
bool ft1_find_caller(struct ft1 *ft1, uint32_t id);
void ft1_forget_caller(struct ft1 *ft1);

/*
 * ft1_check.c
 *
 * Both are asked once per frame, in the order in which frames come; false if
 * that ended the session.  Ids of requests ascend, so that none is used while
 * it is open.
 */
bool ft1_check_header(struct ft1 *ft1, const struct ft1_header *header);
bool ft1_check_id(struct ft1 *ft1, const struct ft1_header *header);

/* ft1_frames.c */
enum ft1_step ft1_take_frame(struct ft1 *ft1, struct face_input *in);

/* ft1_wait.c */
/* If a handler has left a waiter: into the line with it; true if it waits. */
bool ft1_wait(struct ft1 *ft1, uint32_t id);
/* A result of the line has come. */
void ft1_take_waiter(struct ft1 *ft1, struct letter *letter);
/* Must a request wait for those that wait for locks? */
bool ft1_waits(const struct ft1 *ft1, const struct ft1_header *header);
void ft1_cancel_waits(struct ft1 *ft1, uint32_t id);
/* An UNLOCK that overtakes all that is before it.  False: not now. */
bool ft1_unlock_now(struct ft1 *ft1, const struct ft1_header *header,
    const uint8_t *payload);

/* ft1_login.c */
enum ft1_step ft1_take_hello(struct ft1 *ft1, const struct ft1_header *header,
    const uint8_t *payload);
enum ft1_step ft1_take_login(struct ft1 *ft1, const struct ft1_header *header,
    const uint8_t *payload);
enum ft1_step ft1_take_response(struct ft1 *ft1,
    const struct ft1_header *header, const uint8_t *payload);
void ft1_answer_checked(struct ft1 *ft1);
void ft1_forget_user(struct ft1 *ft1);

/* ft1_upload.c */
/* A PUT has been begun, or refused. */
void ft1_upload_begun(struct ft1 *ft1, uint32_t id, bool chained);
/* The header of a DATA frame has come, and its offset. */
enum ft1_step ft1_take_data_head(struct ft1 *ft1,
    const struct ft1_header *header, const uint8_t *payload);
/* Some content of that frame. */
void ft1_take_data(struct ft1 *ft1, const uint8_t *bytes, size_t len);
enum ft1_step ft1_take_commit(struct ft1 *ft1,
    const struct ft1_header *header, const uint8_t *payload);
enum ft1_step ft1_take_abort(struct ft1 *ft1, const struct ft1_header *header,
    const uint8_t *payload);
/* The upload ends here with an error; later frames of it are dropped. */
void ft1_upload_fail(struct ft1 *ft1, enum status st);

/* ft1_overtake.c */
enum ft1_step ft1_take_ping(struct ft1 *ft1, const struct ft1_header *header,
    const uint8_t *payload);
enum ft1_step ft1_take_cancel(struct ft1 *ft1,
    const struct ft1_header *header, const uint8_t *payload);
/* Serve PING and CANCEL in what has come but is not yet to be served. */
void ft1_overtake(struct ft1 *ft1, struct face_input *in);
/* Types that stand in the input for frames that have been served already. */
#define FT1_SERVED	0xff
#define FT1_CANCELLED	0xfe

#endif
