/* SPDX-License-Identifier: ISC */
/* The command get-tree: a producer of a folder with all in it. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "outflow.h"
#include "reach_tree.h"
#include "tree_total.h"
#include "waiter.h"

#define STEPS		512	/* of one pull, or */
#define STEP_US		2000

struct get_tree {
	struct producer	 producer;
	struct waiter	 waiter;	/* with the folder's path; for the file
					 * that is held */
	struct reach_tree walk;
	const struct tree_entry *held;	/* what is not done with yet */
	uint64_t	 began_us;	/* with the file that is held */
	struct outflow	 flow;		/* of that, once it is open */
	bool		 has_entry;	/* it was told, its content follows */
	struct answer_member end;	/* all of it is out, if is_end */
	bool		 waits;		/* for its lock */
	struct tree_total total;	/* if that is wanted */
	bool		 tells_total;	/* now */

	/* what cannot be had, until it is told */
	enum status	 failure;
	struct status_words words;
	bool		 is_about_file;	/* the audit is to know */

	uint64_t	 count, bytes;
	enum status	 first;		/* failure of all, for the audit */
	bool		 is_over;	/* the audit knows the end */
};

static void
audit_end(struct get_tree *it, enum status outcome)
{
	it->is_over = true;
	audit(&it->waiter.who, &(struct audit_event){ .verb = "get-tree",
	    .path = it->waiter.path, .has_bytes = true, .bytes = it->bytes,
	    .has_count = true, .count = it->count,
	    .began_us = it->waiter.began_us, .outcome = outcome });
}

/* As a get of that file has it. */
static void
audit_file(struct get_tree *it, enum status outcome, const uint8_t *digest)
{
	audit(&it->waiter.who, &(struct audit_event){ .verb = "get",
	    .path = tree_path(it->walk.tree), .has_bytes = true,
	    .bytes = outflow_sent(&it->flow), .began_us = it->began_us,
	    .digest = digest, .outcome = outcome });
}

static void
close_file(struct get_tree *it)
{
	outflow_close(&it->flow);
	it->flow = (struct outflow){ .file = { .fd = -1 } };
	it->has_entry = false;
	it->end.is_end = false;
}

static void
get_tree_free(struct producer *producer)
{
	struct get_tree *it = (struct get_tree *)producer;

	if (it->flow.file.fd != -1)
		audit_file(it, STATUS_CANCELLED, NULL);
	close_file(it);
	if (!it->is_over)
		audit_end(it, STATUS_CANCELLED);
	reach_tree_end(&it->walk);
	tree_total_end(&it->total);
	status_words_free(&it->words);
	waiter_clear(&it->waiter);
	free(it);
}

/*
 * --- What cannot be had -----------------------------------------------------
 */

static void
note_failure(struct get_tree *it, enum status st, bool is_about_file)
{
	it->failure = st;
	it->is_about_file = is_about_file;
	status_words_keep(&it->words, st);
	if (it->first == STATUS_OK)
		it->first = st;
}

/* False if there is no room for it now. */
static bool
tell_failure(struct get_tree *it, struct answer *answer)
{
	const struct answer_member row = { .failed = it->failure,
	    .path = reach_tree_path(&it->walk) };

	status_words_use(&it->words, it->failure);
	if (!answer_member(answer, &row))
		return false;
	if (it->is_about_file)
		audit_file(it, it->failure, NULL);
	close_file(it);
	it->failure = STATUS_OK;
	it->held = NULL;
	return true;
}

/*
 * --- One file ---------------------------------------------------------------
 */

static struct get_tree *
of_waiter(struct waiter *waiter)
{
	return (struct get_tree *)((char *)waiter -
	    offsetof(struct get_tree, waiter));
}

static enum status
open_file(struct waiter *waiter, struct kit *kit)
{
	struct get_tree *it = of_waiter(waiter);
	struct in_place_spot spot = { .path = tree_path(it->walk.tree) };
	enum status st;

	(void)kit;
	spot.folder_fd = tree_folder(it->walk.tree, &spot.name);
	st = in_place_open_at(&it->flow.file, tree_place(it->walk.tree),
	    &spot);
	if (st == STATUS_OK)
		st = outflow_begin(&it->flow, waiter->line);
	return st;
}

/* Stand in the line for the lock that somebody else has on the file. */
static void
wait_for_file(struct get_tree *it, struct answer *answer)
{
	const struct lock_claim claim = { .dev = it->held->st.st_dev,
	    .ino = it->held->st.st_ino, .end = RANGE_LOCK_END,
	    .kind = RANGE_LOCK_SHARED };

	it->waiter.wait.claims[0] = claim;
	it->waits = true;
	waiter_go_on(&it->waiter, answer);
}

/* What has vanished meanwhile is left out. */
static void
take_opened(struct get_tree *it, enum status st)
{
	if (st == STATUS_NOT_FOUND) {
		close_file(it);
		it->held = NULL;
	} else if (st != STATUS_OK)
		note_failure(it, st, true);
}

static void
get_tree_resume(struct waiter *waiter, struct answer *answer, enum status st)
{
	struct get_tree *it = of_waiter(waiter);

	it->waits = false;
	if (st == STATUS_CANCELLED) {
		answer_error(answer, st);
		get_tree_free(&it->producer);
		return;
	}
	take_opened(it, st);
	answer_produce(answer, &it->producer);
}

static void
get_tree_drop(struct waiter *waiter)
{
	get_tree_free(&of_waiter(waiter)->producer);
}

/* Begin with the file that is held; the pull goes on from what comes of it. */
static void
begin_file(struct get_tree *it, struct answer *answer)
{
	enum status st;

	it->began_us = clock_us();
	if ((reach_tree_rights(&it->walk) & RIGHT_READ) == 0)
		st = status_set(STATUS_NOT_PERMITTED,
		    "%s: not permitted to this user",
		    tree_path(it->walk.tree));
	else
		st = open_file(&it->waiter, NULL);
	if (st == STATUS_LOCKED && it->waiter.seconds > 0)
		wait_for_file(it, answer);
	else
		take_opened(it, st);
}

static void
file_facts(const struct get_tree *it, struct file_facts *facts)
{
	command_facts(facts, reach_tree_path(&it->walk), &it->flow.file.st);
	/* What is sent, whatever the file may be by now. */
	facts->size = it->flow.total;
}

static void
end_file(struct get_tree *it, const uint8_t *digest)
{
	it->bytes += it->flow.total;
	audit_file(it, STATUS_OK, digest);
	close_file(it);
	it->held = NULL;
}

static enum status
read_whole(struct get_tree *it, void *bytes)
{
	ssize_t n = pread(it->flow.file.fd, bytes, (size_t)it->flow.total, 0);

	if (n == -1)
		return status_errno("read");
	it->flow.at = (uint64_t)n;
	if (it->flow.at != it->flow.end)
		return status_set(STATUS_CHANGED,
		    "the file was cut short while it was read");
	return outflow_check(&it->flow);
}

/* A small file is one row.  False without room for it. */
static bool
send_whole(struct get_tree *it, struct answer *answer)
{
	uint8_t digest[DIGEST_SIZE];
	struct file_facts facts;
	enum status st;
	void *bytes;

	file_facts(it, &facts);
	if ((bytes = answer_whole_room(answer, &facts)) == NULL)
		return false;
	if ((st = read_whole(it, bytes)) != STATUS_OK) {
		answer_whole(answer, NULL);
		note_failure(it, st, true);
		return true;
	}
	digest_of_small(digest, bytes, (size_t)it->flow.total);
	answer_whole(answer, digest);
	it->count++;
	end_file(it, digest);
	return true;
}

/* A large one is its entry, DATA, and its end.  False without room. */
static bool
send_some(struct get_tree *it, struct answer *answer)
{
	struct answer_member row = { .facts = NULL };
	struct file_facts facts;
	enum status st = STATUS_OK;
	bool is_out;

	if (!it->has_entry) {
		file_facts(it, &facts);
		row.facts = &facts;
		if (!answer_member(answer, &row))
			return false;
		it->has_entry = true;
		it->count++;
	}
	if (!it->end.is_end) {
		st = outflow_pull(&it->flow, answer, &is_out);
		if (st == STATUS_OK && !is_out)
			return false;
		if (st == STATUS_OK)
			st = outflow_end(&it->flow, it->end.digest);
		it->end.is_end = st == STATUS_OK;
	}
	if (st != STATUS_OK)
		note_failure(it, st, true);
	else if (answer_member(answer, &it->end))
		end_file(it, it->end.digest);
	else
		return false;
	return true;
}

/*
 * --- All of them ------------------------------------------------------------
 */

static bool
send_entry(struct get_tree *it, struct answer *answer)
{
	struct answer_member row = { .facts = NULL };
	struct file_facts facts;

	command_facts(&facts, reach_tree_path(&it->walk), &it->held->st);
	row.facts = &facts;
	/* The folder itself is not among what is in it. */
	if (!it->held->leaving &&
	    reach_tree_depth(&it->walk, it->held) > 0) {
		if (!answer_member(answer, &row))
			return false;
		it->count++;
	}
	it->held = NULL;
	return true;
}

/* One step further with what is at hand.  False without room for it now. */
static bool
advance(struct get_tree *it, struct answer *answer)
{
	if (it->failure != STATUS_OK)
		return tell_failure(it, answer);
	if (!S_ISREG(it->held->st.st_mode))
		return send_entry(it, answer);
	if (it->flow.file.fd == -1) {
		begin_file(it, answer);
		return true;
	}
	return it->flow.total <= ANSWER_WHOLE_MOST ?
	    send_whole(it, answer) : send_some(it, answer);
}

static enum pull
get_tree_done(struct get_tree *it, struct answer *answer)
{
	const struct outcome outcome = { .has_count = true,
	    .count = it->count, .has_size = true, .size = it->bytes };

	answer_ok(answer, &outcome);
	audit_end(it, it->first);
	return PULL_DONE;
}

/* False if there is no room for it now. */
static bool
tell_total(struct get_tree *it, struct answer *answer)
{
	struct answer_member row = { .is_total = true };

	it->tells_total |= tree_total_step(&it->total);
	row.files = it->total.files;
	row.bytes = it->total.bytes;
	if (it->tells_total && !answer_member(answer, &row))
		return false;
	it->tells_total = false;
	return true;
}

static enum pull
pull_some(struct get_tree *it, struct answer *answer)
{
	uint64_t ends;
	enum status st;
	int i;

	if (!tell_total(it, answer))
		return PULL_AGAIN;
	ends = clock_us() + STEP_US;
	for (i = 0; i < STEPS && clock_us() < ends; i++) {
		if (it->held != NULL || it->failure != STATUS_OK) {
			if (!advance(it, answer))
				return PULL_AGAIN;
			if (it->waits)
				return PULL_WAITS;
			continue;
		}
		st = reach_tree_next(&it->walk, &it->held);
		if (st != STATUS_OK)
			note_failure(it, st, false);
		else if (it->held == NULL)
			return get_tree_done(it, answer);
	}
	return PULL_ON;
}

static enum pull
get_tree_pull(struct producer *producer, struct answer *answer)
{
	enum pull pull;

	audit_gather();
	pull = pull_some((struct get_tree *)producer, answer);
	audit_flush();
	return pull;
}

static void
get_tree_stalled(struct producer *producer)
{
	outflow_stalled(&((struct get_tree *)producer)->flow);
}

static enum status
begin(struct get_tree *it, struct caller *caller,
    const struct request *request)
{
	enum status st;

	it->flow.file.fd = -1;
	if ((st = waiter_init(&it->waiter, caller, request)) != STATUS_OK ||
	    (st = reach_tree_begin(&it->walk, caller, it->waiter.path)) !=
	    STATUS_OK ||
	    (st = reach_tree_next(&it->walk, &it->held)) != STATUS_OK)
		return st;
	if (!S_ISDIR(it->held->st.st_mode))
		return status_set(STATUS_NOT_A_FOLDER, "%s: not a folder",
		    it->waiter.path);
	if (request->wants_total)
		tree_total_begin(&it->total, caller, it->waiter.path);
	return STATUS_OK;
}

void
command_get_tree(struct caller *caller, const struct request *request)
{
	static const struct producer_ops producing = { get_tree_pull,
	    get_tree_free };
	static const struct waiter_ops waiting = { open_file,
	    get_tree_resume, get_tree_drop };
	struct get_tree *it;
	enum status st;

	if ((it = calloc(1, sizeof(*it))) == NULL) {
		answer_error(caller->answer, STATUS_NO_MEMORY);
		return;
	}
	it->producer.ops = &producing;
	it->producer.stalled = get_tree_stalled;
	st = begin(it, caller, request);
	it->waiter.ops = &waiting;
	if (st == STATUS_OK) {
		answer_produce(caller->answer, &it->producer);
		return;
	}
	answer_error(caller->answer, st);
	audit_end(it, st);
	get_tree_free(&it->producer);
}
