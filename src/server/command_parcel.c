/* SPDX-License-Identifier: ISC */
/* The commands tree and tree-commit: a folder that is received as one. */
#include "config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "blind.h"
#include "command.h"
#include "parcel.h"
#include "share.h"
#include "waiter.h"

/*
 * --- Members ----------------------------------------------------------------
 */

static enum status
no_such_tree(void)
{
	return status_set(STATUS_NOT_FOUND,
	    "this session has begun or taken up no such folder");
}

static bool
may_make_folders(const struct caller *caller)
{
	return (caller->rights & RIGHT_MKDIR) != 0 ||
	    command_is_blind(caller);
}

/* Who delivers a folder makes those in it, too. */
static enum status
check_rights(const struct caller *caller)
{
	if ((caller->rights & RIGHT_WRITE) != 0 && may_make_folders(caller))
		return STATUS_OK;
	return status_set(STATUS_NOT_PERMITTED,
	    "tree: not permitted to this user");
}

enum status
command_enter_parcel(struct caller *caller, const struct request *request)
{
	struct parcel *parcel = *caller->parcel;
	struct own_locks *own = caller->place.own;
	struct caller as_before = *caller;
	enum status st;

	if (parcel == NULL || memcmp(parcel_id(parcel), request->tree,
	    UPLOAD_ID_SIZE) != 0)
		return no_such_tree();
	share_look(caller, &as_before, parcel_path(parcel));
	if (!parcel_is_for(parcel, &caller->place))
		return no_such_tree();
	st = check_rights(caller);
	caller->place = *parcel_place(parcel);
	caller->place.own = own;
	return st;
}

/*
 * --- Begin and take up ------------------------------------------------------
 */

struct members_producer {
	struct producer	 producer;
	struct parcel	*parcel;	/* owned reference */
	bool		 is_begun;	/* BEGUN has been said */
	bool		 more;		/* to be surveyed */
	size_t		 next;		/* member to be told */
	uint64_t	 size;
};

static void
members_free(struct producer *producer)
{
	struct members_producer *it = (struct members_producer *)producer;

	parcel_unref(it->parcel);
	free(it);
}

/* The version of a member is the digest of its content. */
static bool
tell_member(struct members_producer *it, struct answer *answer,
    const struct parcel_member *member)
{
	struct file_facts facts = { .name = member->path,
	    .type = member->is_folder ? 'd' : 'f', .size = member->size };

	memcpy(facts.version, member->digest, sizeof(facts.version));
	if (!answer_entry(answer, &facts))
		return false;
	it->size += member->size;
	it->next++;
	return true;
}

/* Once it is closed, it and what was found of it belong to the commit. */
static enum status
find_members(struct members_producer *it)
{
	if (parcel_is_closed(it->parcel))
		return status_set(STATUS_CANCELLED,
		    "the folder is being committed");
	return it->more ? parcel_survey(it->parcel, &it->more) : STATUS_OK;
}

static enum pull
members_pull(struct producer *producer, struct answer *answer)
{
	struct members_producer *it = (struct members_producer *)producer;
	const struct parcel_log *log = parcel_members(it->parcel);
	struct outcome outcome = { .has_count = true, .has_size = true };
	enum status st;
	bool is_found;

	if (!it->is_begun)
		answer_begun_put(answer, parcel_id(it->parcel));
	it->is_begun = true;
	is_found = !it->more;
	if ((st = find_members(it)) != STATUS_OK) {
		answer_error(answer, st);
		return PULL_DONE;
	}
	if (!is_found)
		return PULL_ON;
	while (it->next < log->len)
		if (!tell_member(it, answer, &log->at[it->next]))
			return PULL_AGAIN;
	outcome.count = log->len;
	outcome.size = it->size;
	answer_ok(answer, &outcome);
	return PULL_DONE;
}

/* Tell what is there of a folder that was taken up. */
static enum status
tell_members(struct caller *caller, struct parcel *parcel)
{
	static const struct producer_ops ops = { members_pull, members_free };
	struct members_producer *it;

	if ((it = calloc(1, sizeof(*it))) == NULL)
		return STATUS_NO_MEMORY;
	it->producer.ops = &ops;
	it->parcel = parcel_ref(parcel);
	it->more = true;
	answer_produce(caller->answer, &it->producer);
	return STATUS_OK;
}

static enum status
begin(struct parcel **out, struct caller *caller,
    const struct request *request)
{
	struct upload_plan plan = { .user = caller->who->user,
	    .has_size = request->has_size, .size = request->size,
	    .has_mode = request->has_mode, .mode = request->mode };
	char path[WALK_PATH_ROOM];
	enum status st;

	if ((st = command_path(path, caller, &request->path)) != STATUS_OK ||
	    (st = check_rights(caller)) != STATUS_OK)
		return st;
	/* To refuse a name is what who sees none gets a fresh one for. */
	if ((st = blind_check(caller, path, false)) != STATUS_OK)
		return st;
	plan.path = path;
	plan.taken = request->taken == UPLOAD_FRESH ||
	    command_is_blind(caller) ? UPLOAD_FRESH : UPLOAD_REFUSE;
	st = parcel_begin(out, &caller->place, &plan, request->count);
	if (st == STATUS_OK) {
		answer_begun_put(caller->answer, parcel_id(*out));
		answer_ok(caller->answer, NULL);
	}
	return st;
}

static enum status
take_up(struct parcel **out, struct caller *caller,
    const struct request *request)
{
	struct upload_receipt receipt;
	struct outcome outcome = { .receipt = &receipt };
	enum status st;

	if ((st = check_rights(caller)) != STATUS_OK)
		return st;
	st = parcel_resume(out, &caller->place, caller->who->user,
	    request->upload, &receipt);
	if (st == STATUS_OK && *out == NULL)
		answer_ok(caller->answer, &outcome);
	else if (st == STATUS_OK)
		st = tell_members(caller, *out);
	return st;
}

void
command_tree(struct caller *caller, const struct request *request)
{
	struct parcel *parcel = NULL;
	enum status st;

	/* What it had before stays on disk, and can be taken up again. */
	parcel_unref(*caller->parcel);
	*caller->parcel = NULL;
	st = request->has_upload ? take_up(&parcel, caller, request) :
	    begin(&parcel, caller, request);
	if (st == STATUS_OK) {
		*caller->parcel = parcel;
		return;
	}
	parcel_unref(parcel);
	command_fail(caller, request, st);
}

/*
 * --- Commit -----------------------------------------------------------------
 */

struct commit_producer {
	struct producer	 producer;
	struct parcel	*parcel;	/* owned reference */
	struct names	*names;		/* owned */
	struct waiter	 waiter;	/* for the flush and the rename */
	struct upload_receipt receipt;
	uint64_t	 count;
	uint8_t		 digest[DIGEST_SIZE];
	bool		 more;		/* to be surveyed */
	bool		 is_told;	/* in the audit */
};

static void
tell_audit(struct commit_producer *it, const struct upload_receipt *receipt,
    enum status st)
{
	if (it->is_told)
		return;
	it->is_told = true;
	audit(&it->waiter.who, &(struct audit_event){ .verb = "tree",
	    .path = parcel_path(it->parcel),
	    .target = parcel_fresh_name(it->parcel),
	    .has_bytes = receipt != NULL,
	    .bytes = receipt != NULL ? receipt->size : 0,
	    .has_count = true, .count = it->count,
	    .began_us = it->waiter.began_us, .digest = it->digest,
	    .upload_id = parcel_id(it->parcel), .outcome = st });
}

static void
commit_free(struct producer *producer)
{
	struct commit_producer *it = (struct commit_producer *)producer;

	tell_audit(it, NULL, STATUS_CANCELLED);
	parcel_unref(it->parcel);
	names_close(it->names);
	waiter_clear(&it->waiter);
	free(it);
}

static struct commit_producer *
of_waiter(struct waiter *waiter)
{
	return (struct commit_producer *)((char *)waiter -
	    offsetof(struct commit_producer, waiter));
}

/* What is done is on record, even if nobody hears of it any more. */
static enum status
publish_attempt(struct waiter *waiter, struct kit *kit)
{
	struct commit_producer *it = of_waiter(waiter);
	enum status st;

	(void)kit;		/* its own names are open already */
	st = parcel_publish(it->parcel, it->names, it->count, it->digest,
	    &it->receipt);
	tell_audit(it, &it->receipt, st);
	return st;
}

static void
publish_resume(struct waiter *waiter, struct answer *answer, enum status st)
{
	struct commit_producer *it = of_waiter(waiter);
	struct outcome outcome = { .receipt = &it->receipt };

	if (st == STATUS_OK)
		answer_ok(answer, &outcome);
	else
		answer_error(answer, st);
	commit_free(&it->producer);
}

static void
publish_forget(struct waiter *waiter)
{
	commit_free(&of_waiter(waiter)->producer);
}

static enum pull
commit_pull(struct producer *producer, struct answer *answer)
{
	struct commit_producer *it = (struct commit_producer *)producer;
	enum status st;

	if (!it->more) {
		waiter_go_on(&it->waiter, answer);
		return PULL_WAITS;
	}
	if ((st = parcel_survey(it->parcel, &it->more)) == STATUS_OK)
		return PULL_ON;
	tell_audit(it, NULL, st);
	answer_error(answer, st);
	return PULL_DONE;
}

/* Takes over the reference, also if it fails. */
static enum status
commit(struct caller *caller, const struct request *request,
    struct parcel *parcel)
{
	static const struct producer_ops ops = { commit_pull, commit_free };
	static const struct waiter_ops publishing = { publish_attempt,
	    publish_resume, publish_forget };
	struct commit_producer *it;
	enum status st;

	if ((it = calloc(1, sizeof(*it))) == NULL) {
		parcel_unref(parcel);
		return STATUS_NO_MEMORY;
	}
	it->producer.ops = &ops;
	it->parcel = parcel;
	it->count = request->count;
	memcpy(it->digest, request->digest, sizeof(it->digest));
	it->more = true;
	st = waiter_init(&it->waiter, caller, request);
	it->waiter.ops = &publishing;
	waiter_set_flushes(&it->waiter);
	if (st == STATUS_OK)
		st = names_open(&it->names, caller->place.base);
	if (st == STATUS_OK)
		st = parcel_close(parcel);
	if (st != STATUS_OK) {
		tell_audit(it, NULL, st);
		commit_free(&it->producer);
		return st;
	}
	answer_produce(caller->answer, &it->producer);
	return STATUS_OK;
}

void
command_tree_commit(struct caller *caller, const struct request *request)
{
	struct upload_receipt receipt;
	struct outcome outcome = { .receipt = &receipt };
	struct parcel *parcel = *caller->parcel;
	enum status st = check_rights(caller);

	*caller->parcel = NULL;
	if (st == STATUS_OK && (parcel == NULL || memcmp(parcel_id(parcel),
	    request->upload, UPLOAD_ID_SIZE) != 0)) {
		parcel_unref(parcel);
		st = parcel_resume(&parcel, &caller->place,
		    caller->who->user, request->upload, &receipt);
		if (st == STATUS_OK && parcel == NULL) {
			answer_ok(caller->answer, &outcome);
			return;
		}
	}
	if (st == STATUS_OK && !parcel_is_for(parcel, &caller->place))
		st = no_such_tree();
	if (st == STATUS_OK)
		st = commit(caller, request, parcel);
	else
		parcel_unref(parcel);
	if (st != STATUS_OK)
		command_fail(caller, request, st);
}

enum status
command_parcel_mkdir(struct caller *caller, const struct request *request)
{
	char path[WALK_PATH_ROOM];
	enum status st;

	st = parcel_member_path(path, request->path.at, request->path.len);
	if (st == STATUS_OK)
		st = parcel_mkdir(caller->place.parcel, path,
		    request->has_mode, request->mode);
	if (st == STATUS_OK)
		answer_ok(caller->answer, NULL);
	return st;
}
