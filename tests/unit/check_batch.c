/* SPDX-License-Identifier: ISC */
/* batch and batch_former, on a real base. */
#include "config.h"

#include "batch_support.h"

START_TEST(outcomes_come_in_the_order_of_the_requests)
{
	open_line(1, DURABILITY_COMMIT, 100);
	store_mkdir(&store, "d");
	ck_assert_int_eq(add(&one, 1, "/a", "1", false), STATUS_OK);
	ck_assert_int_eq(add(&one, 2, "/d", "2", false), STATUS_OK);
	ck_assert(batch_former_fail(one.former, 3, false, STATUS_SIZE));
	ck_assert_int_eq(add(&one, 4, "/d/b", "4", false), STATUS_OK);
	batch_former_send(one.former);
	/* The failure has sent the first ones off. */
	ck_assert_str_eq(outcomes(&one), "1 ok, 2 is-a-folder, 3 size");
	batch_former_send(one.former);
	ck_assert_str_eq(outcomes(&one), "4 ok");
	ck_assert(store_has(&store, "a", "1"));
	ck_assert(store_has(&store, "d/b", "4"));
}
END_TEST

START_TEST(what_is_chained_behind_a_failure_is_skipped)
{
	open_line(1, DURABILITY_COMMIT, 100);
	store_mkdir(&store, "d");
	ck_assert_int_eq(add(&one, 1, "/d", "1", false), STATUS_OK);
	ck_assert_int_eq(add(&one, 2, "/a", "2", true), STATUS_OK);
	ck_assert_int_eq(add(&one, 3, "/b", "3", true), STATUS_OK);
	ck_assert_int_eq(add(&one, 4, "/c", "4", false), STATUS_OK);
	ck_assert_int_eq(add(&one, 5, "/e", "5", true), STATUS_OK);
	batch_former_send(one.former);
	ck_assert_str_eq(outcomes(&one),
	    "1 is-a-folder, 2 skipped, 3 skipped, 4 ok, 5 ok");
	ck_assert(store_lacks(&store, "a"));
	ck_assert(store_lacks(&store, "b"));
}
END_TEST

START_TEST(a_failure_is_remembered_from_batch_to_batch)
{
	open_line(1, DURABILITY_COMMIT, 100);
	store_mkdir(&store, "d");
	ck_assert_int_eq(add(&one, 1, "/d", "1", false), STATUS_OK);
	batch_former_send(one.former);
	ck_assert_int_eq(add(&one, 2, "/a", "2", true), STATUS_OK);
	ck_assert_str_eq(outcomes(&one), "1 is-a-folder");
	batch_former_send(one.former);
	ck_assert_str_eq(outcomes(&one), "2 skipped");
	/* And told by others, who answered in between. */
	batch_former_set_failed(one.former, false);
	ck_assert_int_eq(add(&one, 3, "/a", "3", true), STATUS_OK);
	batch_former_send(one.former);
	ck_assert_str_eq(outcomes(&one), "3 ok");
}
END_TEST

START_TEST(a_failure_with_nothing_before_it_is_answered_at_once)
{
	open_line(1, DURABILITY_COMMIT, 100);
	ck_assert(!batch_former_is_busy(one.former));
	ck_assert(!batch_former_fail(one.former, 1, false, STATUS_SIZE));
	ck_assert(!batch_former_is_busy(one.former));
}
END_TEST

START_TEST(one_batch_is_formed_while_one_is_under_way)
{
	open_line(1, DURABILITY_COMMIT, 100);
	ck_assert_int_eq(add(&one, 1, "/a", "1", false), STATUS_OK);
	batch_former_send(one.former);
	ck_assert_int_eq(add(&one, 2, "/b", "2", false), STATUS_OK);
	batch_former_send(one.former);
	ck_assert(batch_former_is_busy(one.former));
	ck_assert_str_eq(outcomes(&one), "1 ok");
	ck_assert(batch_former_is_busy(one.former));
	ck_assert(store_lacks(&store, "b"));
	batch_former_send(one.former);
	ck_assert_str_eq(outcomes(&one), "2 ok");
	ck_assert(!batch_former_is_busy(one.former));
}
END_TEST

START_TEST(a_full_batch_goes_off_by_itself_and_then_there_is_no_room)
{
	char path[16];
	struct batch *batch;

	open_line(1, DURABILITY_ASYNC, 1000);
	for (uint32_t i = 0; i < 2 * BATCH_MAX; i++) {
		ck_assert(batch_former_has_room(one.former));
		snprintf(path, sizeof(path), "/f%u", i);
		ck_assert_int_eq(add(&one, i, path, "1", false), STATUS_OK);
	}
	ck_assert(!batch_former_has_room(one.former));
	batch = wait_for(&one);
	ck_assert_uint_eq(batch->count, BATCH_MAX);
	batch_free(batch);
	/* The next one is full already. */
	batch_former_done(one.former, false);
	ck_assert(batch_former_has_room(one.former));
	batch = wait_for(&one);
	ck_assert_uint_eq(batch->member[0].id, BATCH_MAX);
	batch_free(batch);
	batch_former_done(one.former, false);
	ck_assert(!batch_former_is_busy(one.former));
}
END_TEST

START_TEST(a_long_upload_goes_off_by_itself)
{
	struct batch_entry entry = { .who = &one.who, .id = 2,
	    .is_long = true };
	struct upload_plan plan = { .path = "/long" };

	open_line(1, DURABILITY_COMMIT, 100);
	ck_assert_int_eq(add(&one, 1, "/a", "1", false), STATUS_OK);
	entry.upload = store_begin(&store, &plan);
	entry.began_us = clock_us();
	ck_assert_int_eq(store_seal(entry.upload, ""), STATUS_OK);
	ck_assert_int_eq(batch_former_add(one.former, &entry), STATUS_OK);
	ck_assert_str_eq(outcomes(&one), "1 ok, 2 ok");
	ck_assert(store_has(&store, "long", ""));
}
END_TEST

START_TEST(no_upload_begins_while_stages_are_short)
{
	struct session other;

	open_line(1, DURABILITY_COMMIT, 2);
	session_open(&other);
	ck_assert_int_eq(add(&one, 1, "/a", "1", false), STATUS_OK);
	ck_assert(batch_former_has_room(one.former));
	ck_assert_int_eq(add(&one, 2, "/b", "2", false), STATUS_OK);
	ck_assert(flush_line_is_short(line));
	ck_assert(!batch_former_has_room(one.former));
	/* But nobody starves: who has none may have one. */
	ck_assert(batch_former_has_room(other.former));
	batch_former_send(one.former);
	ck_assert_str_eq(outcomes(&one), "1 ok, 2 ok");
	ck_assert(!flush_line_is_short(line));
	session_close(&other);
	sem_destroy(&other.letters);
}
END_TEST

START_TEST(a_session_that_goes_gives_its_stages_back)
{
	struct session other;

	open_line(1, DURABILITY_COMMIT, 2);
	session_open(&other);
	ck_assert_int_eq(add(&other, 1, "/a", "1", false), STATUS_OK);
	ck_assert_int_eq(add(&other, 2, "/b", "2", false), STATUS_OK);
	ck_assert(flush_line_is_short(line));
	session_close(&other);
	sem_destroy(&other.letters);
	ck_assert(!flush_line_is_short(line));
	ck_assert_int_eq(store_stages(&store), 0);
}
END_TEST

START_TEST(what_is_under_way_ends_though_its_session_is_gone)
{
	struct session other;

	open_line(1, DURABILITY_COMMIT, 100);
	session_open(&other);
	ck_assert_int_eq(add(&other, 1, "/a", "1", false), STATUS_OK);
	batch_former_send(other.former);
	session_close(&other);
	flush_line_free(line);
	line = NULL;
	sem_destroy(&other.letters);
	ck_assert(store_has(&store, "a", "1"));
}
END_TEST

START_TEST(another_root_is_another_folder)
{
	const struct folder *folder;
	ino_t ino;

	open_line(1, DURABILITY_COMMIT, 100);
	store_mkdir(&store, "alice");
	store.place.root = "alice";
	ck_assert_int_eq(batch_former_prepare(one.former, &one.who,
	    &store.place, "/f", &folder), STATUS_OK);
	ino = folder->ino;
	store.place.root = "";
	ck_assert_int_eq(batch_former_prepare(one.former, &one.who,
	    &store.place, "/f", &folder), STATUS_OK);
	ck_assert_uint_ne(folder->ino, ino);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		outcomes_come_in_the_order_of_the_requests,
		what_is_chained_behind_a_failure_is_skipped,
		a_failure_is_remembered_from_batch_to_batch,
		a_failure_with_nothing_before_it_is_answered_at_once,
		one_batch_is_formed_while_one_is_under_way,
		a_full_batch_goes_off_by_itself_and_then_there_is_no_room,
		a_long_upload_goes_off_by_itself,
		no_upload_begins_while_stages_are_short,
		a_session_that_goes_gives_its_stages_back,
		what_is_under_way_ends_though_its_session_is_gone,
		another_root_is_another_folder,
		NULL
	};

	return check_main("batch", tests, set_up, tear_down);
}
