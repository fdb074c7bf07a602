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

#define STEP_BYTES	(4u << 20)	/* of one pull, or */
#define STEP_US		2000
#define PIECE		262144u

struct sum_producer {
	struct producer	 producer;
	struct audit_who who;
	char		*path;		/* owned; clean */
	uint64_t	 began_us;
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
	audit(&sum->who, &(struct audit_event){ .verb = "sum",
	    .path = sum->path, .has_bytes = true,
	    .bytes = sum->at - sum->file.start, .began_us = sum->began_us,
	    .outcome = outcome });
}

static void
sum_free(struct producer *producer)
{
	struct sum_producer *sum = (struct sum_producer *)producer;

	if (!sum->is_told)
		sum_audit(sum, STATUS_CANCELLED);
	in_place_close(&sum->file);
	sum_drop(sum->sum);
	free(sum->path);
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

static enum status
begin(struct sum_producer *sum, struct caller *caller,
    const struct request *request)
{
	struct in_place_want want = { .use = IN_PLACE_READ,
	    .offset = request->has_offset ? request->offset : 0,
	    .has_length = request->has_length, .length = request->length };
	char path[WALK_PATH_ROOM];
	enum status st;

	if ((st = command_path(path, caller, &request->path)) != STATUS_OK)
		return st;
	if ((sum->path = strdup(path)) == NULL)
		return STATUS_NO_MEMORY;
	st = sum_begin(&sum->sum, request->method.at, request->method.len);
	if (st != STATUS_OK)
		return st;
	st = in_place_open(&sum->file, &caller->place, path, &want);
	if (st != STATUS_OK)
		return st;
	sum->at = sum->file.start;
	sum->end = sum->at + sum->file.length;
	return STATUS_OK;
}

void
command_sum(struct caller *caller, const struct request *request)
{
	static const struct producer_ops ops = { sum_pull, sum_free };
	struct sum_producer *sum;
	enum status st;

	if ((sum = calloc(1, sizeof(*sum))) == NULL) {
		answer_error(caller->answer, STATUS_NO_MEMORY);
		return;
	}
	sum->producer.ops = &ops;
	sum->who = *caller->who;
	sum->began_us = clock_us();
	sum->file.fd = -1;
	if ((st = begin(sum, caller, request)) != STATUS_OK) {
		answer_error(caller->answer, st);
		sum_audit(sum, st);
		sum_free(&sum->producer);
		return;
	}
	answer_produce(caller->answer, &sum->producer);
}
