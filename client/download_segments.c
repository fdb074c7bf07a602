/* SPDX-License-Identifier: ISC */
/*
 * One file over several connections: each asks for range after range of the
 * version that the first one was told of, and checks the digest of each.
 */
#include "config.h"

#include "download_state.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "crew.h"

/* A range that is asked for: enough for a round trip, few to do again. */
#define RANGE_LEAST	(4u * DIGEST_PIECE)
#define RANGE_MOST	(64u * DIGEST_PIECE)

struct gather {
	struct download	*d;		/* borrowed; the first connection's */
	struct crew	*crew;		/* owned; NULL before BEGUN */
	bool		 knows;		/* what is to be fetched */
	uint64_t	 own;		/* bytes fetched by the first */

	pthread_mutex_t	 mutex;		/* guards what follows */
	uint64_t	 next;		/* where begins what nobody has taken */
	unsigned int	 returned;	/* by members who met a lock */
	struct {
		uint64_t first, end;
	} back[CREW_MOST];
};

/* What one connection fetches. */
struct range {
	struct gather	*gather;	/* borrowed */
	struct member	*member;	/* borrowed; NULL: the first */
	uint64_t	 first, end;	/* until it is here */
	uint64_t	 got;		/* bytes that count as done */
	bool		 begun;
	struct digest	*digest;	/* owned; NULL before BEGUN */
	struct call	 call;
};

static bool
is_held(const struct download *d, uint64_t at)
{
	return at / DIGEST_PIECE < d->pieces && d->held[at / DIGEST_PIECE];
}

/* The next stretch that is not here, up to `most`; false at `size`. */
static bool
next_stretch(const struct download *d, uint64_t *at, uint64_t *end,
    uint64_t most)
{
	while (*at < d->size && is_held(d, *at))
		*at += DIGEST_PIECE;
	if (*at >= d->size)
		return false;
	for (*end = *at; *end < d->size && *end - *at < most &&
	    !is_held(d, *end); )
		*end += DIGEST_PIECE;
	if (*end > d->size)
		*end = d->size;
	return true;
}

static bool
take_range(struct gather *gather, struct range *range)
{
	const struct download *d = gather->d;
	uint64_t most;
	bool taken;

	pthread_mutex_lock(&gather->mutex);
	most = (d->size - gather->next) / (2 * d->segments);
	if (most < RANGE_LEAST)
		most = RANGE_LEAST;
	if (most > RANGE_MOST)
		most = RANGE_MOST;
	taken = gather->next < d->size &&
	    next_stretch(d, &gather->next, &range->end, most);
	if (taken) {
		range->first = gather->next;
		gather->next = range->end;
	}
	pthread_mutex_unlock(&gather->mutex);
	return taken;
}

/*
 * --- One range --------------------------------------------------------------
 */

/* The first to begin tells what is to be fetched. */
static enum status
learn(struct range *range, const struct reply *reply)
{
	struct download *d = range->gather->d;

	memcpy(d->version, reply->version_now, FT1_ID_SIZE);
	d->has_version = d->knows_size = range->gather->knows = true;
	d->size = reply->size;
	if (range->first > d->size)
		return reply_malformed("less than it proved to have");
	if (range->end > d->size)
		range->end = d->size;
	if (d->keeps)
		part_keep_facts(d->part, reply->mode, reply->mtime);
	return part_resize(d->part, d->size);
}

static enum status
take_begun(struct range *range, const struct frame *frame)
{
	struct download *d = range->gather->d;
	struct reply reply;
	enum status st;

	st = reply_read(&reply, frame, REPLY_SIZE | REPLY_MODE | REPLY_MTIME |
	    REPLY_VERSION_NOW);
	if (st != STATUS_OK)
		return st;
	if (range->digest != NULL)
		return reply_malformed("two beginnings of one file");
	if ((range->digest = digest_begin(range->first)) == NULL)
		return status_no_memory();
	range->begun = true;
	if (!range->gather->knows)
		return learn(range, &reply);
	if (reply.size != d->size ||
	    memcmp(reply.version_now, d->version, FT1_ID_SIZE) != 0)
		return reply_malformed("another version than asked for");
	return STATUS_OK;
}

static void
tell(struct range *range, uint64_t end)
{
	uint64_t more = end - range->first - range->got;

	range->got += more;
	if (range->member != NULL)
		crew_add(range->member->crew, (int64_t)more);
	else
		range->gather->own += more;
}

static enum status
take_data(struct range *range, const struct frame *frame)
{
	const uint8_t *bytes = frame->payload + FT1_OFFSET_SIZE;
	uint64_t offset;
	size_t len;

	if (range->digest == NULL || frame->header.length <= FT1_OFFSET_SIZE)
		return reply_malformed("data where none can be");
	offset = ft1_load_u64(frame->payload);
	len = frame->header.length - FT1_OFFSET_SIZE;
	if (offset < digest_offset(range->digest) || offset > range->end ||
	    len > range->end - offset)
		return reply_malformed("data out of order or range");
	digest_skip(range->digest, offset - digest_offset(range->digest));
	digest_update(range->digest, bytes, len);
	download_moved(range->gather->d, len);
	tell(range, offset + len);
	return part_write(range->gather->d->part, bytes, len, offset);
}

static enum status
take_end(struct range *range, const struct frame *frame)
{
	if (range->digest != NULL) {
		digest_skip(range->digest,
		    range->end - digest_offset(range->digest));
		tell(range, range->end);
	}
	return download_check_end(&range->digest, frame,
	    range->end - range->first, range->gather->d->path);
}

static enum status
take_frame(struct call *call, const struct frame *frame)
{
	struct range *range = call->owner;

	switch (frame->header.type) {
	case FT1_BEGUN:	return take_begun(range, frame);
	case FT1_DATA:	return take_data(range, frame);
	case FT1_OK:	return take_end(range, frame);
	}
	return reply_unexpected(frame, "a get");
}

static void
ask(struct range *range, struct remote *remote)
{
	const struct file_range wanted = { .offset = range->first,
	    .has_length = true, .length = range->end - range->first };
	const struct download *d = range->gather->d;
	struct ft1_frame *frame;

	digest_drop(range->digest);
	range->digest = NULL;
	range->got = 0;
	range->call = (struct call){ .receiver = take_frame,
	    .owner = range };
	frame = download_request(d, remote, &range->call, &wanted);
	/* In vain for a lock of our own, so only the first one waits. */
	if (d->wait > 0 && range->member == NULL)
		ft1_put_u32(frame, FT1_TAG_WAIT_LOCK, d->wait);
	/* A failure to send it is the call's outcome, too. */
	(void)remote_send(remote);
}

/*
 * --- The crew ---------------------------------------------------------------
 */

static void
end_range(void *state)
{
	struct range *range = state;

	digest_drop(range->digest);
	free(range);
}

/*
 * The lock may be one of the first connection, which it does not keep out.  A
 * member gives back once, and leaves.
 */
static enum status
give_back(struct range *range)
{
	struct gather *gather = range->gather;

	pthread_mutex_lock(&gather->mutex);
	gather->back[gather->returned].first = range->first;
	gather->back[gather->returned].end = range->end;
	gather->returned++;
	pthread_mutex_unlock(&gather->mutex);
	return STATUS_OK;
}

static bool
take_back(struct gather *gather, struct range *range)
{
	bool taken;

	pthread_mutex_lock(&gather->mutex);
	if ((taken = gather->returned > 0)) {
		gather->returned--;
		range->first = gather->back[gather->returned].first;
		range->end = gather->back[gather->returned].end;
	}
	pthread_mutex_unlock(&gather->mutex);
	return taken;
}

/* Range after range; one that failed is done again first. */
static enum status
fetch_ranges(void *owner, struct member *member)
{
	struct range *range = member->state;
	enum status st;

	if (range == NULL) {
		if ((range = calloc(1, sizeof(*range))) == NULL)
			return status_no_memory();
		range->gather = owner;
		range->member = member;
		member->state = range;
	}
	while (range->first < range->end ||
	    take_range(range->gather, range)) {
		ask(range, member->remote);
		st = remote_wait(member->remote, &range->call);
		member->wait = range->call.wait;
		if (st != STATUS_OK)
			crew_add(member->crew, -(int64_t)range->got);
		if (st == STATUS_LOCKED)
			return give_back(range);
		if (st != STATUS_OK)
			return st;
		range->first = range->end;
		crew_went_well(member);
	}
	return STATUS_OK;
}

/*
 * --- The first connection ---------------------------------------------------
 */

/* True while somebody of the crew is at work. */
static bool
show_progress(struct gather *gather)
{
	uint64_t theirs;
	bool works;

	theirs = crew_look(gather->crew, &works);
	progress_update(&gather->d->progress, gather->own + theirs);
	return works;
}

static bool
goes_on(struct gather *gather)
{
	return !crew_has_failed(gather->crew) &&
	    !remote_is_interrupted(gather->d->client->remote);
}

static enum status
await_range(struct gather *gather, struct range *range)
{
	struct remote *remote = gather->d->client->remote;

	while (!range->call.done && goes_on(gather)) {
		(void)show_progress(gather);
		(void)remote_wait_fd(remote, &range->call,
		    crew_fd(gather->crew));
	}
	if (!range->call.done)
		call_fail(&range->call, status_set(STATUS_CANCELLED,
		    "interrupted"));
	return remote_wait(remote, &range->call);
}

static enum status
await_crew(struct gather *gather)
{
	struct remote *remote = gather->d->client->remote;
	struct call call = { 0 };	/* none is on its way */
	enum status st = STATUS_OK;

	while (show_progress(gather) && st == STATUS_OK && goes_on(gather))
		st = remote_wait_fd(remote, &call, crew_fd(gather->crew));
	if (st == STATUS_OK && remote_is_interrupted(remote))
		st = status_set(STATUS_CANCELLED, "interrupted");
	return st;
}

static enum status
fetch_own(struct gather *gather, struct range *range)
{
	enum status st;

	st = await_range(gather, range);
	while (st == STATUS_OK && goes_on(gather)) {
		if (!take_range(gather, range)) {
			st = await_crew(gather);
			if (st != STATUS_OK || !take_back(gather, range))
				break;
		}
		ask(range, gather->d->client->remote);
		st = await_range(gather, range);
	}
	return st;
}

static unsigned int
members(const struct gather *gather)
{
	const struct download *d = gather->d;
	uint64_t left, ranges;

	left = d->size > gather->next ? d->size - gather->next : 0;
	ranges = (left + RANGE_LEAST - 1) / RANGE_LEAST;
	return ranges < d->segments - 1 ? (unsigned int)ranges :
	    d->segments - 1;
}

static enum status
fetch_by_all(struct gather *gather, struct range *range)
{
	const struct crew_work work = { .run = fetch_ranges, .end = end_range,
	    .owner = gather, .may_be_fewer = true };
	struct client *client = gather->d->client;
	enum status st, theirs;

	gather->next = range->end;
	st = crew_begin(&gather->crew, &client->revive, members(gather),
	    &work);
	if (st != STATUS_OK) {
		call_fail(&range->call, st);
		return remote_wait(client->remote, &range->call);
	}
	st = fetch_own(gather, range);
	gather->d->gave_up = crew_has_failed(gather->crew);
	/* Ours may be no more than the consequence of theirs. */
	theirs = crew_end(gather->crew);
	return theirs != STATUS_OK &&
	    (st == STATUS_OK || st == STATUS_CANCELLED) ? theirs : st;
}

/* What is here and wrong goes first: a hole is not sent. */
static enum status
clear_rest(const struct download *d)
{
	uint64_t at = 0, end, length = part_length(d->part);
	enum status st = STATUS_OK;

	for (; at < length && st == STATUS_OK; at = end) {
		end = at + DIGEST_PIECE;
		if (!is_held(d, at))
			st = part_clear(d->part, at, end);
	}
	return st;
}

static enum status
fetch_first(struct gather *gather, struct range *range)
{
	struct download *d = gather->d;
	struct remote *remote = d->client->remote;
	enum status st = STATUS_OK;

	while (is_held(d, range->first))
		range->first += DIGEST_PIECE;
	/* The last one is held, and ends before its MiB does. */
	if (d->has_version && range->first > d->proved)
		range->first = d->proved;
	range->end = range->first;
	while (range->end - range->first < RANGE_LEAST &&
	    !is_held(d, range->end))
		range->end += DIGEST_PIECE;
	ask(range, remote);
	while (!range->begun && !range->call.done && st == STATUS_OK &&
	    !remote_is_interrupted(remote))
		st = remote_wait_fd(remote, &range->call, -1);
	if (!range->begun)
		return remote_wait(remote, &range->call);
	progress_begin(&d->progress, d->board,
	    d->path, d->size);
	st = fetch_by_all(gather, range);
	progress_end(&d->progress);
	if (gather->next > d->fetched)
		d->fetched = gather->next;
	return st;
}

enum status
download_segments(struct download *d)
{
	struct gather gather = { .d = d };
	struct range range = { .gather = &gather };
	enum status st;

	if ((st = clear_rest(d)) != STATUS_OK)
		return st;
	pthread_mutex_init(&gather.mutex, NULL);
	st = fetch_first(&gather, &range);
	pthread_mutex_destroy(&gather.mutex);
	digest_drop(range.digest);
	return st;
}
