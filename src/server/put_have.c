/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "put_have.h"

#include <stdlib.h>

#include "clock.h"
#include "in_place.h"
#include "lock_line.h"

#define STEP_US		2000

struct have_producer {
	struct producer	 producer;
	struct upload	*upload;	/* borrowed from the consumer */
	struct in_place	 basis;		/* holds the lock on it, while ... */
	bool		 copies;	/* ... it is being copied */
	struct lock_line *lock_line;	/* borrowed, or NULL */
	uint64_t	 next;
	bool		 more;
	struct upload_run run;		/* one that found no room, or none */
};

static void
close_basis(struct have_producer *have)
{
	bool was_open = have->basis.fd != -1;

	in_place_close(&have->basis);
	if (was_open)
		lock_line_wake(have->lock_line, have->basis.st.st_dev,
		    have->basis.st.st_ino);
}

static void
have_free(struct producer *producer)
{
	struct have_producer *have = (struct have_producer *)producer;

	close_basis(have);
	free(have);
}

/* What fails here fails again at the next frame, which is answered so. */
static void
copy_basis(struct have_producer *have)
{
	uint64_t ends = clock_us() + STEP_US;
	enum status st;

	do
		st = upload_basis_step(have->upload, &have->copies);
	while (st == STATUS_OK && have->copies && clock_us() < ends);
	if (!have->copies)
		close_basis(have);
}

static bool
have_say(struct have_producer *have, struct answer *answer)
{
	const struct answer_pieces row = { .is_have = true,
	    .offset = have->run.first * DIGEST_PIECE,
	    .count = have->run.count,
	    .digest = answer_digests(have->run.digest) };

	if (have->run.count > 0 && !answer_pieces(answer, &row))
		return false;
	have->run.count = 0;
	return true;
}

/*
 * The list, then the word to begin, for segments too.  What fails is told by
 * the final answer, which is the consumer's.
 */
static enum pull
have_pull(struct producer *producer, struct answer *answer)
{
	struct have_producer *have = (struct have_producer *)producer;

	if (have->copies) {
		copy_basis(have);
		return PULL_ON;
	}
	if (!have_say(have, answer))
		return PULL_AGAIN;
	/* What cannot be told now is sent once more, which does no harm. */
	if (have->more && upload_have(have->upload, &have->next, &have->run,
	    &have->more) != STATUS_OK) {
		have->more = false;
		have->run.count = 0;
	}
	if (have->more || have->run.count > 0)
		return PULL_ON;
	(void)upload_share(have->upload);
	answer_begun_put(answer, upload_id(have->upload));
	return PULL_DONE;
}

static struct have_producer *
have_new(struct upload *upload)
{
	static const struct producer_ops ops = { have_pull, have_free };
	struct have_producer *have;

	if ((have = calloc(1, sizeof(*have))) == NULL)
		return NULL;
	have->producer.ops = &ops;
	have->upload = upload;
	have->basis.fd = -1;
	have->more = true;
	return have;
}

enum status
put_have_resumed(struct caller *caller, struct upload *upload)
{
	struct have_producer *have;

	if ((have = have_new(upload)) == NULL)
		return STATUS_NO_MEMORY;
	answer_produce(caller->answer, &have->producer);
	return STATUS_OK;
}

/* Somebody is changing it, or it is gone: then it is no help. */
static bool
is_no_basis(enum status st)
{
	return st == STATUS_NOT_FOUND || st == STATUS_LOCKED ||
	    st == STATUS_CHANGED || st == STATUS_NOT_PERMITTED;
}

static enum status
open_basis(struct have_producer *have)
{
	static const struct in_place_want whole = { .use = IN_PLACE_READ };
	struct upload *upload = have->upload;
	enum status st;

	st = in_place_open(&have->basis, upload_place(upload),
	    upload_path(upload), &whole);
	if (is_no_basis(st))
		return STATUS_OK;
	if (st == STATUS_OK)
		st = upload_basis_begin(upload, have->basis.fd,
		    have->basis.length);
	have->copies = st == STATUS_OK;
	return st;
}

enum status
put_have_basis(struct caller *caller, struct upload *upload)
{
	struct have_producer *have;
	enum status st;

	if ((have = have_new(upload)) == NULL)
		return STATUS_NO_MEMORY;
	have->lock_line = caller->lock_line;
	if ((st = open_basis(have)) != STATUS_OK) {
		have_free(&have->producer);
		return st;
	}
	answer_produce(caller->answer, &have->producer);
	return STATUS_OK;
}
