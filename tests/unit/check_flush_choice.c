/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "check_main.h"
#include "flush_choice.h"

/* How often syncfs is chosen for so many files, of so many groups. */
static unsigned int
chosen(struct flush_choice *choice, size_t files, unsigned int groups)
{
	unsigned int n = 0;

	while (groups-- > 0)
		n += flush_choice_is_syncfs(choice, files);
	return n;
}

START_TEST(a_few_files_are_flushed_one_by_one)
{
	struct flush_choice choice = { 0 };

	ck_assert(!flush_choice_is_syncfs(&choice, 1));
	flush_choice_learn_fsync(&choice, 1000000, 1);
	flush_choice_learn_syncfs(&choice, 1);
	ck_assert(!flush_choice_is_syncfs(&choice, 7));
}
END_TEST

START_TEST(what_is_not_known_is_tried)
{
	struct flush_choice choice = { 0 };

	ck_assert(flush_choice_is_syncfs(&choice, 8));
	flush_choice_learn_syncfs(&choice, 1000);
	ck_assert(flush_choice_is_syncfs(&choice, 8));
}
END_TEST

START_TEST(the_cheaper_way_is_taken)
{
	struct flush_choice choice = { 0 };

	flush_choice_learn_syncfs(&choice, 10000);
	flush_choice_learn_fsync(&choice, 10000, 10);
	/* 1 ms each against 10 ms for all. */
	ck_assert_uint_eq(chosen(&choice, 100, 64), 64);
	ck_assert_uint_eq(chosen(&choice, 8, 64), 2);
}
END_TEST

START_TEST(the_dearer_way_is_tried_again_now_and_then)
{
	struct flush_choice choice = { 0 };

	flush_choice_learn_fsync(&choice, 10, 10);
	flush_choice_learn_syncfs(&choice, 1000000);
	ck_assert_uint_eq(chosen(&choice, 256, 320), 10);
	/* And it is cheap now. */
	for (int i = 0; i < 100; i++)
		flush_choice_learn_syncfs(&choice, 1);
	ck_assert_uint_eq(chosen(&choice, 256, 320), 320);
}
END_TEST

START_TEST(what_took_no_time_is_known_all_the_same)
{
	struct flush_choice choice = { 0 };

	flush_choice_learn_syncfs(&choice, 0);
	flush_choice_learn_fsync(&choice, 0, 10);
	flush_choice_learn_fsync(&choice, 0, 0);
	ck_assert_uint_gt(choice.syncfs_us, 0);
	ck_assert_uint_gt(choice.fsync_us, 0);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_few_files_are_flushed_one_by_one,
		what_is_not_known_is_tried,
		the_cheaper_way_is_taken,
		the_dearer_way_is_tried_again_now_and_then,
		what_took_no_time_is_known_all_the_same,
		NULL
	};

	return check_main("flush_choice", tests, NULL, NULL);
}
