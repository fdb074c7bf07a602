/* SPDX-License-Identifier: ISC */
/* The command cp: a copy on the server, staged and published like an upload. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "blind.h"
#include "clock.h"
#include "command.h"
#include "in_place.h"
#include "share.h"
#include "upload.h"

#define STEP_BYTES	(4u << 20)	/* of one call of the kernel */
#define STEP_US		2000
#define PIECE		65536u

struct cp_producer {
	struct producer	 producer;
	struct audit_who who;
	struct names	*names;		/* owned */
	char		 path[WALK_PATH_ROOM];
	char		 target[WALK_PATH_ROOM];
	uint64_t	 began_us;
	struct in_place	 from;		/* holds the lock on the source */
	struct upload	*upload;	/* owned */
	uint64_t	 at, data_end;	/* no hole between them */
	bool		 by_hand;	/* the kernel does not copy here */
	bool		 is_told;	/* in the audit */
};

static void
cp_audit(struct cp_producer *cp, enum status outcome)
{
	cp->is_told = true;
	audit(&cp->who, &(struct audit_event){ .verb = "cp",
	    .path = cp->path, .target = cp->target, .has_bytes = true,
	    .bytes = cp->at, .began_us = cp->began_us,
	    .upload_id = cp->upload != NULL ? upload_id(cp->upload) : NULL,
	    .outcome = outcome });
}

static void
cp_free(struct producer *producer)
{
	struct cp_producer *cp = (struct cp_producer *)producer;

	if (!cp->is_told)
		cp_audit(cp, STATUS_CANCELLED);
	in_place_close(&cp->from);
	upload_free(cp->upload);
	names_close(cp->names);
	free(cp);
}

/* Step over a hole, which needs no copy, and find the end of the data. */
static enum status
find_data(struct cp_producer *cp)
{
	off_t data, hole;

	data = lseek(cp->from.fd, (off_t)cp->at, SEEK_DATA);
	if (data == -1 && errno == ENXIO) {
		cp->at = cp->data_end = cp->from.length;
		return STATUS_OK;
	}
	hole = data == -1 ? -1 : lseek(cp->from.fd, data, SEEK_HOLE);
	if (hole == -1)
		return status_errno("read");
	cp->at = (uint64_t)data;
	cp->data_end = (uint64_t)hole;
	if (cp->data_end > cp->from.length)
		cp->data_end = cp->from.length;
	if (cp->at > cp->data_end)
		cp->at = cp->data_end;
	return STATUS_OK;
}

static ssize_t
copy_by_hand(struct cp_producer *cp, size_t len)
{
	uint8_t piece[PIECE];
	ssize_t n;

	n = pread(cp->from.fd, piece, len < PIECE ? len : PIECE,
	    (off_t)cp->at);
	if (n > 0)
		n = pwrite(upload_fd(cp->upload), piece, (size_t)n,
		    (off_t)cp->at);
	return n;
}

static ssize_t
copy_some(struct cp_producer *cp)
{
	uint64_t left = cp->data_end - cp->at;
	size_t len = left < STEP_BYTES ? (size_t)left : STEP_BYTES;
	off_t in = (off_t)cp->at, out = (off_t)cp->at;
	ssize_t n;

	if (!cp->by_hand) {
		n = copy_file_range(cp->from.fd, &in, upload_fd(cp->upload),
		    &out, len, 0);
		if (n != -1 || (errno != EXDEV && errno != EINVAL &&
		    errno != ENOSYS && errno != EOPNOTSUPP))
			return n;
		cp->by_hand = true;
	}
	return copy_by_hand(cp, len);
}

static enum status
step(struct cp_producer *cp)
{
	ssize_t n;

	if (cp->at == cp->data_end)
		return find_data(cp);
	n = copy_some(cp);
	if (n == -1)
		return errno == EINTR ? STATUS_OK : status_errno("copy");
	if (n == 0)
		return status_set(STATUS_CHANGED,
		    "the file was cut short while it was copied");
	cp->at += (uint64_t)n;
	return STATUS_OK;
}

static enum status
publish(struct cp_producer *cp, struct upload_receipt *receipt)
{
	const struct place *place = upload_place(cp->upload);
	bool durable = place_durability(place) == DURABILITY_COMMIT;
	struct folder folder;
	const char *name;
	enum status st;

	if (durable && (st = upload_flush(cp->upload)) != STATUS_OK)
		return st;
	if ((st = walk_parent(&folder, &name, place, cp->target)) != STATUS_OK)
		return st;
	st = upload_publish(cp->upload, cp->names, &folder, receipt);
	if (st == STATUS_OK && durable)
		st = folder_flush(&folder);
	folder_close(&folder);
	return st;
}

static enum status
finish(struct cp_producer *cp, struct outcome *outcome)
{
	const struct stat *was = &cp->from.st;
	struct upload_receipt receipt;
	struct stat now;
	enum status st;

	if (fstat(cp->from.fd, &now) == -1)
		return status_errno("copy");
	if (now.st_size != was->st_size ||
	    now.st_mtim.tv_sec != was->st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != was->st_mtim.tv_nsec)
		return status_set(STATUS_CHANGED,
		    "the file was changed while it was copied");
	/* The copy may take the place of its source: no lock of ours then. */
	in_place_close(&cp->from);
	if ((st = upload_seal_copy(cp->upload, cp->at)) != STATUS_OK ||
	    (st = publish(cp, &receipt)) != STATUS_OK)
		return st;
	outcome->has_size = outcome->has_version = true;
	outcome->size = receipt.size;
	memcpy(outcome->version, receipt.version, sizeof(outcome->version));
	return STATUS_OK;
}

static enum pull
cp_pull(struct producer *producer, struct answer *answer)
{
	struct cp_producer *cp = (struct cp_producer *)producer;
	uint64_t ends = clock_us() + STEP_US;
	struct outcome outcome = { 0 };
	enum status st = STATUS_OK;

	while (st == STATUS_OK && cp->at < cp->from.length &&
	    clock_us() < ends)
		st = step(cp);
	if (st == STATUS_OK && cp->at < cp->from.length)
		return PULL_ON;
	if (st == STATUS_OK)
		st = finish(cp, &outcome);
	cp_audit(cp, st);
	if (st == STATUS_OK)
		answer_ok(answer, &outcome);
	else
		answer_error(answer, st);
	return PULL_DONE;
}

static void
plan_copy(struct upload_plan *plan, const struct cp_producer *cp,
    const struct caller *there, const struct request *request)
{
	memset(plan, 0, sizeof(*plan));
	plan->path = cp->target;
	plan->has_size = plan->has_mode = true;
	plan->size = (uint64_t)cp->from.st.st_size;
	plan->mode = cp->from.st.st_mode & 0777;
	plan->if_absent = request->if_absent;
	plan->taken = blind_taken(there,
	    request->taken != 0 ? UPLOAD_REFUSE : UPLOAD_REPLACE);
}

/* The target may lie in another share than the source. */
static enum status
begin_target(struct cp_producer *cp, const struct caller *caller,
    const struct request *request)
{
	struct upload_plan plan;
	struct caller there;
	struct folder folder;
	const char *name;
	enum status st;

	share_look(&there, caller, cp->target);
	if ((there.rights & RIGHT_WRITE) == 0)
		return status_set(STATUS_NOT_PERMITTED,
		    "%s: not permitted to this user", cp->target);
	if ((st = blind_check(&there, cp->target,
	    request->if_absent || request->taken != 0)) != STATUS_OK ||
	    (st = names_open(&cp->names, there.place.base)) != STATUS_OK ||
	    (st = walk_parent(&folder, &name, &there.place, cp->target)) !=
	    STATUS_OK)
		return st;
	plan_copy(&plan, cp, &there, request);
	st = upload_begin(&cp->upload, &there.place, &folder, &plan);
	folder_close(&folder);
	return st;
}

static enum status
cp_begin(struct cp_producer *cp, struct caller *caller,
    const struct request *request)
{
	struct in_place_want want = { .use = IN_PLACE_READ,
	    .if_version = request->if_version };
	enum status st;

	memcpy(want.version, request->version, sizeof(want.version));
	if ((st = command_path(cp->path, caller, &request->path)) !=
	    STATUS_OK ||
	    (st = command_path(cp->target, caller, &request->target)) !=
	    STATUS_OK ||
	    (st = in_place_open(&cp->from, &caller->place, cp->path, &want)) !=
	    STATUS_OK)
		return st;
	return begin_target(cp, caller, request);
}

void
command_cp(struct caller *caller, const struct request *request)
{
	static const struct producer_ops ops = { cp_pull, cp_free };
	struct cp_producer *cp;
	enum status st;

	if ((cp = calloc(1, sizeof(*cp))) == NULL) {
		answer_error(caller->answer, STATUS_NO_MEMORY);
		return;
	}
	cp->producer.ops = &ops;
	cp->who = *caller->who;
	cp->began_us = clock_us();
	cp->from.fd = -1;
	if ((st = cp_begin(cp, caller, request)) != STATUS_OK) {
		answer_error(caller->answer, st);
		cp_audit(cp, st);
		cp_free(&cp->producer);
		return;
	}
	answer_produce(caller->answer, &cp->producer);
}
