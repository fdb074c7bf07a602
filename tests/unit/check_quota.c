/* SPDX-License-Identifier: ISC */
/* Counts and promises of quotas, here and in other processes. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_main.h"
#include "quota.h"
#include "quota_count.h"
#include "quota_file.h"
#include "store_support.h"

static struct store store;
static struct place place;	/* the folder `a`, 100 bytes and 3 files */

static void
set_up(void)
{
	store_open(&store, DURABILITY_ASYNC);
	store_mkdir(&store, "a");
	place = store.place;
	place.root = "a";
	place.quota.bytes = 100;
	place.quota.files = 3;
}

static void
tear_down(void)
{
	store_close(&store);
}

static enum status
reserve(struct quota_hold *hold, uint64_t bytes, uint64_t files)
{
	return quota_reserve(hold, &place, "/f", bytes, files);
}

static void
note(int64_t bytes, int64_t files)
{
	struct quota_hold hold;

	quota_expect(&hold, &place, "/f");
	quota_settle(&hold, bytes, files);
}

/* Is so much used, as users are told? */
static bool
used(uint64_t bytes, uint64_t files)
{
	struct quota_usage usage;

	ck_assert_int_eq(quota_look(&usage, &place), STATUS_OK);
	return usage.bytes_used == bytes && usage.files_used == files;
}

/* Is there still room for exactly so many bytes? */
static bool
has_room(uint64_t bytes)
{
	struct quota_hold hold;
	bool good;

	if (reserve(&hold, bytes + 1, 0) !=
	    (bytes < 100 ? STATUS_QUOTA : STATUS_TOO_LARGE))
		return false;
	good = bytes == 0 || reserve(&hold, bytes, 0) == STATUS_OK;
	quota_release(&hold);
	return good;
}

/* The file of the folder's counts. */
static int
counts(int flags)
{
	char name[QUOTA_NAME_ROOM];
	int fd;

	quota_file_name(name, "a");
	fd = openat(base_quota_fd(store.base), name, flags | O_CLOEXEC);
	ck_assert_int_ne(fd, -1);
	return fd;
}

START_TEST(what_is_settled_is_used)
{
	struct quota_hold hold;

	ck_assert_int_eq(reserve(&hold, 60, 1), STATUS_OK);
	ck_assert(used(0, 0));
	ck_assert(has_room(40));
	quota_settle(&hold, 50, 1);
	ck_assert(used(50, 1));
	ck_assert(has_room(50));
}
END_TEST

START_TEST(what_is_released_is_free_again)
{
	struct quota_hold hold;

	ck_assert_int_eq(reserve(&hold, 100, 3), STATUS_OK);
	ck_assert(has_room(0));
	quota_release(&hold);
	quota_release(&hold);
	ck_assert(has_room(100));
}
END_TEST

START_TEST(a_promise_is_given_back_though_the_counts_are_locked)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_len = 1 };
	struct quota_hold hold;
	int fd;

	ck_assert_int_eq(reserve(&hold, 100, 3), STATUS_OK);
	store_put(&store, "a/f", "12345");
	fd = counts(O_RDWR);
	ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
	quota_settle(&hold, 5, 1);
	close(fd);
	/* Nobody was told of what has come: it is counted. */
	quota_table_tick(store.base, false);
	ck_assert(used(5, 1));
	ck_assert(has_room(95));
}
END_TEST

START_TEST(what_can_never_fit_is_told_from_what_may_fit_later)
{
	struct quota_hold hold;

	ck_assert_int_eq(reserve(&hold, 101, 0), STATUS_TOO_LARGE);
	ck_assert_int_eq(reserve(&hold, 0, 4), STATUS_TOO_LARGE);
	note(1, 1);
	ck_assert_int_eq(reserve(&hold, 100, 0), STATUS_QUOTA);
	ck_assert_int_eq(reserve(&hold, 0, 3), STATUS_QUOTA);
	ck_assert_int_eq(reserve(&hold, 99, 2), STATUS_OK);
	quota_release(&hold);
}
END_TEST

START_TEST(two_cannot_overrun_together)
{
	struct quota_hold one, two;

	ck_assert_int_eq(reserve(&one, 60, 2), STATUS_OK);
	ck_assert_int_eq(reserve(&two, 60, 0), STATUS_QUOTA);
	ck_assert_int_eq(reserve(&two, 0, 2), STATUS_QUOTA);
	ck_assert_int_eq(reserve(&two, 40, 1), STATUS_OK);
	ck_assert_int_eq(quota_raise(&one, 61, 2), STATUS_QUOTA);
	quota_release(&two);
	ck_assert_int_eq(quota_raise(&one, 61, 2), STATUS_OK);
	ck_assert_int_eq(quota_raise(&one, 10, 0), STATUS_OK);
	ck_assert(has_room(39));
	quota_release(&one);
}
END_TEST

START_TEST(nothing_is_needed_for_what_takes_no_room)
{
	struct quota_hold hold;

	/* Whoever is over, by a bound that came later, may still shrink. */
	note(0, 0);
	ck_assert_int_eq(reserve(&hold, 90, 3), STATUS_OK);
	quota_settle(&hold, 90, 3);
	place.quota.bytes = 10;
	ck_assert_int_eq(reserve(&hold, 0, 0), STATUS_OK);
	quota_settle(&hold, -85, -2);
	ck_assert(used(5, 1));
	ck_assert(has_room(5));
}
END_TEST

START_TEST(a_folder_in_another_counts_in_both)
{
	struct place inner = store.place, *outer = &place;
	struct quota_hold hold;
	struct quota_usage usage;

	store_mkdir(&store, "a/b");
	inner.root = "a/b";
	inner.quota.bytes = 50;
	ck_assert_int_eq(quota_reserve(&hold, outer, "/f", 80, 1), STATUS_OK);
	ck_assert_int_eq(quota_reserve(&(struct quota_hold){ 0 }, &inner,
	    "/f", 30, 1), STATUS_QUOTA);
	/* It has taken nothing where there was room. */
	quota_release(&hold);
	ck_assert_int_eq(quota_reserve(&hold, outer, "/b/f", 51, 1),
	    STATUS_TOO_LARGE);
	ck_assert_int_eq(quota_reserve(&hold, outer, "/b/f", 50, 1),
	    STATUS_OK);
	ck_assert_uint_eq(hold.count, 2);
	quota_settle(&hold, 50, 1);
	ck_assert_int_eq(quota_look(&usage, &inner), STATUS_OK);
	ck_assert_uint_eq(usage.bytes_used, 50);
	ck_assert(used(50, 2));	/* and the folder itself */
	ck_assert_int_eq(quota_reserve(&hold, outer, "/bb", 50, 0),
	    STATUS_OK);
	ck_assert_uint_eq(hold.count, 1);
	quota_release(&hold);
}
END_TEST

START_TEST(what_is_there_before_is_counted)
{
	store_put(&store, "a/f", "12345");
	store_mkdir(&store, "a/sub");
	store_put(&store, "a/sub/g", "1");
	store_link(&store, "f", "a/link");
	ck_assert(used(6, 4));
	ck_assert(has_room(94));
}
END_TEST

START_TEST(what_others_change_is_seen_when_it_is_counted_again)
{
	ck_assert(used(0, 0));
	store_put(&store, "a/f", "12345");
	quota_table_tick(store.base, false);
	ck_assert(used(0, 0));
	quota_table_tick(store.base, true);
	ck_assert(used(5, 1));
}
END_TEST

START_TEST(less_than_nothing_is_counted_again)
{
	store_put(&store, "a/f", "12345");
	ck_assert(used(5, 1));
	store_put(&store, "a/f", "123456789");
	note(-9, -1);
	ck_assert(used(0, 0));
	quota_table_tick(store.base, false);
	ck_assert(used(9, 1));
}
END_TEST

START_TEST(what_a_count_may_have_seen_is_counted_once_more)
{
	struct quota_hold hold;

	store_put(&store, "a/f", "12345");
	store_put(&store, "a/g", "123");
	ck_assert(used(8, 2));
	quota_expect(&hold, &place, "/f");
	ck_assert_int_eq(unlinkat(base_fd(store.base), "a/f", 0), 0);
	quota_table_tick(store.base, true);
	ck_assert(used(3, 1));
	quota_settle(&hold, -5, -1);
	ck_assert(used(3, 1));
	ck_assert_int_eq(reserve(&hold, 4, 1), STATUS_OK);
	store_put(&store, "a/f", "1234");
	quota_table_tick(store.base, true);
	ck_assert(used(7, 2));
	quota_settle(&hold, 4, 1);
	/* Rather more than less. */
	ck_assert(used(11, 3));
	quota_table_tick(store.base, false);
	ck_assert(used(7, 2));
}
END_TEST

START_TEST(what_is_moved_in_or_out_is_counted_again)
{
	struct place all = store.place;

	ck_assert(used(0, 0));
	store_mkdir(&store, "tree");
	store_put(&store, "tree/f", "12345");
	ck_assert_int_eq(renameat(base_fd(store.base), "tree",
	    base_fd(store.base), "a/tree"), 0);
	quota_moved(&all, "/tree", "/a/tree");
	quota_table_tick(store.base, false);
	ck_assert(used(5, 2));
	quota_moved(&all, "/a/tree", "/a/other");
	ck_assert(used(5, 2));
}
END_TEST

START_TEST(a_count_that_was_removed_is_made_anew_at_once)
{
	char name[QUOTA_NAME_ROOM];
	struct quota_hold hold;

	store_put(&store, "a/f", "12345");
	ck_assert_int_eq(reserve(&hold, 60, 1), STATUS_OK);
	quota_file_name(name, "a");
	ck_assert_int_eq(unlinkat(base_quota_fd(store.base), name, 0), 0);
	ck_assert(has_room(35));
	ck_assert(used(5, 1));
	close(counts(O_RDONLY));
	quota_settle(&hold, 60, 1);
	ck_assert(used(65, 2));
	ck_assert(has_room(35));
}
END_TEST

START_TEST(a_count_that_was_spoiled_is_made_anew_at_once)
{
	static const char junk[sizeof(struct quota_data)] = "junk";
	struct quota_hold hold;
	int fd;

	store_put(&store, "a/f", "12345");
	ck_assert_int_eq(reserve(&hold, 60, 1), STATUS_OK);
	fd = counts(O_WRONLY);
	ck_assert_int_eq(pwrite(fd, junk, sizeof(junk), 0), sizeof(junk));
	ck_assert(has_room(35));
	ck_assert(used(5, 1));
	ck_assert_int_eq(ftruncate(fd, 10), 0);
	close(fd);
	ck_assert(has_room(35));
	quota_release(&hold);
	ck_assert(has_room(95));
}
END_TEST

/* The same base, as another server has it open. */
static bool
reopen(struct store *mine)
{
	place = mine->place;
	if (base_open(&mine->base, "test", mine->path, DURABILITY_ASYNC) !=
	    STATUS_OK)
		return false;
	place.base = mine->base;
	place.root = "a";
	place.quota.bytes = 100;
	return true;
}

static bool
promise_and_die(struct store *mine)
{
	struct quota_hold hold;

	return reopen(mine) && reserve(&hold, 40, 1) == STATUS_QUOTA &&
	    reserve(&hold, 30, 1) == STATUS_OK;
}

START_TEST(what_a_dead_server_promised_is_used_until_it_is_counted)
{
	struct quota_hold hold;

	ck_assert_int_eq(reserve(&hold, 70, 1), STATUS_OK);
	ck_assert(apart(&store, promise_and_die));
	ck_assert_int_eq(quota_raise(&hold, 71, 1), STATUS_QUOTA);
	ck_assert(used(30, 1));
	quota_table_tick(store.base, false);
	ck_assert(used(0, 0));
	ck_assert_int_eq(quota_raise(&hold, 100, 1), STATUS_OK);
	quota_release(&hold);
}
END_TEST

static bool
settle_there(struct store *mine)
{
	struct quota_hold hold;

	if (!reopen(mine) || reserve(&hold, 40, 1) != STATUS_OK)
		return false;
	quota_settle(&hold, 40, 1);
	return used(40, 1);
}

START_TEST(another_server_counts_in_the_same_place)
{
	ck_assert(used(0, 0));
	ck_assert(apart(&store, settle_there));
	ck_assert(used(40, 1));
	ck_assert(has_room(60));
}
END_TEST

static bool
is_bounded(void *ctx, const char *root)
{
	(void)root;
	return ctx != NULL;
}

START_TEST(a_bound_holds_for_all_who_come_until_it_is_taken_off)
{
	struct place all = store.place;
	struct quota_hold hold;

	ck_assert_int_eq(reserve(&hold, 10, 1), STATUS_OK);
	ck_assert(quota_counts(&all, "/a/g"));
	ck_assert(!quota_counts(&all, "/ab"));
	ck_assert_int_eq(quota_reserve(&(struct quota_hold){ 0 }, &all,
	    "/a/g", 91, 1), STATUS_QUOTA);
	quota_release(&hold);
	quota_table_unbind(store.base, is_bounded, &hold);
	ck_assert_int_eq(quota_reserve(&hold, &all, "/a/g", 101, 1),
	    STATUS_TOO_LARGE);
	quota_table_unbind(store.base, is_bounded, NULL);
	ck_assert_int_eq(quota_reserve(&hold, &all, "/a/g", 101, 1),
	    STATUS_OK);
	quota_release(&hold);
}
END_TEST

START_TEST(a_count_during_changes_is_an_upper_bound)
{
	struct quota_data before = { .added = { 10, 1 }, .changes = 5 };
	struct quota_data data = before;
	const struct quota_amount sum = { 100, 7 };

	ck_assert(quota_count_take(&data, &before, sum));
	ck_assert_int_eq(data.used.bytes, 100);
	ck_assert(data.is_counted && !data.is_unsure);
	data.added = (struct quota_amount){ 30, 2 };
	data.changes = 6;
	ck_assert(!quota_count_take(&data, &before, sum));
	ck_assert_int_eq(data.used.bytes, 120);
	ck_assert_int_eq(data.used.files, 8);
	ck_assert(data.is_counted && data.is_unsure);
	/* The file was made anew meanwhile: what it says came since. */
	data.born = 1;
	data.added = (struct quota_amount){ 4, 0 };
	data.changes = before.changes;
	ck_assert(!quota_count_take(&data, &before, sum));
	ck_assert_int_eq(data.used.bytes, 104);
	ck_assert_int_eq(data.used.files, 7);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_is_settled_is_used,
		what_is_released_is_free_again,
		a_promise_is_given_back_though_the_counts_are_locked,
		what_can_never_fit_is_told_from_what_may_fit_later,
		two_cannot_overrun_together,
		nothing_is_needed_for_what_takes_no_room,
		a_folder_in_another_counts_in_both,
		what_is_there_before_is_counted,
		what_others_change_is_seen_when_it_is_counted_again,
		less_than_nothing_is_counted_again,
		what_a_count_may_have_seen_is_counted_once_more,
		what_is_moved_in_or_out_is_counted_again,
		a_count_that_was_removed_is_made_anew_at_once,
		a_count_that_was_spoiled_is_made_anew_at_once,
		what_a_dead_server_promised_is_used_until_it_is_counted,
		another_server_counts_in_the_same_place,
		a_bound_holds_for_all_who_come_until_it_is_taken_off,
		a_count_during_changes_is_an_upper_bound,
		NULL
	};

	return check_main("quota", tests, set_up, tear_down);
}
