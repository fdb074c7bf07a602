/* SPDX-License-Identifier: ISC */
/* Commands that change a file where it is: append, write, truncate. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "in_place.h"
#include "upload.h"
#include "waiter.h"

static void
want_of_request(struct in_place_want *want, enum in_place_use use,
    const struct request *request)
{
	memset(want, 0, sizeof(*want));
	want->use = use;
	want->offset = use == IN_PLACE_TRUNCATE ? request->size :
	    request->offset;
	want->has_length = request->has_length;
	want->length = request->length;
	want->if_absent = request->if_absent;
	want->if_version = request->if_version;
	memcpy(want->version, request->version, sizeof(want->version));
}

/* A truncation, which may have to wait for locks. */
struct truncate_waiter {
	struct waiter	 waiter;
	struct in_place_want want;
	struct outcome	 outcome;
};

static void
truncate_claim(struct truncate_waiter *it)
{
	struct stat sb;
	uint64_t start = it->want.offset;

	if (walk_stat(&sb, &it->waiter.place, it->waiter.path) == STATUS_OK &&
	    (uint64_t)sb.st_size < start)
		start = (uint64_t)sb.st_size;
	waiter_claim(&it->waiter, &(struct lock_claim_wish){
	    .start = start, .kind = RANGE_LOCK_EXCLUSIVE });
}

static enum status
truncate_open(struct in_place *file, uint64_t size, struct outcome *outcome,
    const char *path)
{
	struct stat sb;
	enum status st;

	if ((st = in_place_reserve(file, size)) != STATUS_OK)
		return st;
	if (ftruncate(file->fd, (off_t)size) == -1)
		return status_errno("%s", path);
	if ((st = in_place_flush(file)) != STATUS_OK)
		return st;
	if (fstat(file->fd, &sb) == -1)
		return status_errno("%s", path);
	outcome->has_size = outcome->has_version = true;
	outcome->size = (uint64_t)sb.st_size;
	version_of(outcome->version, &sb);
	return STATUS_OK;
}

static enum status
truncate_attempt(struct waiter *waiter, struct kit *kit)
{
	struct truncate_waiter *it = (struct truncate_waiter *)waiter;
	struct in_place file;
	enum status st;

	(void)kit;
	if (it->want.offset > UPLOAD_MOST)
		return status_set(STATUS_TOO_LARGE, "%s: too large",
		    waiter->path);
	st = in_place_open(&file, &waiter->place, waiter->path, &it->want);
	if (st == STATUS_OK) {
		st = truncate_open(&file, it->want.offset, &it->outcome,
		    waiter->path);
		waiter_close(waiter, &file);
	} else if (st == STATUS_LOCKED && waiter->seconds > 0)
		truncate_claim(it);
	return st;
}

static void
truncate_free(struct waiter *waiter)
{
	waiter_clear(waiter);
	free(waiter);
}

static void
truncate_resume(struct waiter *waiter, struct answer *answer, enum status st)
{
	struct truncate_waiter *it = (struct truncate_waiter *)waiter;

	if (st == STATUS_OK)
		answer_ok(answer, &it->outcome);
	else
		answer_error(answer, st);
	audit(&waiter->who, &(struct audit_event){ .verb = "truncate",
	    .path = waiter->path, .began_us = waiter->began_us,
	    .outcome = st });
	truncate_free(waiter);
}

void
command_truncate(struct caller *caller, const struct request *request)
{
	static const struct waiter_ops ops = { truncate_attempt,
	    truncate_resume, truncate_free };
	struct truncate_waiter *it;
	enum status st;

	if ((it = calloc(1, sizeof(*it))) == NULL) {
		answer_error(caller->answer, STATUS_NO_MEMORY);
		return;
	}
	st = waiter_init(&it->waiter, caller, request);
	it->waiter.ops = &ops;
	want_of_request(&it->want, IN_PLACE_TRUNCATE, request);
	if (st == STATUS_OK)
		waiter_set_flushes(&it->waiter);
	if (st == STATUS_OK && request->wait > 0)
		truncate_claim(it);
	waiter_run(&it->waiter, caller, st);
}

/* An append or a write whose content is on its way. */
struct in_place_consumer {
	struct consumer	 consumer;
	struct waiter	 waiter;	/* with the path; until it begins, and
					 * again once it is flushed */
	unsigned int	 uses;		/* by face and waiter */
	struct in_place_want want;
	struct answer	*answer;	/* borrowed; outlives this */
	const char	*verb;
	struct in_place	 file;
	uint64_t	 base;		/* where offset 0 of the data lies */
	uint64_t	 at;		/* the offset of the next byte */
	uint64_t	 first;		/* of the first one */
	bool		 has_most;
	uint64_t	 most;		/* bytes that may come */
	struct digest	*digest;	/* owned; NULL once it has ended */
	struct outcome	 result;
	enum status	 outcome;
};

static void
consumer_audit(const struct in_place_consumer *it, const uint8_t *digest)
{
	audit(&it->waiter.who, &(struct audit_event){ .verb = it->verb,
	    .path = it->waiter.path, .has_bytes = true,
	    .bytes = it->at - it->first, .began_us = it->waiter.began_us,
	    .digest = digest, .outcome = it->outcome });
}

static enum status
take_bytes(struct in_place_consumer *it, uint64_t offset, const void *bytes,
    size_t len)
{
	enum status st;

	if (offset != it->at)
		return status_set(STATUS_BAD_REQUEST,
		    "bytes must come without gaps");
	if (it->has_most && len > it->most - (it->at - it->first))
		return status_set(STATUS_SIZE,
		    "more has come than was announced");
	if (it->base + offset > UPLOAD_MOST ||
	    len > UPLOAD_MOST - (it->base + offset))
		return status_set(STATUS_TOO_LARGE, "too large");
	st = in_place_write(&it->file, it->base + offset, bytes, len);
	if (st != STATUS_OK)
		return st;
	digest_update(it->digest, bytes, len);
	it->at += len;
	return STATUS_OK;
}

/* What fails before its OK is not to be there twice once it is tried again. */
static enum status
take_back(struct in_place_consumer *it, enum status st)
{
	return it->want.use == IN_PLACE_APPEND ?
	    in_place_take_back(&it->file, st) : st;
}

static enum status
consumer_feed(struct consumer *consumer, uint64_t offset, const void *bytes,
    size_t len)
{
	struct in_place_consumer *it = (struct in_place_consumer *)consumer;
	enum status st;

	if ((st = take_bytes(it, offset, bytes, len)) != STATUS_OK)
		it->outcome = st = take_back(it, st);
	return st;
}

static enum status
check(struct in_place_consumer *it, uint64_t size,
    const uint8_t digest[DIGEST_SIZE])
{
	if (size != it->at - it->first || (it->has_most && size != it->most))
		return status_set(STATUS_SIZE,
		    "the size is not what was announced");
	digest_end(it->digest, it->result.digest);
	it->digest = NULL;
	if (memcmp(it->result.digest, digest, DIGEST_SIZE) != 0)
		return status_set(STATUS_DIGEST,
		    "the content does not match its digest");
	return STATUS_OK;
}

static void
consumer_free(struct consumer *consumer)
{
	struct in_place_consumer *it = (struct in_place_consumer *)consumer;

	if (--it->uses > 0)
		return;
	if (it->outcome != STATUS_OK)
		consumer_audit(it, NULL);
	waiter_close(&it->waiter, &it->file);
	digest_drop(it->digest);
	waiter_clear(&it->waiter);
	free(it);
}

static struct in_place_consumer *
of_waiter(struct waiter *waiter)
{
	return (struct in_place_consumer *)((char *)waiter -
	    offsetof(struct in_place_consumer, waiter));
}

/* The locks end with the flush, before the client hears of it. */
static enum status
flush_attempt(struct waiter *waiter, struct kit *kit)
{
	struct in_place_consumer *it = of_waiter(waiter);
	struct stat sb;
	enum status st;

	(void)kit;
	if ((st = in_place_flush(&it->file)) == STATUS_OK &&
	    fstat(it->file.fd, &sb) == -1)
		st = status_errno("%s", waiter->path);
	if (st != STATUS_OK)
		return take_back(it, st);
	it->result.has_content = true;
	it->result.size = (uint64_t)sb.st_size;
	version_of(it->result.version, &sb);
	waiter_close(waiter, &it->file);
	return STATUS_OK;
}

static void
flush_resume(struct waiter *waiter, struct answer *answer, enum status st)
{
	struct in_place_consumer *it = of_waiter(waiter);

	it->outcome = st;
	if (st == STATUS_OK) {
		consumer_audit(it, it->result.digest);
		answer_ok(answer, &it->result);
	} else
		answer_error(answer, st);
	consumer_free(&it->consumer);
}

static void
consumer_drop(struct waiter *waiter)
{
	consumer_free(&of_waiter(waiter)->consumer);
}

static enum status
consumer_commit(struct consumer *consumer, uint64_t size,
    const uint8_t digest[DIGEST_SIZE])
{
	static const struct waiter_ops flushing = { flush_attempt,
	    flush_resume, consumer_drop };
	struct in_place_consumer *it = (struct in_place_consumer *)consumer;

	it->outcome = check(it, size, digest);
	if (it->outcome != STATUS_OK)
		return it->outcome;
	it->outcome = STATUS_CANCELLED;	/* until it is flushed */
	it->uses++;
	it->waiter.ops = &flushing;
	it->waiter.is_upload = false;
	it->waiter.seconds = 0;		/* it has its locks */
	waiter_set_flushes(&it->waiter);
	waiter_go_on(&it->waiter, it->answer);
	return STATUS_OK;
}

/* For the order of those that wait. */
static void
consumer_claim(struct in_place_consumer *it)
{
	struct lock_claim_wish wish = { .start = it->want.offset,
	    .length = it->want.has_length ? it->want.length : 0,
	    .kind = RANGE_LOCK_EXCLUSIVE };
	struct stat sb;

	if (it->want.use == IN_PLACE_APPEND && walk_stat(&sb,
	    &it->waiter.place, it->waiter.path) == STATUS_OK)
		wish.start = (uint64_t)sb.st_size;
	waiter_claim(&it->waiter, &wish);
}

static enum status
consumer_attempt(struct waiter *waiter, struct kit *kit)
{
	struct in_place_consumer *it = of_waiter(waiter);
	bool appends = it->want.use == IN_PLACE_APPEND;
	enum status st;

	(void)kit;
	if (!appends && it->want.offset > UPLOAD_MOST)
		return status_set(STATUS_TOO_LARGE, "%s: too large",
		    waiter->path);
	st = in_place_open(&it->file, &waiter->place, waiter->path, &it->want);
	if (st == STATUS_LOCKED && waiter->seconds > 0)
		consumer_claim(it);
	if (st != STATUS_OK)
		return st;
	it->base = appends ? it->file.start : 0;
	it->first = it->at = appends ? 0 : it->want.offset;
	if ((it->digest = digest_begin(it->first)) == NULL)
		return STATUS_NO_MEMORY;
	return STATUS_OK;
}

static void
consumer_resume(struct waiter *waiter, struct answer *answer, enum status st)
{
	struct in_place_consumer *it = of_waiter(waiter);

	it->outcome = st;
	if (st != STATUS_OK) {
		answer_error(answer, st);
		consumer_free(&it->consumer);
		return;
	}
	it->outcome = STATUS_CANCELLED;	/* until it is committed */
	answer_consume(answer, &it->consumer);
}

static void
begin_consumer(struct caller *caller, const struct request *request,
    const char *verb)
{
	static const struct consumer_ops consuming = { consumer_feed,
	    consumer_commit, consumer_free, NULL };
	static const struct waiter_ops waiting = { consumer_attempt,
	    consumer_resume, consumer_drop };
	bool appends = request->verb == VERB_APPEND;
	struct in_place_consumer *it;
	enum status st;

	if ((it = calloc(1, sizeof(*it))) == NULL) {
		answer_error(caller->answer, STATUS_NO_MEMORY);
		return;
	}
	st = waiter_init(&it->waiter, caller, request);
	it->waiter.ops = &waiting;
	it->waiter.is_upload = true;
	it->waiter.chained = request->chained;
	it->consumer.ops = &consuming;
	it->uses = 1;
	it->answer = caller->answer;
	it->verb = verb;
	it->file.fd = -1;
	it->outcome = STATUS_CANCELLED;
	want_of_request(&it->want, appends ? IN_PLACE_APPEND : IN_PLACE_WRITE,
	    request);
	it->has_most = appends ? request->has_size : it->want.has_length;
	it->most = appends ? request->size : it->want.length;
	if (st == STATUS_OK && request->wait > 0)
		consumer_claim(it);
	waiter_run(&it->waiter, caller, st);
}

void
command_append(struct caller *caller, const struct request *request)
{
	begin_consumer(caller, request, "append");
}

void
command_write(struct caller *caller, const struct request *request)
{
	begin_consumer(caller, request, "write");
}
