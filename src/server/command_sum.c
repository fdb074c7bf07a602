/* SPDX-License-Identifier: ISC */
/* The command sum: digests that other programs know, made in steps. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "in_place.h"
#include "sum.h"
#include "waiter.h"

#define STEP_BYTES	(4u << 20)	/* of one pull, or */
#define STEP_US		2000
#define PIECE		262144u

struct sum_producer {
	struct producer	 producer;
	struct waiter	 waiter;	/* with the path; before it begins */
	struct in_place_want want;
	struct in_place	 file;		/* holds the lock on the range */
	uint64_t	 at, end;
	struct sum	*sum;		/* owned */
	bool		 is_told;	/* in the audit */
	uint8_t		 piece[PIECE];
};

static void
sum_audit(struct sum_producer *sum, enum status outcome)
{
	sum->is_told = true;
	audit(&sum->waiter.who, &(struct audit_event){ .verb = "sum",
	    .path = sum->waiter.path, .has_bytes = true,
	    .bytes = sum->at - sum->file.start,
	    .began_us = sum->waiter.began_us, .outcome = outcome });
}

static void
sum_free(struct producer *producer)
{
	struct sum_producer *sum = (struct sum_producer *)producer;

	if (!sum->is_told)
		sum_audit(sum, STATUS_CANCELLED);
	waiter_close(&sum->waiter, &sum->file);
	sum_drop(sum->sum);
	waiter_clear(&sum->waiter);
	free(sum);
}

static enum status
read_piece(struct sum_producer *sum)
{
	uint64_t left = sum->end - sum->at;
	ssize_t n;

	do
		n = pread(sum->file.fd, sum->piece,
		    left < PIECE ? (size_t)left : PIECE, (off_t)sum->at);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return status_errno("read");
	if (n == 0)
		return status_set(STATUS_CHANGED,
		    "the file was cut short while it was read");
	sum->at += (uint64_t)n;
	return sum_update(sum->sum, sum->piece, (size_t)n);
}

static enum status
check_unchanged(const struct sum_producer *sum)
{
	const struct stat *was = &sum->file.st;
	struct stat now;

	if (fstat(sum->file.fd, &now) == -1)
		return status_errno("read");
	if (now.st_size != was->st_size ||
	    now.st_mtim.tv_sec != was->st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != was->st_mtim.tv_nsec)
		return status_set(STATUS_CHANGED,
		    "the file was changed while it was read");
	return STATUS_OK;
}

static enum pull
sum_done(struct sum_producer *sum, struct answer *answer, enum status st)
{
	struct outcome outcome = { .has_size = true, .has_version = true };
	uint8_t bytes[SUM_MOST];

	if (st == STATUS_OK)
		st = check_unchanged(sum);
	if (st == STATUS_OK)
		st = sum_end(sum->sum, bytes, &outcome.sum_len);
	sum_audit(sum, st);
	if (st != STATUS_OK) {
		answer_error(answer, st);
		return PULL_DONE;
	}
	outcome.sum = bytes;
	outcome.size = sum->at - sum->file.start;
	version_of(outcome.version, &sum->file.st);
	answer_ok(answer, &outcome);
	return PULL_DONE;
}

static enum pull
sum_pull(struct producer *producer, struct answer *answer)
{
	struct sum_producer *sum = (struct sum_producer *)producer;
	uint64_t ends = clock_us() + STEP_US, until = sum->at + STEP_BYTES;
	enum status st = STATUS_OK;

	while (st == STATUS_OK && sum->at < sum->end && sum->at < until &&
	    clock_us() < ends)
		st = read_piece(sum);
	if (st == STATUS_OK && sum->at < sum->end)
		return PULL_ON;
	return sum_done(sum, answer, st);
}

static struct sum_producer *
of_waiter(struct waiter *waiter)
{
	return (struct sum_producer *)((char *)waiter -
	    offsetof(struct sum_producer, waiter));
}

static void
sum_claim(struct sum_producer *sum)
{
	waiter_claim(&sum->waiter, &(struct lock_claim_wish){
	    .start = sum->want.offset, .length = sum->want.has_length ?
	    sum->want.length : 0, .kind = RANGE_LOCK_SHARED });
}

static enum status
sum_attempt(struct waiter *waiter, struct kit *kit)
{
	struct sum_producer *sum = of_waiter(waiter);
	enum status st;

	(void)kit;
	st = in_place_open(&sum->file, &waiter->place, waiter->path,
	    &sum->want);
	if (st == STATUS_LOCKED && waiter->seconds > 0)
		sum_claim(sum);
	sum->at = sum->file.start;
	sum->end = sum->at + sum->file.length;
	return st;
}

static void
sum_resume(struct waiter *waiter, struct answer *answer, enum status st)
{
	struct sum_producer *sum = of_waiter(waiter);

	if (st == STATUS_OK) {
		answer_produce(answer, &sum->producer);
		return;
	}
	answer_error(answer, st);
	sum_audit(sum, st);
	sum_free(&sum->producer);
}

static void
sum_forget(struct waiter *waiter)
{
	sum_free(&of_waiter(waiter)->producer);
}

void
command_sum(struct caller *caller, const struct request *request)
{
	static const struct producer_ops producing = { sum_pull, sum_free };
	static const struct waiter_ops waiting = { sum_attempt, sum_resume,
	    sum_forget };
	struct sum_producer *sum;
	enum status st;

	if ((sum = calloc(1, sizeof(*sum))) == NULL) {
		answer_error(caller->answer, STATUS_NO_MEMORY);
		return;
	}
	sum->producer.ops = &producing;
	sum->file.fd = -1;
	st = waiter_init(&sum->waiter, caller, request);
	sum->waiter.ops = &waiting;
	sum->want.use = IN_PLACE_READ;
	sum->want.offset = request->has_offset ? request->offset : 0;
	sum->want.has_length = request->has_length;
	sum->want.length = request->length;
	if (st == STATUS_OK)
		st = sum_begin(&sum->sum, request->method.at,
		    request->method.len);
	if (st == STATUS_OK && request->wait > 0)
		sum_claim(sum);
	waiter_run(&sum->waiter, caller, st);
}
