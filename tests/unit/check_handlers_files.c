/* SPDX-License-Identifier: ISC */
/* Handlers that change files in place, copy them, or go through trees. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "check_main.h"
#include "stub_face.h"
#include "waiter.h"

static struct desk desk;

static void
set_up(void)
{
	desk_open(&desk, DURABILITY_COMMIT);
}

static void
tear_down(void)
{
	desk_close(&desk);
}

static enum status
feed(uint64_t offset, const char *text)
{
	struct consumer *consumer = desk.face.consumer;

	return consumer->ops->feed(consumer, offset, text, strlen(text));
}

static enum status
commit(const char *text)
{
	struct consumer *consumer = desk.face.consumer;
	uint8_t digest[DIGEST_SIZE];

	digest_of(digest, text, strlen(text));
	return consumer->ops->commit(consumer, strlen(text), digest);
}

START_TEST(append_adds_to_the_end_and_answers_once)
{
	struct request request = desk_request(VERB_APPEND, "f");

	store_put(&desk.store, "f", "old");
	desk_run(&desk, &request);
	ck_assert_ptr_nonnull(desk.face.consumer);
	ck_assert_int_eq(feed(0, "ne"), STATUS_OK);
	ck_assert_int_eq(feed(2, "w"), STATUS_OK);
	ck_assert_uint_eq(desk.face.finals, 0);
	ck_assert_int_eq(commit("new"), STATUS_OK);
	ck_assert_uint_eq(desk.face.finals, 1);
	ck_assert_uint_eq(desk.face.outcome.size, 6);
	ck_assert(store_has(&desk.store, "f", "oldnew"));
}
END_TEST

/* The waiter that was left, as a face does it. */
static void
wait_for_it(void)
{
	struct waiter *waiter = desk.face.waiter;
	struct letter *letter;

	ck_assert_ptr_nonnull(waiter);
	ck_assert_uint_eq(desk.face.finals, 0);
	desk.face.waiter = NULL;
	ck_assert_int_eq(waiter_submit(waiter, NULL, desk.mailbox, 1),
	    STATUS_OK);
	while (sem_wait(&desk.letters) != 0)
		continue;
	ck_assert_ptr_nonnull(letter = mailbox_take(desk.mailbox));
	ck_assert_int_eq(letter->kind, LETTER_WAITER);
	waiter_resume((struct waiter *)letter, &desk.face.answer);
}

START_TEST(nothing_in_place_waits_here_for_the_disk)
{
	struct request request = desk_request(VERB_APPEND, "f");
	struct consumer *consumer;

	store_put(&desk.store, "f", "old");
	desk.caller.flush_line = desk.line;
	desk_run(&desk, &request);
	ck_assert_int_eq(feed(0, "new"), STATUS_OK);
	ck_assert_int_eq(commit("new"), STATUS_OK);
	/* The face has no more use for it. */
	consumer = desk.face.consumer;
	desk.face.consumer = NULL;
	consumer->ops->free(consumer);
	wait_for_it();
	ck_assert_int_eq(desk.face.st, STATUS_OK);
	ck_assert_uint_eq(desk.face.outcome.size, 6);

	request = desk_request(VERB_TRUNCATE, "f");
	request.has_size = true;
	desk_run(&desk, &request);
	wait_for_it();
	ck_assert_int_eq(desk.face.st, STATUS_OK);
	ck_assert(store_has(&desk.store, "f", ""));

	request = desk_request(VERB_CP, "f");
	request.target.at = "g";
	request.target.len = 1;
	desk_run(&desk, &request);
	while (desk.face.producer != NULL)
		desk_pull(&desk);
	wait_for_it();
	ck_assert_int_eq(desk.face.st, STATUS_OK);
	for (enum verb verb = VERB_MKDIR; verb <= VERB_RM; verb++) {
		request = desk_request(verb, verb == VERB_RM ? "g" : "d");
		desk_run(&desk, &request);
		wait_for_it();
		ck_assert_int_eq(desk.face.st, STATUS_OK);
	}
}
END_TEST

START_TEST(append_takes_no_gap_and_no_more_than_announced)
{
	struct request request = desk_request(VERB_APPEND, "f");

	store_put(&desk.store, "f", "old");
	request.has_size = true;
	request.size = 2;
	desk_run(&desk, &request);
	ck_assert_int_eq(feed(1, "x"), STATUS_BAD_REQUEST);
	desk_run(&desk, &request);
	ck_assert_int_eq(feed(0, "xyz"), STATUS_SIZE);
	desk_run(&desk, &request);
	ck_assert_int_eq(feed(0, "x"), STATUS_OK);
	ck_assert_int_eq(commit("x"), STATUS_SIZE);
}
END_TEST

START_TEST(write_holds_its_range_until_it_ends)
{
	struct request request = desk_request(VERB_WRITE, "f");
	struct holder holder;

	store_put(&desk.store, "f", "0123456789");
	request.has_offset = request.has_length = true;
	request.offset = 4;
	request.length = 2;
	holder_begin(&holder, &desk.store, "f", classic(F_RDLCK, 5, 1));
	desk_run(&desk, &request);
	ck_assert_int_eq(desk.face.st, STATUS_LOCKED);
	holder_end(&holder);
	holder_begin(&holder, &desk.store, "f", classic(F_RDLCK, 6, 1));
	desk_run(&desk, &request);
	ck_assert_ptr_nonnull(desk.face.consumer);
	ck_assert_int_eq(feed(4, "ab"), STATUS_OK);
	holder_end(&holder);
	ck_assert(store_has(&desk.store, "f", "0123ab6789"));
}
END_TEST

START_TEST(truncate_and_touch_work_at_once)
{
	struct request request = desk_request(VERB_TRUNCATE, "f");

	store_put(&desk.store, "f", "0123456789");
	request.has_size = true;
	request.size = 3;
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_OK);
	ck_assert_uint_eq(desk.face.outcome.size, 3);
	ck_assert(store_has(&desk.store, "f", "012"));
	/* It would tell who sees nothing which names are taken. */
	desk.caller.rights = RIGHT_WRITE;
	ck_assert_int_eq(desk_do(&desk, VERB_TOUCH, "g"),
	    STATUS_NOT_PERMITTED);
	desk.caller.rights = RIGHT_WRITE | RIGHT_LIST;
	ck_assert_int_eq(desk_do(&desk, VERB_TOUCH, "g"), STATUS_OK);
	ck_assert_int_eq(desk_do(&desk, VERB_TOUCH, "g"),
	    STATUS_NOT_PERMITTED);
	desk.caller.rights = RIGHT_OVERWRITE;
	ck_assert_int_eq(desk_do(&desk, VERB_TOUCH, "g"), STATUS_OK);
	ck_assert_int_eq(desk_do(&desk, VERB_TOUCH, "h"),
	    STATUS_NOT_PERMITTED);
}
END_TEST

static struct request
copy(const char *path, const char *target)
{
	struct request request = desk_request(VERB_CP, path);

	request.target.at = target;
	request.target.len = strlen(target);
	return request;
}

START_TEST(cp_copies_and_replaces)
{
	struct request request = copy("f", "g");

	store_put(&desk.store, "f", "text");
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_OK);
	ck_assert(store_has(&desk.store, "g", "text"));
	store_put(&desk.store, "g", "other");
	request.taken = 1;
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_EXISTS);
	ck_assert(store_has(&desk.store, "g", "other"));
	request.taken = 0;
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_OK);
	ck_assert(store_has(&desk.store, "g", "text"));
	request = copy("f", "f");
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_OK);
	ck_assert(store_has(&desk.store, "f", "text"));
}
END_TEST

START_TEST(cp_that_is_dropped_leaves_nothing)
{
	struct request request = copy("f", "g");

	store_put(&desk.store, "f", "text");
	desk_run(&desk, &request);
	ck_assert_ptr_nonnull(desk.face.producer);
	ck_assert_int_eq(desk_do(&desk, VERB_PWD, NULL), STATUS_OK);
	ck_assert(store_lacks(&desk.store, "g"));
	ck_assert_int_eq(store_stages(&desk.store), 0);
}
END_TEST

START_TEST(sum_knows_two_methods)
{
	static const uint8_t abc[] = { 0xba, 0x78, 0x16, 0xbf };
	struct request request = desk_request(VERB_SUM, "f");

	store_put(&desk.store, "f", "abc");
	request.method.at = "sha256";
	request.method.len = 6;
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_OK);
	ck_assert_uint_eq(desk.face.outcome.sum_len, 32);
	ck_assert_mem_eq(desk.face.sum, abc, sizeof(abc));
	request.method.at = "xxh128";
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_OK);
	ck_assert_uint_eq(desk.face.outcome.sum_len, 16);
	request.method.at = "sha512";
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_UNSUPPORTED);
}
END_TEST

static void
fill(int count)
{
	char name[32];
	int i;

	store_mkdir(&desk.store, "t");
	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "t/f%d", i);
		store_put(&desk.store, name, "12");
	}
}

START_TEST(find_and_du_give_the_worker_back_in_between)
{
	struct request request = desk_request(VERB_FIND, "t");
	int pulls = 0;

	fill(300);
	request.pattern.at = "f7?";
	request.pattern.len = 3;
	desk_run(&desk, &request);
	while (desk.face.producer != NULL) {
		desk_pull(&desk);
		pulls++;
	}
	ck_assert_int_eq(desk.face.st, STATUS_OK);
	ck_assert_uint_eq(desk.face.outcome.count, 10);
	ck_assert(desk_lists(&desk, "ff75"));
	ck_assert_int_ge(pulls, 300 / 64);
	ck_assert_int_eq(desk_do(&desk, VERB_DU, "t"), STATUS_OK);
	ck_assert_uint_eq(desk.face.outcome.count, 300);
	ck_assert_uint_eq(desk.face.outcome.size, 600);
	request.kind = 'x';
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_BAD_REQUEST);
}
END_TEST

START_TEST(rm_of_a_tree_goes_on_after_a_failure)
{
	struct request request = desk_request(VERB_RM, "t");
	struct holder holder;

	fill(3);
	request.recursive = true;
	holder_begin(&holder, &desk.store, "t/f1", classic(F_WRLCK, 0, 0));
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_LOCKED);
	ck_assert(store_lacks(&desk.store, "t/f0"));
	ck_assert(store_lacks(&desk.store, "t/f2"));
	ck_assert(!store_lacks(&desk.store, "t/f1"));
	holder_end(&holder);
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_OK);
	ck_assert(store_lacks(&desk.store, "t"));
	request = desk_request(VERB_RM, "/");
	request.recursive = true;
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_NOT_PERMITTED);
}
END_TEST

START_TEST(mkdir_makes_parents_when_asked)
{
	struct request request = desk_request(VERB_MKDIR, "a/b/c");

	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_NOT_FOUND);
	request.parents = true;
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_OK);
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_OK);
	ck_assert(!store_lacks(&desk.store, "a/b/c"));
	store_put(&desk.store, "a/f", "");
	request = desk_request(VERB_MKDIR, "a/f");
	request.parents = true;
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_EXISTS);
}
END_TEST

START_TEST(df_tells_size_and_room)
{
	ck_assert_int_eq(desk_do(&desk, VERB_DF, NULL), STATUS_OK);
	ck_assert(desk.face.outcome.has_size && desk.face.outcome.has_free);
	ck_assert_uint_ge(desk.face.outcome.size, desk.face.outcome.free);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		append_adds_to_the_end_and_answers_once,
		nothing_in_place_waits_here_for_the_disk,
		append_takes_no_gap_and_no_more_than_announced,
		write_holds_its_range_until_it_ends,
		truncate_and_touch_work_at_once,
		cp_copies_and_replaces,
		cp_that_is_dropped_leaves_nothing,
		sum_knows_two_methods,
		find_and_du_give_the_worker_back_in_between,
		rm_of_a_tree_goes_on_after_a_failure,
		mkdir_makes_parents_when_asked,
		df_tells_size_and_room,
		NULL
	};

	return check_main("handlers_files", tests, set_up, tear_down);
}
