/* SPDX-License-Identifier: ISC */
/* The command get: a producer of a file's bytes, whole or a range. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "in_place.h"
#include "upload.h"
#include "waiter.h"

struct get_producer {
	struct producer	 producer;
	struct waiter	 waiter;	/* with the path; before it begins */
	struct in_place_want want;
	struct in_place	 file;		/* holds the lock on the range, and
					 * the stat of when the get began */
	bool		 is_sparse;
	struct digest	*digest;	/* owned; NULL once it has ended */
	uint64_t	 at, end;	/* the range that is left */
	uint64_t	 data_end;	/* no hole up to here */
	uint64_t	 total;		/* bytes of the range */
	bool		 finished;	/* the audit's line is written */
	bool		 stalled;	/* once: nothing is locked any more */
};

static void
get_audit(struct get_producer *get, enum status outcome,
    const uint8_t *digest)
{
	struct audit_event event = { .verb = "get", .path = get->waiter.path,
	    .has_bytes = true, .began_us = get->waiter.began_us,
	    .digest = digest, .outcome = outcome };

	event.bytes = get->total - (get->end - get->at);
	get->finished = true;
	audit(&get->waiter.who, &event);
}

/* Let go of the lock, and tell those who wait for it. */
static void
give_back(struct get_producer *get)
{
	if (get->file.fd == -1 || get->file.length == 0)
		return;
	own_hold_release(&get->file.hold);
	lock_line_wake(get->waiter.line, get->file.st.st_dev,
	    get->file.st.st_ino);
}

static void
get_free(struct producer *producer)
{
	struct get_producer *get = (struct get_producer *)producer;

	if (!get->finished)
		get_audit(get, STATUS_CANCELLED, NULL);
	digest_drop(get->digest);
	give_back(get);
	in_place_close(&get->file);
	waiter_clear(&get->waiter);
	free(get);
}

static enum pull
get_failed(struct get_producer *get, struct answer *answer, enum status st)
{
	answer_error(answer, st);
	get_audit(get, st, NULL);
	return PULL_DONE;
}

/* Step over a hole at the current place, and find the end of the data. */
static enum status
find_data(struct get_producer *get)
{
	off_t data, hole;

	if (!get->is_sparse) {
		get->data_end = get->end;
		return STATUS_OK;
	}
	data = lseek(get->file.fd, (off_t)get->at, SEEK_DATA);
	if (data == -1 && errno == ENXIO)
		data = (off_t)get->end;
	if (data == -1)
		return status_errno("read");
	if ((uint64_t)data > get->end)
		data = (off_t)get->end;
	digest_skip(get->digest, (uint64_t)data - get->at);
	get->at = get->data_end = (uint64_t)data;
	if (get->at == get->end)
		return STATUS_OK;
	if ((hole = lseek(get->file.fd, data, SEEK_HOLE)) == -1)
		return status_errno("read");
	get->data_end = (uint64_t)hole < get->end ? (uint64_t)hole : get->end;
	return STATUS_OK;
}

/* Has the content been changed since the get began? */
static enum status
check_unchanged(const struct get_producer *get)
{
	struct stat now;

	if (fstat(get->file.fd, &now) == -1)
		return status_errno("read");
	if (now.st_size != get->file.st.st_size ||
	    now.st_mtim.tv_sec != get->file.st.st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != get->file.st.st_mtim.tv_nsec)
		return status_set(STATUS_CHANGED,
		    "the file was changed while it was read");
	return STATUS_OK;
}

static enum pull
get_done(struct get_producer *get, struct answer *answer)
{
	struct outcome outcome = { .has_content = true, .size = get->total };
	enum status st;

	if ((st = check_unchanged(get)) != STATUS_OK)
		return get_failed(get, answer, st);
	version_of(outcome.version, &get->file.st);
	digest_end(get->digest, outcome.digest);
	get->digest = NULL;
	answer_ok(answer, &outcome);
	get_audit(get, STATUS_OK, outcome.digest);
	return PULL_DONE;
}

static enum pull
get_pull(struct producer *producer, struct answer *answer)
{
	struct get_producer *get = (struct get_producer *)producer;
	enum status st;
	size_t room;
	ssize_t n;
	void *bytes;

	if (get->stalled && (st = check_unchanged(get)) != STATUS_OK)
		return get_failed(get, answer, st);
	while (get->at < get->end) {
		if (get->at == get->data_end) {
			if ((st = find_data(get)) != STATUS_OK)
				return get_failed(get, answer, st);
			continue;
		}
		if ((bytes = answer_data_room(answer, &room)) == NULL)
			return PULL_AGAIN;
		if (room > get->data_end - get->at)
			room = (size_t)(get->data_end - get->at);
		n = pread(get->file.fd, bytes, room, (off_t)get->at);
		if (n == -1)
			return get_failed(get, answer, status_errno("read"));
		if (n == 0)
			return get_failed(get, answer,
			    status_set(STATUS_CHANGED,
			    "the file was cut short while it was read"));
		digest_update(get->digest, bytes, (size_t)n);
		answer_data(answer, get->at, (size_t)n);
		get->at += (uint64_t)n;
	}
	return get_done(get, answer);
}

/*
 * Who does not take what was asked for keeps nobody from writing: the get goes
 * on if the file is the same at the next pull.
 */
static void
get_stalled(struct producer *producer)
{
	struct get_producer *get = (struct get_producer *)producer;

	give_back(get);
	get->stalled = true;
}

/* The file is open, and locked as the get wants it. */
static enum status
get_prepare(struct get_producer *get)
{
	get->at = get->data_end = get->file.start;
	get->total = get->file.length;
	get->end = get->at + get->total;
	/* A hole of more would keep a worker busy with digesting zeros. */
	if (get->total > UPLOAD_MOST)
		return status_set(STATUS_TOO_LARGE,
		    "more than 16 TiB at once: ask for ranges");
	get->is_sparse = (uint64_t)get->file.st.st_blocks * 512 <
	    (uint64_t)get->file.st.st_size;
	if ((get->digest = digest_begin(get->at)) == NULL)
		return STATUS_NO_MEMORY;
	return STATUS_OK;
}

static struct get_producer *
of_waiter(struct waiter *waiter)
{
	return (struct get_producer *)((char *)waiter -
	    offsetof(struct get_producer, waiter));
}

static void
get_claim(struct get_producer *get)
{
	waiter_claim(&get->waiter, &(struct lock_claim_wish){
	    .start = get->want.offset, .length = get->want.has_length ?
	    get->want.length : 0, .kind = RANGE_LOCK_SHARED });
}

static enum status
get_attempt(struct waiter *waiter, struct kit *kit)
{
	struct get_producer *get = of_waiter(waiter);
	enum status st;

	(void)kit;
	st = in_place_open(&get->file, &waiter->place, waiter->path,
	    &get->want);
	if (st == STATUS_OK)
		st = get_prepare(get);
	else if (st == STATUS_LOCKED && waiter->seconds > 0)
		get_claim(get);
	return st;
}

static void
get_resume(struct waiter *waiter, struct answer *answer, enum status st)
{
	struct get_producer *get = of_waiter(waiter);
	struct file_facts facts;

	if (st != STATUS_OK) {
		(void)get_failed(get, answer, st);
		get_free(&get->producer);
		return;
	}
	command_facts(&facts, strrchr(waiter->path, '/') + 1, &get->file.st);
	answer_begun_get(answer, &facts);
	answer_produce(answer, &get->producer);
}

static void
get_drop(struct waiter *waiter)
{
	get_free(&of_waiter(waiter)->producer);
}

static void
want_of_request(struct in_place_want *want, const struct request *request)
{
	want->use = IN_PLACE_READ;
	want->offset = request->has_offset ? request->offset : 0;
	want->has_length = request->has_length;
	want->length = request->length;
	want->if_version = request->if_version;
	memcpy(want->version, request->version, sizeof(want->version));
}

void
command_get(struct caller *caller, const struct request *request)
{
	static const struct producer_ops producing = { get_pull, get_free };
	static const struct waiter_ops waiting = { get_attempt, get_resume,
	    get_drop };
	struct get_producer *get;
	enum status st;

	if ((get = calloc(1, sizeof(*get))) == NULL) {
		answer_error(caller->answer, STATUS_NO_MEMORY);
		return;
	}
	get->producer.ops = &producing;
	get->producer.stalled = get_stalled;
	get->file.fd = -1;
	st = waiter_init(&get->waiter, caller, request);
	get->waiter.ops = &waiting;
	want_of_request(&get->want, request);
	if (st == STATUS_OK && request->wait > 0)
		get_claim(get);
	waiter_run(&get->waiter, caller, st);
}
