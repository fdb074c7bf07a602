/* SPDX-License-Identifier: ISC */
/* The command put: a consumer of a file's bytes, committed with its batch. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "batch_former.h"
#include "blind.h"
#include "clock.h"
#include "command.h"
#include "parcel.h"
#include "put_have.h"

struct put_consumer {
	struct consumer	 consumer;
	struct batch_former *former;	/* borrowed */
	struct upload	*upload;	/* owned until the commit */
	struct batch_entry entry;
	struct audit_who who;
	enum status	 outcome;	/* if it ends before its commit */
};

static enum status
put_feed(struct consumer *consumer, uint64_t offset, const void *bytes,
    size_t len)
{
	struct put_consumer *put = (struct put_consumer *)consumer;

	enum status st;

	st = upload_write(put->upload, offset, bytes, len);
	if (st != STATUS_OK)
		put->outcome = st;
	return st;
}

static enum status
put_commit(struct consumer *consumer, uint64_t size,
    const uint8_t digest[DIGEST_SIZE])
{
	struct put_consumer *put = (struct put_consumer *)consumer;
	enum status st;

	put->entry.upload = put->upload;
	put->entry.who = &put->who;
	if ((st = upload_seal(put->upload, size, digest)) == STATUS_OK)
		st = batch_former_add(put->former, &put->entry);
	if (st == STATUS_OK)
		put->upload = NULL;
	else
		put->outcome = st;
	return st;
}

/* The digest of a segment is good: nothing of it is published yet. */
static enum status
put_end_segment(struct consumer *consumer, uint64_t size,
    const uint8_t digest[DIGEST_SIZE])
{
	struct put_consumer *put = (struct put_consumer *)consumer;

	put->outcome = upload_end_segment(put->upload, size, digest);
	return put->outcome;
}

static void
put_abort(struct consumer *consumer)
{
	struct put_consumer *put = (struct put_consumer *)consumer;

	upload_abandon(put->upload);
}

static void
put_free(struct consumer *consumer)
{
	struct put_consumer *put = (struct put_consumer *)consumer;

	/* Of a folder that is sent as one only the end is told. */
	if (put->upload != NULL && upload_place(put->upload)->parcel == NULL)
		audit(&put->who, &(struct audit_event){
		    .verb = put->consumer.ends_at_commit ? "segment" : "put",
		    .path = upload_path(put->upload), .has_bytes = true,
		    .bytes = upload_received(put->upload),
		    .upload_id = upload_is_long(put->upload) ?
		    upload_id(put->upload) : NULL, .outcome = put->outcome });
	upload_free(put->upload);
	free(put);
}

/*
 * --- Beginning --------------------------------------------------------------
 */

static void
plan_of_request(struct upload_plan *plan, const struct request *request,
    const struct caller *caller)
{
	memset(plan, 0, sizeof(*plan));
	plan->user = caller->who->user;
	plan->has_size = request->has_size;
	plan->size = request->size;
	plan->has_mode = request->has_mode;
	plan->mode = request->mode;
	plan->has_mtime = request->has_mtime;
	plan->mtime = request->mtime;
	plan->taken = blind_taken(caller, (enum upload_taken)request->taken);
	plan->if_absent = request->if_absent;
	plan->if_version = request->if_version;
	memcpy(plan->version, request->version, sizeof(plan->version));
}

static enum status
put_open(struct put_consumer *put, struct caller *caller,
    const struct upload_plan *plan)
{
	const struct folder *folder;
	enum status st;

	st = batch_former_prepare(caller->former, caller->who, &caller->place,
	    plan->path, &folder);
	if (st != STATUS_OK)
		return st;
	return upload_begin(&put->upload, &caller->place, folder, plan);
}

/* One that comes twice takes the place of the first. */
static enum status
put_member(struct put_consumer *put, struct caller *caller,
    const struct request *request, char path[WALK_PATH_ROOM])
{
	struct upload_plan plan;
	enum status st;

	st = parcel_member_path(path, request->path.at, request->path.len);
	if (st != STATUS_OK)
		return st;
	plan_of_request(&plan, request, caller);
	plan.taken = UPLOAD_REPLACE;
	plan.path = path;
	return put_open(put, caller, &plan);
}

static enum status
put_begin(struct put_consumer *put, struct caller *caller,
    const struct request *request, char path[WALK_PATH_ROOM])
{
	struct upload_plan plan;
	enum status st;

	if (request->has_tree)
		return put_member(put, caller, request, path);
	if ((st = command_path(path, caller, &request->path)) != STATUS_OK)
		return st;
	st = blind_check(caller, path, request->if_absent ||
	    request->if_version || request->taken == UPLOAD_REFUSE);
	if (st != STATUS_OK)
		return st;
	/* Digests tell of what is there. */
	if (request->basis && (caller->rights & RIGHT_READ) == 0)
		return status_set(STATUS_NOT_PERMITTED, "%s: this user may "
		    "not read what is there", path);
	if (request->basis && request->size <= UPLOAD_SMALL)
		return status_set(STATUS_BAD_REQUEST,
		    "%s: a small upload has no basis", path);
	plan_of_request(&plan, request, caller);
	plan.path = path;
	return put_open(put, caller, &plan);
}

static enum status
put_resume(struct put_consumer *put, struct caller *caller,
    const struct request *request, struct upload_receipt *receipt)
{
	struct upload_ticket ticket = { .user = caller->who->user,
	    .is_segment = request->has_offset, .first = request->offset,
	    .instead = request->has_tree ? UPLOAD_REPLACE :
	    blind_taken(caller, UPLOAD_REPLACE) };

	memcpy(ticket.id, request->upload, sizeof(ticket.id));
	if (request->length > UPLOAD_MOST || request->offset > UPLOAD_MOST)
		return status_set(STATUS_BAD_REQUEST,
		    "a segment beyond the largest file");
	ticket.end = request->offset + request->length;
	return upload_resume(&put->upload, &caller->place, &ticket, receipt);
}

static struct put_consumer *
put_new(struct caller *caller, const struct request *request)
{
	static const struct consumer_ops whole = { put_feed, put_commit,
	    put_free, put_abort };
	static const struct consumer_ops segment = { put_feed,
	    put_end_segment, put_free, NULL };
	struct put_consumer *put;

	if ((put = calloc(1, sizeof(*put))) == NULL)
		return NULL;
	put->consumer.ops = request->has_offset ? &segment : &whole;
	put->consumer.ends_at_commit = request->has_offset;
	put->former = caller->former;
	put->who = *caller->who;
	put->outcome = STATUS_CANCELLED;
	put->entry.id = request->id;
	put->entry.chained = request->chained;
	put->entry.wait = request->wait;
	return put;
}

/* The upload is there: say so, and take its bytes. */
static enum status
put_go(struct put_consumer *put, struct caller *caller,
    const struct request *request)
{
	enum status st = STATUS_OK;

	/* Not before its batch: what is older is flushed once more, alone. */
	put->entry.began_us = clock_us();
	put->entry.is_long = upload_is_long(put->upload);
	if (request->basis)
		st = put_have_basis(caller, put->upload);
	else if (request->has_upload && !request->has_offset)
		st = put_have_resumed(caller, put->upload);
	else if (put->entry.is_long &&
	    (st = upload_share(put->upload)) == STATUS_OK)
		answer_begun_put(caller->answer, upload_id(put->upload));
	if (st == STATUS_OK)
		answer_consume(caller->answer, &put->consumer);
	return st;
}

void
command_put(struct caller *caller, const struct request *request)
{
	struct put_consumer *put;
	struct upload_receipt receipt;
	struct outcome outcome = { .receipt = &receipt };
	char path[WALK_PATH_ROOM] = "";
	enum status st = STATUS_NO_MEMORY;

	if ((put = put_new(caller, request)) != NULL)
		st = request->has_upload ?
		    put_resume(put, caller, request, &receipt) :
		    put_begin(put, caller, request, path);
	if (st == STATUS_OK && put->upload == NULL) {
		/* It was published before; only the answer was lost. */
		free(put);
		answer_ok(caller->answer, &outcome);
		return;
	}
	if (st == STATUS_OK)
		st = put_go(put, caller, request);
	if (st == STATUS_OK)
		return;
	if (!request->has_tree)
		audit(caller->who, &(struct audit_event){ .verb = "put",
		    .path = path, .has_bytes = true, .outcome = st });
	if (put != NULL)
		upload_free(put->upload);
	free(put);
	answer_error(caller->answer, st);
}
