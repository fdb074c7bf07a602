/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "face.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "ft1_state.h"
#include "log.h"

static struct face *
ft1_open(struct client *client)
{
	struct ft1 *ft1;

	if ((ft1 = calloc(1, sizeof(*ft1))) == NULL)
		return NULL;
	ft1->face.ops = &ft1_face;
	ft1->client = client;
	ft1_answer_init(&ft1->answer);
	return &ft1->face;
}

static void
drop_producer(struct ft1 *ft1)
{
	if (ft1->producer != NULL)
		ft1->producer->ops->free(ft1->producer);
	ft1->producer = NULL;
}

static void
ft1_close(struct face *face)
{
	struct ft1 *ft1 = (struct ft1 *)face;

	ft1_cancel_waits(ft1, 0);
	drop_producer(ft1);
	if (ft1->consumer != NULL)
		ft1->consumer->ops->free(ft1->consumer);
	batch_free(ft1->answering);
	ft1_forget_caller(ft1);
	ft1_forget_user(ft1);
	free(ft1);
}

/* What could not be served in its turn stays within these bounds. */
static size_t
ft1_appetite(const struct face *face)
{
	const struct ft1 *ft1 = (const struct ft1 *)face;

	if (ft1->is_ending)
		return 0;
	return ft1->data_left + FT1_HEADER_SIZE + FT1_MAX_REQUEST;
}

/* Say what became of a batch, as far as there is room. */
static void
answer_batch(struct ft1 *ft1)
{
	struct batch *batch = ft1->answering;

	while (ft1->answered < batch->count) {
		if (!ft1_answer_has_room(&ft1->answer))
			return;
		ft1_answer_member(&ft1->answer,
		    &batch->member[ft1->answered++]);
	}
	ft1->answering = NULL;
	batch_former_done(ft1->client->former, ft1->answer.failed);
	batch_free(batch);
}

/* Batches and what waited for a lock, in the order they come. */
static void
read_letters(struct ft1 *ft1)
{
	struct letter *letter;

	while (ft1->answering == NULL && ft1->producer == NULL &&
	    ft1_answer_has_room(&ft1->answer) &&
	    (letter = mailbox_take(ft1->client->mailbox)) != NULL) {
		if (letter->kind == LETTER_WAITER) {
			ft1_take_waiter(ft1, letter);
			continue;
		}
		ft1->answering = (struct batch *)letter;
		ft1->answered = 0;
	}
	if (ft1->answering != NULL)
		answer_batch(ft1);
}

/* True if the producer can go on without waiting for anything. */
static bool
pull_producer(struct ft1 *ft1)
{
	enum pull pull;

	if (ft1->producer == NULL || !ft1_answer_has_room(&ft1->answer))
		return false;
	ft1_answer_begin(&ft1->answer, ft1->producer_id);
	ft1->answer.producer = NULL;
	pull = ft1->producer->ops->pull(ft1->producer, &ft1->answer.answer);
	if (pull == PULL_DONE)
		drop_producer(ft1);
	ft1_answer_close_rows(&ft1->answer);
	if (pull == PULL_WAITS) {
		(void)ft1_wait(ft1, ft1->producer_id);
		ft1->producer = ft1->answer.producer;
	}
	return pull == PULL_ON;
}

static bool
is_at_rest(const struct ft1 *ft1)
{
	return ft1->producer == NULL && ft1->upload == FT1_UPLOAD_NONE &&
	    ft1->waiting == 0 && !ft1_has_puts(ft1);
}

/* The last error, once there is room for it. */
static enum face_turn
say_last_words(struct ft1 *ft1)
{
	if (ft1->is_over)
		return FACE_ENDS;
	if (!ft1_answer_has_room(&ft1->answer))
		return FACE_WAITS;
	ft1_answer_error(&ft1->answer, 0, ft1->last, 0, ft1->last_text);
	ft1->is_over = true;
	return FACE_ENDS;
}

/* Requests can be short and dear: a row of them is worth several turns. */
static bool
is_turn_over(const struct face_input *in)
{
	return in->ends != 0 && clock_ms() >= in->ends;
}

static enum face_turn
ft1_work(struct face *face, struct face_input *in, struct face_output *out)
{
	struct ft1 *ft1 = (struct ft1 *)face;
	enum ft1_step step;
	bool goes_on;

	ft1->answer.out = out;
	do {
		read_letters(ft1);
		ft1_answer_checked(ft1);
		/* Before the producer takes all the room, as it does. */
		if (ft1->producer != NULL)
			ft1_overtake(ft1, in);
		goes_on = pull_producer(ft1);
		if (ft1->stopping != STATUS_OK && is_at_rest(ft1))
			ft1_end(ft1, ft1->stopping,
			    "the server is shutting down");
		step = ft1->is_ending ? FT1_STEP_WAITS :
		    ft1_take_frame(ft1, in);
	} while (step == FT1_STEP_ON && !is_turn_over(in));
	ft1_forget_caller(ft1);
	ft1_overtake(ft1, in);
	if (ft1->is_ending)
		return say_last_words(ft1);
	/* What is used falls off the front before the next turn. */
	ft1->scanned -= ft1->scanned < in->used ? ft1->scanned : in->used;
	/* Nothing more of a tree is at hand: flush what there is. */
	if (in->is_quiet && step == FT1_STEP_WAITS &&
	    ft1->client->former != NULL && ft1->answering == NULL)
		batch_former_send(ft1->client->former);
	if (goes_on)
		return FACE_ON;
	return ft1->stage == FT1_STAGE_CHECKING && !ft1->has_checked ?
	    FACE_LOGIN : FACE_WAITS;
}

static void
ft1_checked(struct face *face, enum status st)
{
	struct ft1 *ft1 = (struct ft1 *)face;

	ft1->has_checked = true;
	ft1->checked = st;
}

static void
ft1_stop(struct face *face, enum status st)
{
	struct ft1 *ft1 = (struct ft1 *)face;

	if (st == STATUS_STOPPING) {
		ft1->stopping = st;	/* what runs may end */
		ft1_cancel_waits(ft1, 0);
		return;
	}
	drop_producer(ft1);
	if (ft1->upload == FT1_UPLOAD_TAKING) {
		ft1->consumer->ops->free(ft1->consumer);
		ft1->consumer = NULL;
		ft1->upload = FT1_UPLOAD_DROPPING;
	}
	ft1_end(ft1, st, status_text(st));
}

static enum face_mood
ft1_mood(const struct face *face)
{
	const struct ft1 *ft1 = (const struct ft1 *)face;

	if (ft1->producer != NULL || ft1->upload != FT1_UPLOAD_NONE)
		return FACE_MOVING;
	if (ft1->stage == FT1_STAGE_CHECKING || ft1->waiting > 0 ||
	    ft1_has_puts(ft1))
		return FACE_BUSY;
	return ft1->stage == FT1_STAGE_IN ? FACE_IDLE : FACE_NEW;
}

static void
ft1_stalled(struct face *face)
{
	struct ft1 *ft1 = (struct ft1 *)face;

	if (ft1->producer != NULL && ft1->producer->stalled != NULL)
		ft1->producer->stalled(ft1->producer);
}

const struct face_ops ft1_face = {
	.alpn = FT1_ALPN,
	.open = ft1_open,
	.close = ft1_close,
	.appetite = ft1_appetite,
	.work = ft1_work,
	.checked = ft1_checked,
	.stop = ft1_stop,
	.mood = ft1_mood,
	.stalled = ft1_stalled,
};

const struct face_ops *
face_of_alpn(const unsigned char *alpn, size_t len)
{
	static const struct face_ops *const faces[] = { &ft1_face };

	for (size_t i = 0; i < sizeof(faces) / sizeof(faces[0]); i++)
		if (strlen(faces[i]->alpn) == len &&
		    memcmp(faces[i]->alpn, alpn, len) == 0)
			return faces[i];
	return NULL;
}
