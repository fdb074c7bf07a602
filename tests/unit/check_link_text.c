/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "check_main.h"
#include "link_text.h"

START_TEST(it_may_climb_over_the_folders_above_it)
{
	ck_assert(link_text_stays("l", "f"));
	ck_assert(link_text_stays("l", "a/b/c"));
	ck_assert(link_text_stays("a/l", "../f"));
	ck_assert(link_text_stays("a/l", ".."));
	ck_assert(link_text_stays("a/b/l", "../../f"));
	ck_assert(link_text_stays("l", "."));
	ck_assert(link_text_stays("a/l", "./.././/f/"));
	ck_assert(link_text_stays("l", "...") && link_text_stays("l", "..a"));
}
END_TEST

START_TEST(and_no_further)
{
	ck_assert(!link_text_stays("l", ".."));
	ck_assert(!link_text_stays("l", "../f"));
	ck_assert(!link_text_stays("a/l", "../../f"));
	ck_assert(!link_text_stays("a/l", "../.././f"));
	ck_assert(!link_text_stays("a/l", ".././.."));
}
END_TEST

START_TEST(behind_a_name_it_climbs_no_more)
{
	ck_assert(!link_text_stays("l", "a/.."));
	ck_assert(!link_text_stays("l", "a/../b"));
	ck_assert(!link_text_stays("a/b/l", "../c/../d"));
	ck_assert(!link_text_stays("a/b/l", "../c/.//../d"));
}
END_TEST

START_TEST(it_is_relative_and_says_something)
{
	ck_assert(!link_text_stays("a/l", ""));
	ck_assert(!link_text_stays("a/l", "/"));
	ck_assert(!link_text_stays("a/l", "/a/f"));
}
END_TEST

int
main(void)
{
	const TTest *tests[] = {
		it_may_climb_over_the_folders_above_it,
		and_no_further,
		behind_a_name_it_climbs_no_more,
		it_is_relative_and_says_something,
		NULL
	};

	return check_main("link_text", tests, NULL, NULL);
}
