/* SPDX-License-Identifier: ISC */
/* The command cp: a copy on the server, staged and published like an upload. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "blind.h"
#include "clock.h"
#include "command.h"
#include "copy.h"
#include "in_place.h"
#include "share.h"
#include "upload.h"
#include "waiter.h"

#define STEP_BYTES	(4u << 20)	/* of one call of the kernel */
#define STEP_US		2000

struct cp_producer {
	struct producer	 producer;
	struct waiter	 waiter;	/* with the paths; before it begins,
					 * and again once all is copied */
	struct names	*names;		/* owned */
	struct in_place_want want;	/* of the source */
	struct in_place	 from;		/* holds the lock on it */
	struct place	 to;		/* of the target; its root ... */
	char		*to_root;	/* ... is owned */
	struct upload_plan plan;	/* of the target */
	struct upload	*upload;	/* owned */
	struct copy	 copy;
	struct upload_receipt receipt;
	bool		 is_told;	/* in the audit */
};

static void
cp_audit(struct cp_producer *cp, enum status outcome)
{
	cp->is_told = true;
	audit(&cp->waiter.who, &(struct audit_event){ .verb = "cp",
	    .path = cp->waiter.path, .target = cp->waiter.target,
	    .has_bytes = true, .bytes = cp->copy.at,
	    .began_us = cp->waiter.began_us,
	    .upload_id = cp->upload != NULL ? upload_id(cp->upload) : NULL,
	    .outcome = outcome });
}

static void
cp_free(struct producer *producer)
{
	struct cp_producer *cp = (struct cp_producer *)producer;

	if (!cp->is_told)
		cp_audit(cp, STATUS_CANCELLED);
	waiter_close(&cp->waiter, &cp->from);
	upload_free(cp->upload);
	names_close(cp->names);
	free(cp->to_root);
	waiter_clear(&cp->waiter);
	free(cp);
}

static struct cp_producer *
of_waiter(struct waiter *waiter)
{
	return (struct cp_producer *)((char *)waiter -
	    offsetof(struct cp_producer, waiter));
}

static void
cp_forget(struct waiter *waiter)
{
	cp_free(&of_waiter(waiter)->producer);
}

static void
cp_failed(struct cp_producer *cp, struct answer *answer, enum status st)
{
	answer_error(answer, st);
	cp_audit(cp, st);
}

/* The target, as it is replaced; it may lie in another place. */
static void
publish_claim(struct cp_producer *cp)
{
	static const struct lock_claim_wish whole = {
		.kind = RANGE_LOCK_SHARED, .guard = RANGE_LOCK_EXCLUSIVE
	};
	struct place from = cp->waiter.place;
	char *path = cp->waiter.path;

	cp->waiter.place = cp->to;
	cp->waiter.path = NULL;		/* the source is not locked any more */
	waiter_claim(&cp->waiter, &whole);
	cp->waiter.place = from;
	cp->waiter.path = path;
}

/*
 * --- All is copied: flush it, and publish it under its name ----------------
 */

static enum status
publish_attempt(struct waiter *waiter, struct kit *kit)
{
	struct cp_producer *cp = of_waiter(waiter);
	bool durable = place_durability(&cp->to) == DURABILITY_COMMIT;
	struct folder folder;
	const char *name;
	enum status st;

	(void)kit;		/* its own names are open already */
	if (durable && (st = upload_flush(cp->upload)) != STATUS_OK)
		return st;
	st = walk_parent(&folder, &name, &cp->to, waiter->target);
	if (st != STATUS_OK)
		return st;
	st = upload_publish(cp->upload, cp->names, &folder, &cp->receipt);
	if (st == STATUS_OK && durable)
		st = folder_flush(&folder);
	folder_close(&folder);
	if (st == STATUS_LOCKED && waiter->seconds > 0)
		publish_claim(cp);
	return st;
}

static void
publish_resume(struct waiter *waiter, struct answer *answer, enum status st)
{
	struct cp_producer *cp = of_waiter(waiter);
	struct outcome outcome = { .has_size = true, .has_version = true };

	if (st == STATUS_OK) {
		outcome.size = cp->receipt.size;
		memcpy(outcome.version, cp->receipt.version,
		    sizeof(outcome.version));
		answer_ok(answer, &outcome);
		cp_audit(cp, st);
	} else
		cp_failed(cp, answer, st);
	cp_free(&cp->producer);
}

static enum status
seal(struct cp_producer *cp)
{
	const struct stat *was = &cp->from.st;
	struct stat now;

	if (fstat(cp->from.fd, &now) == -1)
		return status_errno("copy");
	if (now.st_size != was->st_size ||
	    now.st_mtim.tv_sec != was->st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != was->st_mtim.tv_nsec)
		return status_set(STATUS_CHANGED,
		    "the file was changed while it was copied");
	/* The copy may take the place of its source: no lock of ours then. */
	waiter_close(&cp->waiter, &cp->from);
	return upload_seal_copy(cp->upload, cp->copy.at);
}

static enum pull
cp_pull(struct producer *producer, struct answer *answer)
{
	static const struct waiter_ops publishing = { publish_attempt,
	    publish_resume, cp_forget };
	struct cp_producer *cp = (struct cp_producer *)producer;
	uint64_t ends = clock_us() + STEP_US;
	enum status st = STATUS_OK;

	while (st == STATUS_OK && cp->copy.at < cp->copy.end &&
	    clock_us() < ends)
		st = copy_step(&cp->copy, STEP_BYTES);
	if (st == STATUS_OK && cp->copy.at < cp->copy.end)
		return PULL_ON;
	if (st == STATUS_OK)
		st = seal(cp);
	if (st != STATUS_OK) {
		cp_failed(cp, answer, st);
		return PULL_DONE;
	}
	cp->waiter.ops = &publishing;
	cp->waiter.flushes = cp->waiter.flush_line != NULL &&
	    place_durability(&cp->to) == DURABILITY_COMMIT;
	cp->waiter.wait.deadline = 0;
	if (cp->waiter.seconds > 0)
		publish_claim(cp);
	waiter_go_on(&cp->waiter, answer);
	return PULL_WAITS;
}

/*
 * --- Beginning: lock the source, and make room for the copy ----------------
 */

static void
begin_claim(struct cp_producer *cp)
{
	waiter_claim(&cp->waiter, &(struct lock_claim_wish){
	    .kind = RANGE_LOCK_SHARED });
	/* Only the source is locked while it is copied. */
	memset(&cp->waiter.wait.claims[1], 0,
	    sizeof(cp->waiter.wait.claims[1]));
}

static enum status
begin_upload(struct cp_producer *cp)
{
	struct folder folder;
	const char *name;
	enum status st;

	cp->plan.path = cp->waiter.target;
	cp->plan.has_size = cp->plan.has_mode = true;
	cp->plan.size = (uint64_t)cp->from.st.st_size;
	cp->plan.mode = cp->from.st.st_mode & 0777;
	st = walk_parent(&folder, &name, &cp->to, cp->waiter.target);
	if (st != STATUS_OK)
		return st;
	st = upload_begin(&cp->upload, &cp->to, &folder, &cp->plan);
	folder_close(&folder);
	if (st == STATUS_OK) {
		cp->copy.from = cp->from.fd;
		cp->copy.to = upload_fd(cp->upload);
		cp->copy.end = cp->from.length;
	}
	return st;
}

static enum status
begin_attempt(struct waiter *waiter, struct kit *kit)
{
	struct cp_producer *cp = of_waiter(waiter);
	enum status st;

	(void)kit;
	st = in_place_open(&cp->from, &waiter->place, waiter->path,
	    &cp->want);
	if (st == STATUS_LOCKED && waiter->seconds > 0)
		begin_claim(cp);
	if (st == STATUS_OK && (st = begin_upload(cp)) != STATUS_OK)
		waiter_close(waiter, &cp->from);
	return st;
}

static void
begin_resume(struct waiter *waiter, struct answer *answer, enum status st)
{
	struct cp_producer *cp = of_waiter(waiter);

	if (st == STATUS_OK) {
		answer_produce(answer, &cp->producer);
		return;
	}
	cp_failed(cp, answer, st);
	cp_free(&cp->producer);
}

/* The target may lie in another share than the source. */
static enum status
plan_target(struct cp_producer *cp, const struct caller *caller,
    const struct request *request)
{
	const char *target = cp->waiter.target;
	struct caller there;
	enum status st;

	share_look(&there, caller, target);
	if ((there.rights & RIGHT_WRITE) == 0)
		return status_set(STATUS_NOT_PERMITTED,
		    "%s: not permitted to this user", target);
	if ((st = blind_check(&there, target,
	    request->if_absent || request->taken != 0)) != STATUS_OK)
		return st;
	cp->to = there.place;
	cp->to.own = cp->waiter.place.own;
	if ((cp->to_root = strdup(there.place.root)) == NULL)
		return STATUS_NO_MEMORY;
	cp->to.root = cp->to_root;
	cp->plan.if_absent = request->if_absent;
	cp->plan.taken = blind_taken(&there,
	    request->taken != 0 ? UPLOAD_REFUSE : UPLOAD_REPLACE);
	return names_open(&cp->names, there.place.base);
}

void
command_cp(struct caller *caller, const struct request *request)
{
	static const struct producer_ops producing = { cp_pull, cp_free };
	static const struct waiter_ops waiting = { begin_attempt,
	    begin_resume, cp_forget };
	struct cp_producer *cp;
	enum status st;

	if ((cp = calloc(1, sizeof(*cp))) == NULL) {
		answer_error(caller->answer, STATUS_NO_MEMORY);
		return;
	}
	cp->producer.ops = &producing;
	cp->from.fd = -1;
	st = waiter_init(&cp->waiter, caller, request);
	cp->waiter.ops = &waiting;
	cp->want.use = IN_PLACE_READ;
	cp->want.if_version = request->if_version;
	memcpy(cp->want.version, request->version, sizeof(cp->want.version));
	if (st == STATUS_OK)
		st = plan_target(cp, caller, request);
	if (st == STATUS_OK && request->wait > 0)
		begin_claim(cp);
	waiter_run(&cp->waiter, caller, st);
}
