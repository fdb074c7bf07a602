/* SPDX-License-Identifier: ISC */
/*
 * What if a program beside the server swaps a file just as its lock is taken?
 * The linker puts __wrap_range_lock_guard in the place of range_lock_guard.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change.h"
#include "check_main.h"
#include "range_lock.h"
#include "store_support.h"

static struct store store;
static int swaps;		/* how often the file is still swapped */

enum status __real_range_lock_guard(int fd, enum range_lock_kind kind);
enum status __wrap_range_lock_guard(int fd, enum range_lock_kind kind);

enum status
__wrap_range_lock_guard(int fd, enum range_lock_kind kind)
{
	if (swaps > 0) {
		swaps--;
		store_put(&store, "other", "swapped");
		ck_assert_int_eq(renameat(base_fd(store.base), "other",
		    base_fd(store.base), "a"), 0);
	}
	return __real_range_lock_guard(fd, kind);
}

static void
set_up(void)
{
	store_open(&store, DURABILITY_ASYNC);
	store_put(&store, "a", "old");
	swaps = 0;
}

static void
tear_down(void)
{
	store_close(&store);
}

START_TEST(a_commit_looks_again_at_a_swapped_file)
{
	struct upload_plan plan = { .path = "/a", .if_version = true };

	store_version(&store, "a", plan.version);
	plan.has_size = true;
	plan.size = 3;
	swaps = 1;
	ck_assert_int_eq(store_upload(&store, &plan, "new"),
	    STATUS_PRECONDITION);
	ck_assert_int_eq(swaps, 0);
	ck_assert(store_has(&store, "a", "swapped"));
	store_version(&store, "a", plan.version);
	ck_assert_int_eq(store_upload(&store, &plan, "new"), STATUS_OK);
}
END_TEST

START_TEST(a_removal_looks_again_at_a_swapped_file)
{
	struct change_terms terms = { .if_version = true };

	store_version(&store, "a", terms.version);
	swaps = 1;
	ck_assert_int_eq(change_rm(&store.place, store.names, "/a", &terms),
	    STATUS_PRECONDITION);
	ck_assert(store_has(&store, "a", "swapped"));
}
END_TEST

START_TEST(the_lock_that_counts_is_on_the_file_that_is_there)
{
	struct upload_plan plan = { .path = "/a" };
	struct holder holder;

	store_put(&store, "other", "");
	holder_begin(&holder, &store, "other", classic(F_WRLCK, 0, 0));
	swaps = 1;
	ck_assert_int_eq(store_upload(&store, &plan, "new"), STATUS_LOCKED);
	ck_assert(store_has(&store, "a", "swapped"));
	holder_end(&holder);
}
END_TEST

START_TEST(a_file_that_changes_all_the_time_is_given_up)
{
	struct upload_plan plan = { .path = "/a" };

	swaps = 1000000;
	ck_assert_int_eq(store_upload(&store, &plan, "new"), STATUS_LOCKED);
	ck_assert_int_gt(swaps, 0);
	swaps = 0;
	ck_assert_int_eq(store_upload(&store, &plan, "new"), STATUS_OK);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_commit_looks_again_at_a_swapped_file,
		a_removal_looks_again_at_a_swapped_file,
		the_lock_that_counts_is_on_the_file_that_is_there,
		a_file_that_changes_all_the_time_is_given_up,
		NULL
	};

	return check_main("swap", tests, set_up, tear_down);
}
