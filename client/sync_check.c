/* SPDX-License-Identifier: ISC */
/* Is the content of two files the same?  The digests of both tell. */
#include "config.h"

#include "sync.h"

#include <stdlib.h>
#include <string.h>

#include "file_digest.h"

/* That of the whole comes behind those of its MiBs. */
static enum status
take_digest(void *owner, const struct errand *errand,
    const struct frame *frame)
{
	struct sync *sync = owner;
	struct reply reply;
	enum status st;

	if (frame->header.type == FT1_DIGESTS)
		return STATUS_OK;
	if (frame->header.type != FT1_OK)
		return status_set(STATUS_PROTOCOL,
		    "the server answered a question for digests with a frame "
		    "of type %u", frame->header.type);
	st = reply_read(&reply, frame, REPLY_SIZE | REPLY_DIGEST);
	if (st != STATUS_OK)
		return st;
	memcpy(sync->at[errand->number].digest, reply.digest, DIGEST_SIZE);
	return STATUS_OK;
}

static enum sync_what
what_of(const struct sync_step *step, const uint8_t ours[DIGEST_SIZE],
    uint64_t size)
{
	if (size != step->from.size ||
	    memcmp(ours, step->digest, DIGEST_SIZE) != 0)
		return SYNC_CHANGED;
	return sync_has_same_facts(step) ? SYNC_SAME : SYNC_FACTS;
}

static void
compare(void *owner, const struct errand *errand, enum status st)
{
	struct sync *sync = owner;
	struct sync_step *step = &sync->at[errand->number];
	uint8_t ours[DIGEST_SIZE];
	uint64_t size;
	char *path;

	if (st == STATUS_OK) {
		path = sync_here(sync, step->path);
		st = path == NULL ?
		    status_no_memory() :
		    file_digest(ours, &size, path);
		free(path);
	}
	if (st == STATUS_OK)
		step->what = what_of(step, ours, size);
	else {
		step->what = SYNC_LEFT;
		tally_fail(&sync->tally, step->path, st);
	}
}

static enum status
ask(struct sync *sync, struct errands *errands)
{
	struct errand errand = { .type = FT1_PIECES, .take = take_digest,
	    .wait = sync->wait };
	enum status st = STATUS_OK;
	char *path;
	size_t i;

	for (i = 0; i < sync->len && st == STATUS_OK; i++) {
		if (sync->at[i].what != SYNC_CHECK)
			continue;
		if (remote_is_interrupted(sync->client->remote))
			return status_set(STATUS_CANCELLED, "interrupted");
		path = sync_there(sync, sync->at[i].path);
		errand.path = path;
		errand.number = i;
		st = path == NULL ?
		    status_no_memory() :
		    errands_add(errands, &errand);
		free(path);
	}
	return st;
}

enum status
sync_check(struct sync *sync)
{
	struct errands *errands;
	enum status st;

	st = errands_new(&errands, sync->client, compare, sync);
	return st != STATUS_OK ? st : errands_end(errands, ask(sync, errands));
}
