/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "claim.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "claim_table.h"
#include "clock.h"
#include "names.h"

static enum status
lock_failed(enum status st, const char *text)
{
	if (errno == EAGAIN || errno == EACCES)
		return status_set(st, "%s", text);
	return status_errno("claim an upload");
}

static enum status
lock_record(struct claim *claim, const struct claim_plan *plan)
{
	short type = plan->kind == CLAIM_JOIN ? F_RDLCK : F_WRLCK;

	if (!claim_lock(claim->record_fd, type, CLAIM_SHARED_AT))
		return lock_failed(STATUS_BUSY,
		    "another connection still has the upload, try again");
	if (plan->kind == CLAIM_JOIN)
		return claim_whole_is_held(claim->record_fd) ||
		    record_is_gone(plan->record) ? STATUS_OK :
		    status_set(STATUS_BUSY, "nobody holds the whole upload: "
		    "take it up first");
	/* Whoever lets go gives this byte back first. */
	if (!claim_lock(claim->record_fd, F_WRLCK, CLAIM_WHOLE_AT) ||
	    (!plan->alone && !claim_lock(claim->record_fd, F_RDLCK,
	    CLAIM_SHARED_AT)))
		return status_errno("claim an upload");
	return STATUS_OK;
}

/* Alone first, which says that nobody else has it, then as one of many. */
static enum status
lock_path(struct claim *claim, const struct claim_plan *plan)
{
	enum status st;

	if (plan->name == NULL)
		return STATUS_OK;
	st = names_claim_byte(&claim->path_fd, &claim->path_at, plan->base,
	    plan->folder, plan->name);
	if (st != STATUS_OK)
		return st;
	if (plan->kind != CLAIM_JOIN &&
	    !claim_lock(claim->path_fd, F_WRLCK, claim->path_at))
		return lock_failed(STATUS_LOCKED,
		    "another upload of that name is under way");
	if (!claim_lock(claim->path_fd, F_RDLCK, claim->path_at))
		return lock_failed(STATUS_LOCKED,
		    "the upload is being committed");
	return STATUS_OK;
}

static enum status
take(struct claim *claim, const struct claim_plan *plan)
{
	enum status st = STATUS_OK;

	if (plan->kind == CLAIM_RESUME) {
		st = record_raise(plan->record, &claim->generation);
		if (st == STATUS_OK &&
		    !claim_table_send_away(claim->table, claim))
			st = status_set(STATUS_BUSY,
			    "the upload is being committed, try again");
	} else if (!claim_generation(claim->record_fd, &claim->generation))
		st = status_errno("claim an upload");
	if (st == STATUS_OK)
		st = lock_record(claim, plan);
	claim->is_held = true;
	/* Whoever removes an upload holds its record alone. */
	if (st == STATUS_OK && record_is_gone(plan->record))
		st = status_set(STATUS_NOT_FOUND, "no such upload");
	if (st == STATUS_OK)
		st = lock_path(claim, plan);
	return st;
}

enum status
claim_take(struct claim **out, const struct claim_plan *plan)
{
	struct claim *claim;
	enum status st;

	*out = NULL;
	if ((claim = calloc(1, sizeof(*claim))) == NULL)
		return status_set(STATUS_NO_MEMORY, "out of memory");
	pthread_mutex_init(&claim->mutex, NULL);
	claim->table = base_claims(plan->base);
	claim->record_fd = record_fd(plan->record);
	claim->path_fd = -1;
	claim->joins = plan->kind == CLAIM_JOIN;
	claim->heard = clock_ms();
	memcpy(claim->id, record_id(plan->record), sizeof(claim->id));
	if ((st = take(claim, plan)) != STATUS_OK) {
		claim_let_go(claim);
		pthread_mutex_destroy(&claim->mutex);
		free(claim);
		return st;
	}
	claim_table_add(claim->table, claim);
	*out = claim;
	return STATUS_OK;
}

enum status
claim_enter(struct claim *claim)
{
	pthread_mutex_lock(&claim->mutex);
	if (claim->is_held) {
		claim->heard = clock_ms();
		return STATUS_OK;
	}
	pthread_mutex_unlock(&claim->mutex);
	return status_set(STATUS_LOCKED, "the upload was taken up by another "
	    "connection, or was silent for too long");
}

void
claim_leave(struct claim *claim)
{
	pthread_mutex_unlock(&claim->mutex);
}

enum status
claim_range(struct claim *claim, uint64_t first, uint64_t end)
{
	enum status st;

	/* The common case; what is lost meanwhile is seen at the write. */
	if (first >= claim->first && end <= claim->end)
		return STATUS_OK;
	claim_table_clear_range(claim->table, claim, first, end);
	if ((st = claim_enter(claim)) != STATUS_OK)
		return st;
	if (!claim_lock_range(claim->record_fd, F_WRLCK, first, end)) {
		st = lock_failed(STATUS_BUSY,
		    "another connection sends that part of the file");
	} else {
		claim->first = first;
		claim->end = end;
	}
	claim_leave(claim);
	return st;
}

enum status
claim_share(struct claim *claim)
{
	enum status st;

	if ((st = claim_enter(claim)) != STATUS_OK)
		return st;
	if (!claim_lock(claim->record_fd, F_RDLCK, CLAIM_SHARED_AT))
		st = status_errno("claim an upload");
	claim_leave(claim);
	return st;
}

enum status
claim_close(struct claim *claim)
{
	enum status st;

	(void)claim_table_send_away(claim->table, claim);
	if ((st = claim_enter(claim)) != STATUS_OK)
		return st;
	if (!claim_lock(claim->record_fd, F_WRLCK, CLAIM_SHARED_AT) ||
	    (claim->path_fd != -1 &&
	    !claim_lock(claim->path_fd, F_WRLCK, claim->path_at)))
		st = lock_failed(STATUS_BUSY,
		    "another connection still writes to the upload");
	claim->is_closed = st == STATUS_OK;
	claim_leave(claim);
	return st;
}

bool
claim_is_alone(struct claim *claim)
{
	bool alone;

	if (claim_enter(claim) != STATUS_OK)
		return false;
	alone = claim_lock(claim->record_fd, F_WRLCK, CLAIM_SHARED_AT);
	claim_leave(claim);
	return alone;
}

void
claim_free(struct claim *claim)
{
	if (claim == NULL)
		return;
	claim_table_remove(claim->table, claim);
	claim_let_go(claim);
	pthread_mutex_destroy(&claim->mutex);
	free(claim);
}
