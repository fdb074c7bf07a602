/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "batch.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
drop(struct letter *letter)
{
	batch_free((struct batch *)letter);
}

struct batch *
batch_new(struct mailbox *mailbox)
{
	struct batch *batch;

	if ((batch = malloc(sizeof(*batch))) == NULL)
		return NULL;
	/* The members are written one by one as they come. */
	memset(batch, 0, offsetof(struct batch, member));
	batch->letter.drop = drop;
	batch->mailbox = mailbox_ref(mailbox);
	batch->sync_fd = -1;
	return batch;
}

void
batch_free(struct batch *batch)
{
	if (batch == NULL)
		return;
	for (size_t i = 0; i < batch->count; i++) {
		upload_free(batch->member[i].upload);
		status_words_free(&batch->member[i].words);
	}
	if (batch->sync_fd != -1)
		close(batch->sync_fd);
	mailbox_unref(batch->mailbox);
	free(batch);
}

size_t
batch_uploads(const struct batch *batch)
{
	size_t n = 0;

	for (size_t i = 0; i < batch->count; i++)
		if (batch->member[i].upload != NULL)
			n++;
	return n;
}

void
batch_member_set(struct batch_member *member, enum status st)
{
	member->st = st;
	status_words_keep(&member->words, st);
}

bool
batch_is_cancelled(const struct batch *batch)
{
	const struct batch_member *member = &batch->member[batch->settled];
	uint32_t id = atomic_load(&batch->cancel_id);

	return member->wait > 0 && (id == member->id || id == UINT32_MAX);
}
