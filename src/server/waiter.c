/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "waiter.h"

#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "clock.h"
#include "command.h"
#include "own_locks.h"
#include "request.h"

static enum status
copy_path(char **out, const struct caller *caller,
    const struct request_bytes *path)
{
	char clean[WALK_PATH_ROOM];
	enum status st;

	if ((st = command_path(clean, caller, path)) != STATUS_OK)
		return st;
	*out = strdup(clean);
	return *out != NULL ? STATUS_OK :
	    status_set(STATUS_NO_MEMORY, "out of memory");
}

enum status
waiter_init(struct waiter *waiter, const struct caller *caller,
    const struct request *request)
{
	enum status st;
	char *root;

	memset(waiter, 0, sizeof(*waiter));
	waiter->letter.kind = LETTER_WAITER;
	waiter->who = *caller->who;
	waiter->began_us = clock_us();
	waiter->seconds = request->wait;
	waiter->line = caller->lock_line;
	waiter->flush_line = caller->flush_line;
	if ((root = strdup(caller->place.root)) == NULL)
		return status_set(STATUS_NO_MEMORY, "out of memory");
	waiter->place = caller->place;
	waiter->place.root = root;
	waiter->place.own = own_locks_ref(caller->place.own);
	st = copy_path(&waiter->path, caller, &request->path);
	if (st == STATUS_OK && request->target.at != NULL)
		st = copy_path(&waiter->target, caller, &request->target);
	return st;
}

void
waiter_clear(struct waiter *waiter)
{
	own_locks_unref(waiter->place.own);
	waiter->place.own = NULL;
	free((char *)(uintptr_t)waiter->place.root);
	waiter->place.root = NULL;
	free(waiter->path);
	free(waiter->target);
	status_words_free(&waiter->words);
	waiter->path = waiter->target = NULL;
	mailbox_unref(waiter->mailbox);
	waiter->mailbox = NULL;
}

void
waiter_claim(struct waiter *waiter, const struct lock_claim_wish *wish)
{
	const char *paths[LOCK_WAIT_CLAIMS] = { waiter->path,
	    waiter->target };
	struct status_words words = { 0 };
	struct lock_claim *claim;
	struct stat st;
	size_t i;

	/* What is not there must not speak for the lock that was met. */
	status_words_keep(&words, STATUS_LOCKED);
	for (i = 0; i < LOCK_WAIT_CLAIMS; i++) {
		claim = &waiter->wait.claims[i];
		memset(claim, 0, sizeof(*claim));
		if (paths[i] == NULL || wish->start >= RANGE_LOCK_END ||
		    walk_stat(&st, &waiter->place, paths[i]) != STATUS_OK)
			continue;
		claim->dev = st.st_dev;
		claim->ino = st.st_ino;
		claim->start = wish->start;
		claim->end = wish->length == 0 ||
		    wish->length > RANGE_LOCK_END - wish->start ?
		    RANGE_LOCK_END : wish->start + wish->length;
		claim->kind = wish->kind;
		claim->guard = wish->guard;
	}
	status_words_use(&words, STATUS_LOCKED);
	status_words_free(&words);
}

void
waiter_set_flushes(struct waiter *waiter)
{
	waiter->flushes = waiter->flush_line != NULL &&
	    place_durability(&waiter->place) == DURABILITY_COMMIT;
}

/* Is there anything to wait for, and time? */
static bool
may_wait(struct waiter *waiter)
{
	if (waiter->seconds == 0 || waiter->line == NULL)
		return false;
	if (waiter->wait.deadline == 0)
		waiter->wait.deadline = clock_ms() +
		    (uint64_t)waiter->seconds * 1000;
	return clock_ms() < waiter->wait.deadline;
}

static void
try(struct waiter *waiter, struct answer *answer, struct kit *kit)
{
	enum status st;

	if (may_wait(waiter) &&
	    lock_line_is_ahead(waiter->line, waiter->wait.claims)) {
		waiter->flushes = false;
		answer_wait(answer, waiter);
		return;
	}
	if (waiter->flushes) {
		answer_wait(answer, waiter);
		return;
	}
	st = waiter->ops->attempt(waiter, kit);
	if (st == STATUS_LOCKED && may_wait(waiter))
		answer_wait(answer, waiter);
	else
		waiter->ops->resume(waiter, answer, st);
}

void
waiter_run(struct waiter *waiter, struct caller *caller, enum status st)
{
	if (st == STATUS_OK)
		try(waiter, caller->answer, caller->kit);
	else
		waiter->ops->resume(waiter, caller->answer, st);
}

void
waiter_go_on(struct waiter *waiter, struct answer *answer)
{
	try(waiter, answer, NULL);
}

void
waiter_close(const struct waiter *waiter, struct in_place *file)
{
	bool was_open = file->fd != -1;

	in_place_close(file);
	if (was_open)
		lock_line_wake(waiter->line, file->st.st_dev,
		    file->st.st_ino);
}

static struct waiter *
of_wait(struct lock_wait *wait)
{
	return (struct waiter *)((char *)wait -
	    offsetof(struct waiter, wait));
}

static enum status
attempt(struct lock_wait *wait, struct kit *kit)
{
	struct waiter *waiter = of_wait(wait);

	return waiter->ops->attempt(waiter, kit);
}

static void
done(struct lock_wait *wait, enum status st)
{
	struct waiter *waiter = of_wait(wait);
	struct mailbox *mailbox = waiter->mailbox;

	waiter->st = st;
	status_words_keep(&waiter->words, st);
	waiter->mailbox = NULL;
	mailbox_post(mailbox, &waiter->letter);
	mailbox_unref(mailbox);
}

static void
drop(struct letter *letter)
{
	struct waiter *waiter = (struct waiter *)letter;

	waiter->ops->free(waiter);
}

static struct waiter *
of_job(struct flush_job *job)
{
	return (struct waiter *)((char *)job - offsetof(struct waiter, job));
}

static void
run_job(struct flush_job *job, struct kit *kit)
{
	struct waiter *waiter = of_job(job);

	waiter->st = waiter->ops->attempt(waiter, kit);
}

/* By the thread that has run it: its words are still those of the status. */
static void
job_done(struct flush_job *job, bool is_cancelled)
{
	struct waiter *waiter = of_job(job);
	enum status st = waiter->st;

	if (st == STATUS_LOCKED && is_cancelled)
		st = status_set(STATUS_CANCELLED, "cancelled");
	else if (st == STATUS_LOCKED && may_wait(waiter)) {
		st = lock_line_submit(waiter->line, &waiter->wait);
		if (st == STATUS_OK)
			return;
	}
	done(&waiter->wait, st);
}

static enum status
submit(struct waiter *waiter, struct lock_line *line, uint32_t id)
{
	if (!waiter->flushes)
		return lock_line_submit(line, &waiter->wait);
	waiter->flushes = false;
	waiter->job.run = run_job;
	waiter->job.done = job_done;
	waiter->job.owner = waiter->mailbox;
	waiter->job.id = id;
	flush_line_submit_job(waiter->flush_line, &waiter->job);
	return STATUS_OK;
}

enum status
waiter_submit(struct waiter *waiter, struct lock_line *line,
    struct mailbox *mailbox, uint32_t id)
{
	static const struct lock_wait_ops ops = { attempt, done, NULL };
	enum status st;

	waiter->letter.drop = drop;
	waiter->wait.ops = &ops;
	waiter->wait.owner = mailbox;
	waiter->wait.id = id;
	waiter->mailbox = mailbox_ref(mailbox);
	if ((st = submit(waiter, line, id)) != STATUS_OK) {
		mailbox_unref(mailbox);
		waiter->mailbox = NULL;
	}
	return st;
}

void
waiter_resume(struct waiter *waiter, struct answer *answer)
{
	status_words_use(&waiter->words, waiter->st);
	waiter->ops->resume(waiter, answer, waiter->st);
}
