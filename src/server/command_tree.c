/* SPDX-License-Identifier: ISC */
/* Commands that go through whole trees, in steps: find, du, and rm of all. */
#include "config.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "clock.h"
#include "command.h"
#include "reach.h"
#include "reach_tree.h"
#include "tree.h"
#include "waiter.h"

#define STEP_ENTRIES	64	/* of one pull, or */
#define STEP_US		2000

/* What find looks for; the strings are its own. */
struct sieve {
	struct request	 request;	/* without its strings */
	char		 pattern[256];	/* "" for any name */
};

/* What is done with each name; false if there is no room for it now. */
struct tree_producer;
typedef bool (*tree_visitor)(struct tree_producer *it, struct answer *answer,
    const struct tree_entry *entry);

struct tree_producer {
	struct producer	 producer;
	struct reach_tree walk;
	tree_visitor	 visit;
	const struct tree_entry *held;	/* an entry that found no room */
	enum status	 failed;	/* the first failure, told at the end */
	struct status_words words;	/* of it */
	struct sieve	 sieve;
	uint64_t	 count, size;
	bool		 tells_size;
	/* rm only */
	struct reach_folders *shared;	/* owned: they stay */
	struct names	*names;		/* owned, or NULL */
	struct audit_who who;
	struct audit_event event;
	char		 path[WALK_PATH_ROOM];
	bool		 is_told;	/* in the audit */
	struct waiter	 waiter;	/* for the removal of `held` ... */
	bool		 waits;		/* ... by a line */
	bool		 flushes;	/* the last one, by the flush line */
};

static void
note_failure(struct tree_producer *it, enum status st)
{
	status_words_first(&it->words, &it->failed, st);
}

static void
tell_audit(struct tree_producer *it, enum status st)
{
	if (it->names == NULL || it->is_told)
		return;
	it->event.outcome = st;
	it->is_told = true;
	audit(&it->who, &it->event);
}

static void
tree_free(struct producer *producer)
{
	struct tree_producer *it = (struct tree_producer *)producer;

	tell_audit(it, STATUS_CANCELLED);
	reach_tree_end(&it->walk);
	names_close(it->names);
	free(it->shared);
	status_words_free(&it->words);
	waiter_clear(&it->waiter);
	free(it);
}

static enum pull
tree_done(struct tree_producer *it, struct answer *answer)
{
	struct outcome outcome = { .has_count = it->names == NULL,
	    .count = it->count, .size = it->size,
	    .has_size = it->tells_size };

	if (it->failed != STATUS_OK) {
		status_words_use(&it->words, it->failed);
		answer_error(answer, it->failed);
	} else
		answer_ok(answer, &outcome);
	tell_audit(it, it->failed);
	return PULL_DONE;
}

static enum pull
tree_pull(struct producer *producer, struct answer *answer)
{
	struct tree_producer *it = (struct tree_producer *)producer;
	uint64_t ends = clock_us() + STEP_US;
	enum status st;
	int i;

	for (i = 0; i < STEP_ENTRIES && clock_us() < ends; i++) {
		if (it->held == NULL) {
			if ((st = reach_tree_next(&it->walk,
			    &it->held)) != STATUS_OK) {
				note_failure(it, st);
				continue;
			}
		}
		if (it->held == NULL)
			return tree_done(it, answer);
		if (!it->visit(it, answer, it->held))
			return PULL_AGAIN;
		if (it->waits)
			return PULL_WAITS;
		it->held = NULL;
	}
	return PULL_ON;
}

static bool
is_before(const struct file_time *time, const struct timespec *other)
{
	return time->seconds != other->tv_sec ?
	    time->seconds < other->tv_sec :
	    time->nanoseconds < (uint64_t)other->tv_nsec;
}

static bool
is_behind(const struct file_time *time, const struct timespec *other)
{
	return time->seconds != other->tv_sec ?
	    time->seconds > other->tv_sec :
	    time->nanoseconds > (uint64_t)other->tv_nsec;
}

static bool
passes(const struct sieve *sieve, const char *name, const struct stat *st)
{
	const struct request *want = &sieve->request;
	uint64_t size = S_ISDIR(st->st_mode) ? 0 : (uint64_t)st->st_size;
	struct file_facts facts;

	command_facts(&facts, name, st);
	return (want->kind == 0 || want->kind == (uint8_t)facts.type) &&
	    (!want->has_size_least || size >= want->size_least) &&
	    (!want->has_size_most || size <= want->size_most) &&
	    (!want->has_newer || is_before(&want->newer, &st->st_mtim)) &&
	    (!want->has_older || is_behind(&want->older, &st->st_mtim)) &&
	    (sieve->pattern[0] == '\0' ||
	    fnmatch(sieve->pattern, name, FNM_NOESCAPE) == 0);
}

static bool
visit_find(struct tree_producer *it, struct answer *answer,
    const struct tree_entry *entry)
{
	const struct request *want = &it->sieve.request;
	const char *whole = tree_path(it->walk.tree);
	unsigned int depth = reach_tree_depth(&it->walk, entry);
	const char *path = reach_tree_path(&it->walk);
	struct file_facts facts;

	if (entry->leaving)
		return true;
	if (want->has_depth && depth >= want->depth)
		tree_skip(it->walk.tree);
	if (depth == 0) {
		/* A folder does not find itself. */
		if (S_ISDIR(entry->st.st_mode))
			return true;
		path = strrchr(whole, '/') + 1;
	}
	if (!passes(&it->sieve, strrchr(whole, '/') + 1, &entry->st))
		return true;
	command_facts(&facts, path, &entry->st);
	if (!answer_entry(answer, &facts))
		return false;
	it->count++;
	return true;
}

static bool
visit_du(struct tree_producer *it, struct answer *answer,
    const struct tree_entry *entry)
{
	(void)answer;
	if (!entry->leaving && S_ISREG(entry->st.st_mode)) {
		it->count++;
		it->size += (uint64_t)entry->st.st_size;
	}
	return true;
}

static bool
is_shared(const struct tree_producer *it, const struct stat *st)
{
	for (size_t i = 0; i < it->shared->count; i++)
		if (it->shared->at[i].dev == st->st_dev &&
		    it->shared->at[i].ino == st->st_ino)
			return true;
	return false;
}

static struct tree_producer *
of_waiter(struct waiter *waiter)
{
	return (struct tree_producer *)((char *)waiter -
	    offsetof(struct tree_producer, waiter));
}

/* What is waited for, for the order of those that wait. */
static void
rm_claim(struct tree_producer *it)
{
	char *path = strdup(tree_path(it->walk.tree));

	if (path == NULL)
		return;		/* then it is tried without an order */
	free(it->waiter.path);
	it->waiter.path = path;
	waiter_claim(&it->waiter, &(struct lock_claim_wish){
	    .kind = RANGE_LOCK_SHARED, .guard = RANGE_LOCK_EXCLUSIVE });
}

/* Remove what is held: a file, or a folder that is empty by now. */
static enum status
rm_attempt(struct waiter *waiter, struct kit *kit)
{
	struct tree_producer *it = of_waiter(waiter);
	struct place place = *tree_place(it->walk.tree);
	const struct change_terms terms = { 0 };
	enum status st;

	(void)kit;		/* its own names are open already */
	/* The flush of the last removal makes good for all below it. */
	if (it->held->depth > 0)
		place.durability = PLACE_ASYNC;
	st = it->held->leaving ?
	    change_rmdir(&place, it->names, tree_path(it->walk.tree)) :
	    change_rm(&place, it->names, tree_path(it->walk.tree), &terms);
	if (st == STATUS_LOCKED && waiter->seconds > 0)
		rm_claim(it);
	return st;
}

static void
rm_note(struct tree_producer *it, enum status st)
{
	if (st != STATUS_OK && st != STATUS_NOT_FOUND)
		note_failure(it, st);
}

static void
rm_resume(struct waiter *waiter, struct answer *answer, enum status st)
{
	struct tree_producer *it = of_waiter(waiter);

	rm_note(it, st);
	it->held = NULL;
	it->waits = false;
	if (st == STATUS_CANCELLED) {
		(void)tree_done(it, answer);
		tree_free(&it->producer);
	} else
		answer_produce(answer, &it->producer);
}

static void
rm_forget(struct waiter *waiter)
{
	tree_free(&of_waiter(waiter)->producer);
}

static bool
visit_rm(struct tree_producer *it, struct answer *answer,
    const struct tree_entry *entry)
{
	enum status st = STATUS_OK;

	if (is_shared(it, &entry->st)) {
		tree_skip(it->walk.tree);
		st = status_set(STATUS_NOT_PERMITTED,
		    "%s: is shared, and stays as it is",
		    tree_path(it->walk.tree));
	} else if (entry->depth == 0 && it->flushes &&
	    (entry->leaving || !S_ISDIR(entry->st.st_mode)))
		it->waits = true;
	else if (entry->leaving || !S_ISDIR(entry->st.st_mode)) {
		st = rm_attempt(&it->waiter, NULL);
		it->waits = st == STATUS_LOCKED && it->waiter.seconds > 0;
	}
	if (!it->waits) {
		rm_note(it, st);
		return true;
	}
	it->waiter.flushes = it->flushes && entry->depth == 0;
	waiter_go_on(&it->waiter, answer);
	return true;
}

static enum status
begin(struct tree_producer **out, struct caller *caller,
    const struct request *request, tree_visitor visit)
{
	static const struct producer_ops ops = { tree_pull, tree_free };
	struct tree_producer *it;
	enum status st;

	*out = NULL;
	if ((it = calloc(1, sizeof(*it))) == NULL)
		return STATUS_NO_MEMORY;
	it->producer.ops = &ops;
	it->visit = visit;
	it->is_told = true;	/* until there is something to tell */
	st = command_path(it->path, caller, &request->path);
	if (st == STATUS_OK && visit == visit_rm)
		st = tree_begin(&it->walk.tree, &caller->place, it->path,
		    false);
	else if (st == STATUS_OK)
		st = reach_tree_begin(&it->walk, caller, it->path);
	if (st == STATUS_OK && visit == visit_rm &&
	    (it->shared = reach_folders(caller)) == NULL)
		st = STATUS_NO_MEMORY;
	if (st == STATUS_OK && visit == visit_rm)
		st = names_open(&it->names, caller->place.base);
	if (st == STATUS_OK && visit == visit_rm)
		st = waiter_init(&it->waiter, caller, request);
	if (st != STATUS_OK) {
		tree_free(&it->producer);
		return st;
	}
	*out = it;
	return STATUS_OK;
}

static enum status
read_sieve(struct sieve *sieve, const struct request *request)
{
	if (request->kind != 0 && strchr("fdlo", request->kind) == NULL)
		return status_set(STATUS_BAD_REQUEST,
		    "there is no such type of file");
	if (request->pattern.len >= sizeof(sieve->pattern) ||
	    (request->pattern.len > 0 && memchr(request->pattern.at, '\0',
	    request->pattern.len) != NULL))
		return status_set(STATUS_BAD_REQUEST,
		    "no name can match the pattern");
	sieve->request = *request;
	sieve->request.path.at = sieve->request.pattern.at = NULL;
	if (request->pattern.len > 0)
		memcpy(sieve->pattern, request->pattern.at,
		    request->pattern.len);
	return STATUS_OK;
}

void
command_find(struct caller *caller, const struct request *request)
{
	struct tree_producer *it;
	struct sieve sieve = { .pattern = "" };
	enum status st;

	if ((st = read_sieve(&sieve, request)) != STATUS_OK ||
	    (st = begin(&it, caller, request, visit_find)) != STATUS_OK) {
		command_fail(caller, request, st);
		return;
	}
	it->sieve = sieve;
	answer_produce(caller->answer, &it->producer);
}

void
command_du(struct caller *caller, const struct request *request)
{
	struct tree_producer *it;
	enum status st;

	st = begin(&it, caller, request, visit_du);
	if (st != STATUS_OK) {
		command_fail(caller, request, st);
		return;
	}
	it->tells_size = true;
	answer_produce(caller->answer, &it->producer);
}

void
command_rm_tree(struct caller *caller, const struct request *request)
{
	static const struct waiter_ops ops = { rm_attempt, rm_resume,
	    rm_forget };
	struct audit_event event = { .verb = "rm", .began_us = clock_us() };
	char path[WALK_PATH_ROOM];
	struct tree_producer *it;

	event.outcome = request->if_version || request->if_absent ?
	    status_set(STATUS_BAD_REQUEST,
	    "a folder has no version to expect") :
	    begin(&it, caller, request, visit_rm);
	if (event.outcome == STATUS_OK && strcmp(it->path, "/") == 0) {
		tree_free(&it->producer);
		event.outcome = status_set(STATUS_NOT_PERMITTED,
		    "/: your folder itself stays as it is");
	}
	if (event.outcome != STATUS_OK) {
		answer_error(caller->answer, event.outcome);
		/* The text is told; now the path, if it is one. */
		if (command_path(path, caller, &request->path) == STATUS_OK)
			event.path = path;
		audit(caller->who, &event);
		return;
	}
	it->who = *caller->who;
	it->waiter.ops = &ops;
	waiter_set_flushes(&it->waiter);
	it->flushes = it->waiter.flushes;
	event.path = it->path;
	it->event = event;
	it->is_told = false;
	answer_produce(caller->answer, &it->producer);
}
