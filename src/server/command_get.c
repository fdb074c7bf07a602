/* SPDX-License-Identifier: ISC */
/* The command get: a producer of a file's bytes, whole or a range. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "outflow.h"
#include "waiter.h"

struct get_producer {
	struct producer	 producer;
	struct waiter	 waiter;	/* with the path; before it begins */
	struct in_place_want want;
	struct outflow	 flow;		/* holds the lock on the range */
	bool		 finished;	/* the audit's line is written */
};

static void
get_audit(struct get_producer *get, enum status outcome,
    const uint8_t *digest)
{
	struct audit_event event = { .verb = "get", .path = get->waiter.path,
	    .has_bytes = true, .began_us = get->waiter.began_us,
	    .digest = digest, .outcome = outcome };

	event.bytes = outflow_sent(&get->flow);
	get->finished = true;
	audit(&get->waiter.who, &event);
}

static void
get_free(struct producer *producer)
{
	struct get_producer *get = (struct get_producer *)producer;

	if (!get->finished)
		get_audit(get, STATUS_CANCELLED, NULL);
	outflow_close(&get->flow);
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

static enum pull
get_done(struct get_producer *get, struct answer *answer)
{
	struct outcome outcome = { .has_content = true,
	    .size = get->flow.total };
	enum status st;

	st = outflow_end(&get->flow, outcome.digest);
	if (st != STATUS_OK)
		return get_failed(get, answer, st);
	version_of(outcome.version, &get->flow.file.st);
	answer_ok(answer, &outcome);
	get_audit(get, STATUS_OK, outcome.digest);
	return PULL_DONE;
}

static enum pull
get_pull(struct producer *producer, struct answer *answer)
{
	struct get_producer *get = (struct get_producer *)producer;
	enum status st;
	bool is_out;

	st = outflow_pull(&get->flow, answer, &is_out);
	if (st != STATUS_OK)
		return get_failed(get, answer, st);
	return is_out ? get_done(get, answer) : PULL_AGAIN;
}

static void
get_stalled(struct producer *producer)
{
	outflow_stalled(&((struct get_producer *)producer)->flow);
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
	st = in_place_open(&get->flow.file, &waiter->place, waiter->path,
	    &get->want);
	if (st == STATUS_OK)
		st = outflow_begin(&get->flow, waiter->line);
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
	command_facts(&facts, strrchr(waiter->path, '/') + 1,
	    &get->flow.file.st);
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
	get->flow.file.fd = -1;
	st = waiter_init(&get->waiter, caller, request);
	get->waiter.ops = &waiting;
	want_of_request(&get->want, request);
	if (st == STATUS_OK && request->wait > 0)
		get_claim(get);
	waiter_run(&get->waiter, caller, st);
}
