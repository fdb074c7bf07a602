/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "talk_support.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static void
wake(void *ctx)
{
	struct talk *talk = ctx;

	sem_post(&talk->letters);
}

static void *
must_alloc(void *old, size_t len)
{
	void *bytes = realloc(old, len > 0 ? len : 1);

	if (bytes == NULL)
		abort();
	return bytes;
}

void
talk_begin(struct talk *talk, struct serving *serving)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
	    .sin_port = htons(1234) };

	memset(talk, 0, sizeof(*talk));
	talk->serving = serving;
	if (sem_init(&talk->letters, 0, 0) != 0 ||
	    client_init(&talk->client, &serving->services, wake, talk) !=
	    STATUS_OK)
		abort();
	client_set_address(&talk->client, -1,
	    (const struct sockaddr *)&address);
	talk->client.who.session = 1;
	talk->client.kit = serving->kit;
	if ((talk->face = ft1_face.open(&talk->client)) == NULL)
		abort();
}

void
talk_end(struct talk *talk)
{
	bool has_put = talk->client.former != NULL;

	talk->face->ops->close(talk->face);
	client_clear(&talk->client);
	if (has_put)
		serving_settle(talk->serving);
	sem_destroy(&talk->letters);
	free(talk->in);
	free(talk->out);
}

void
talk_send(struct talk *talk, const void *bytes, size_t len)
{
	talk->in = must_alloc(talk->in, talk->in_len + len);
	if (len > 0)
		memcpy(talk->in + talk->in_len, bytes, len);
	talk->in_len += len;
}

static void
checked(struct login_job *job)
{
	sem_post(job->ctx);
}

/* To the login line and back. */
static void
log_in(struct talk *talk)
{
	struct login_job *job = talk->client.job;
	enum status st;
	sem_t done;

	if (sem_init(&done, 0, 0) != 0)
		abort();
	job->ctx = &done;
	job->done = checked;
	st = login_line_submit(talk->serving->services.login_line, job);
	if (st == STATUS_OK) {
		while (sem_wait(&done) != 0)
			continue;
		st = job->result;
	}
	sem_destroy(&done);
	talk->face->ops->checked(talk->face, st);
}

bool
talk_turn(struct talk *talk, size_t room, bool is_quiet)
{
	struct face_output out = { .room = room };
	struct face_input in = { 0 };
	enum face_turn turn;
	size_t appetite;

	if (talk->has_ended)
		return false;
	appetite = talk->face->ops->appetite(talk->face);
	in.len = talk->in_len < appetite ? talk->in_len : appetite;
	in.is_quiet = is_quiet && in.len == talk->in_len;
	in.ends = talk->ends;
	in.bytes = must_alloc(NULL, in.len);
	if (in.len > 0)
		memcpy(in.bytes, talk->in, in.len);
	out.bytes = must_alloc(NULL, room);
	turn = talk->face->ops->work(talk->face, &in, &out);
	if (in.used > in.len || out.len > out.room)
		abort();
	/* The face may have changed what it has not used. */
	if (in.len > 0)
		memcpy(talk->in, in.bytes, in.len);
	memmove(talk->in, talk->in + in.used, talk->in_len - in.used);
	talk->in_len -= in.used;
	talk->out = must_alloc(talk->out, talk->out_len + out.len);
	memcpy(talk->out + talk->out_len, out.bytes, out.len);
	talk->out_len += out.len;
	free(in.bytes);
	free(out.bytes);
	if (turn == FACE_LOGIN)
		log_in(talk);
	talk->has_ended = turn == FACE_ENDS;
	return in.used > 0 || out.len > 0 || turn == FACE_LOGIN ||
	    turn == FACE_ON;
}

void
talk_settle(struct talk *talk)
{
	for (;;) {
		while (talk_turn(talk, TALK_ROOM, true))
			continue;
		if (talk->has_ended ||
		    talk->face->ops->mood(talk->face) != FACE_BUSY)
			return;
		while (sem_wait(&talk->letters) != 0)
			continue;
	}
}
