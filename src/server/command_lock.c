/* SPDX-License-Identifier: ISC */
/* The commands lock, unlock and locks. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "command.h"
#include "own_locks.h"
#include "reach.h"
#include "waiter.h"

struct lock_waiter {
	struct waiter	 waiter;
	struct lock_wish wish;
};

static void
claim(struct lock_waiter *lock)
{
	waiter_claim(&lock->waiter, &(struct lock_claim_wish){
	    .start = lock->wish.start, .length = lock->wish.length,
	    .kind = lock->wish.kind, .guard = RANGE_LOCK_SHARED });
}

static enum status
lock_attempt(struct waiter *waiter, struct kit *kit)
{
	struct lock_waiter *lock = (struct lock_waiter *)waiter;
	struct file_key key;
	enum status st;

	(void)kit;
	st = own_locks_lock(&waiter->place, waiter->path, &lock->wish, &key);
	if (st == STATUS_LOCKED && waiter->seconds > 0)
		claim(lock);
	return st;
}

static void
lock_free(struct waiter *waiter)
{
	waiter_clear(waiter);
	free(waiter);
}

static void
lock_resume(struct waiter *waiter, struct answer *answer, enum status st)
{
	if (st == STATUS_OK)
		answer_ok(answer, NULL);
	else
		answer_error(answer, st);
	audit(&waiter->who, &(struct audit_event){ .verb = "lock",
	    .path = waiter->path, .began_us = waiter->began_us,
	    .outcome = st });
	lock_free(waiter);
}

void
command_lock(struct caller *caller, const struct request *request)
{
	static const struct waiter_ops ops = { lock_attempt, lock_resume,
	    lock_free };
	struct lock_waiter *lock;
	enum status st;

	if ((lock = calloc(1, sizeof(*lock))) == NULL) {
		answer_error(caller->answer, STATUS_NO_MEMORY);
		return;
	}
	st = waiter_init(&lock->waiter, caller, request);
	lock->waiter.ops = &ops;
	lock->waiter.is_lock = true;
	lock->wish.kind = request->shared ? RANGE_LOCK_SHARED :
	    RANGE_LOCK_EXCLUSIVE;
	lock->wish.start = request->offset;
	lock->wish.length = request->length;
	if (st == STATUS_OK && request->wait > 0)
		claim(lock);
	waiter_run(&lock->waiter, caller, st);
}

void
command_unlock(struct caller *caller, const struct request *request)
{
	struct audit_event event = { .verb = "unlock",
	    .began_us = clock_us() };
	char path[WALK_PATH_ROOM] = "";
	struct file_key key;

	event.path = path;
	event.outcome = command_path(path, caller, &request->path);
	if (event.outcome == STATUS_OK)
		event.outcome = own_locks_unlock(&caller->place, path,
		    request->offset, request->length, &key);
	if (event.outcome == STATUS_OK)
		lock_line_wake(caller->lock_line, key.dev, key.ino);
	command_finish(caller, &event, NULL);
}

/* A list of locks, told as there is room. */
struct locks_producer {
	struct producer	 producer;
	struct lock_seen *seen;		/* owned */
	size_t		 count, told;
	uint64_t	 session;	/* our own */
	struct reach	*reach;		/* owned; where names are seen from */
	char		 path[WALK_PATH_ROOM];
};

static void
locks_free(struct producer *producer)
{
	struct locks_producer *locks = (struct locks_producer *)producer;

	lock_table_forget(locks->seen, locks->count);
	reach_free(locks->reach);
	free(locks);
}

/* The rest of the path from the place on; NULL if it lies elsewhere. */
static const char *
rest_of(const struct reached *reached, const struct lock_seen *seen)
{
	size_t len = strlen(reached->root);

	if (seen->base != reached->place.base ||
	    strncmp(seen->path, reached->root, len) != 0 ||
	    seen->path[len] != '/')
		return NULL;
	return seen->path + len;
}

/* As the user names it; "" for what lies elsewhere. */
static const char *
seen_from_root(struct locks_producer *locks, const struct lock_seen *seen)
{
	const struct reached *reached;
	const char *rest;
	size_t i, mount;

	for (i = 0; (reached = reach_at(locks->reach, i)) != NULL; i++) {
		if ((rest = rest_of(reached, seen)) == NULL)
			continue;
		mount = reached->place.mount;
		if (mount + strlen(rest) >= sizeof(locks->path))
			continue;
		memcpy(locks->path, reached->path, mount);
		memcpy(locks->path + mount, rest, strlen(rest) + 1);
		return locks->path;
	}
	return "";
}

static enum pull
locks_pull(struct producer *producer, struct answer *answer)
{
	struct locks_producer *locks = (struct locks_producer *)producer;
	struct outcome outcome = { .has_count = true,
	    .count = locks->count };
	struct lock_facts facts = { 0 };
	const struct lock_seen *seen;

	for (; locks->told < locks->count; locks->told++) {
		seen = &locks->seen[locks->told];
		facts.path = seen_from_root(locks, seen);
		facts.user = seen->user;
		facts.session = seen->session;
		facts.own = seen->session == locks->session;
		facts.exclusive = seen->range.kind == RANGE_LOCK_EXCLUSIVE;
		facts.start = seen->range.start;
		facts.length = seen->range.end == RANGE_LOCK_END ? 0 :
		    seen->range.end - seen->range.start;
		if (!answer_held(answer, &facts))
			return PULL_AGAIN;
	}
	answer_ok(answer, &outcome);
	return PULL_DONE;
}

static enum status
locks_begin(struct locks_producer *locks, struct caller *caller,
    const struct request *request)
{
	char path[WALK_PATH_ROOM];
	enum status st;

	locks->session = own_locks_session(caller->place.own);
	if ((locks->reach = reach_new(caller)) == NULL)
		return STATUS_NO_MEMORY;
	if (request->path.at == NULL)
		return own_locks_list(&caller->place, NULL, &locks->seen,
		    &locks->count);
	st = command_path(path, caller, &request->path);
	if (st == STATUS_OK)
		st = own_locks_list(&caller->place, path, &locks->seen,
		    &locks->count);
	return st;
}

void
command_locks(struct caller *caller, const struct request *request)
{
	static const struct producer_ops ops = { locks_pull, locks_free };
	struct locks_producer *locks;
	enum status st = STATUS_NO_MEMORY;

	if ((locks = calloc(1, sizeof(*locks))) != NULL &&
	    (st = locks_begin(locks, caller, request)) == STATUS_OK) {
		locks->producer.ops = &ops;
		answer_produce(caller->answer, &locks->producer);
		return;
	}
	if (locks != NULL)
		locks_free(&locks->producer);
	command_fail(caller, request, st);
}
