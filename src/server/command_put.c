/* SPDX-License-Identifier: ISC */
/* The command put: a consumer of a file's bytes, committed with its batch. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "batch_former.h"
#include "clock.h"
#include "command.h"

struct put_consumer {
	struct consumer	 consumer;
	struct batch_former *former;	/* borrowed */
	struct upload	*upload;	/* owned until the commit */
	struct batch_entry entry;
	struct audit_who who;
	enum status	 outcome;	/* if it ends before its commit */
};

static void
put_audit(const struct audit_who *who, const char *path, uint64_t bytes,
    enum status outcome)
{
	audit(who, &(struct audit_event){ .verb = "put", .path = path,
	    .has_bytes = true, .bytes = bytes, .outcome = outcome });
}

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

static void
put_free(struct consumer *consumer)
{
	struct put_consumer *put = (struct put_consumer *)consumer;

	if (put->upload != NULL) {
		put_audit(&put->who, upload_path(put->upload),
		    upload_received(put->upload), put->outcome);
		upload_free(put->upload);
	}
	free(put);
}

static void
plan_of_request(struct upload_plan *plan, const struct request *request,
    const struct caller *caller)
{
	memset(plan, 0, sizeof(*plan));
	plan->has_size = request->has_size;
	plan->size = request->size;
	plan->has_mode = request->has_mode;
	plan->mode = request->mode;
	plan->has_mtime = request->has_mtime;
	plan->mtime = request->mtime;
	plan->taken = (enum upload_taken)request->taken;
	plan->if_absent = request->if_absent;
	plan->if_version = request->if_version;
	memcpy(plan->version, request->version, sizeof(plan->version));
	if ((caller->rights & RIGHT_OVERWRITE) == 0)
		plan->taken = UPLOAD_REFUSE;
}

static enum status
put_begin(struct put_consumer *put, struct caller *caller,
    const struct request *request, char path[WALK_PATH_ROOM])
{
	const struct folder *folder;
	struct upload_plan plan;
	enum status st;

	if ((st = command_path(path, caller, &request->path)) != STATUS_OK)
		return st;
	plan_of_request(&plan, request, caller);
	plan.path = path;
	st = batch_former_prepare(caller->former, caller->who, &caller->place,
	    path, &folder);
	if (st != STATUS_OK)
		return st;
	return upload_begin(&put->upload, &caller->place, folder, &plan);
}

void
command_put(struct caller *caller, const struct request *request)
{
	static const struct consumer_ops ops = { put_feed, put_commit,
	    put_free };
	struct put_consumer *put;
	char path[WALK_PATH_ROOM] = "";
	enum status st = STATUS_NO_MEMORY;

	if ((put = calloc(1, sizeof(*put))) == NULL ||
	    (st = put_begin(put, caller, request, path)) != STATUS_OK) {
		put_audit(caller->who, path, 0, st);
		free(put);
		answer_error(caller->answer, st);
		return;
	}
	put->consumer.ops = &ops;
	put->former = caller->former;
	put->who = *caller->who;
	put->outcome = STATUS_CANCELLED;
	put->entry.id = request->id;
	put->entry.chained = request->chained;
	/* Not before its batch: what is older is flushed once more, alone. */
	put->entry.began_us = clock_us();
	put->entry.is_long = !request->has_size ||
	    request->size > UPLOAD_SMALL;
	if (put->entry.is_long)
		answer_begun_put(caller->answer, upload_id(put->upload));
	answer_consume(caller->answer, &put->consumer);
}
