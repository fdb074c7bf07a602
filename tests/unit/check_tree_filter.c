/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "time_text.h"
#include "tree_filter.h"
#include "verb.h"

static struct arguments arguments;
static struct tree_filter filter;

/* "+PATTERN" includes, "-PATTERN" excludes. */
static void
rules(const char *const *words)
{
	struct given *given;

	memset(&arguments, 0, sizeof(arguments));
	for (; *words != NULL; words++) {
		given = &arguments.given[arguments.given_len++];
		given->option =
		    **words == '+' ? OPTION_INCLUDE : OPTION_EXCLUDE;
		given->value = *words + 1;
	}
	ck_assert_int_eq(tree_filter_read(&filter, &arguments, 0), STATUS_OK);
}

#define RULES(...) rules((const char *const[]){ __VA_ARGS__, NULL })

static bool
has_file(const char *path)
{
	return tree_filter_reaches(&filter, path, false);
}

static bool
has_folder(const char *path)
{
	return tree_filter_reaches(&filter, path, true);
}

START_TEST(without_rules_everything_is_in)
{
	RULES(NULL);
	ck_assert(has_file("a") && has_folder("b/c"));
	ck_assert(!tree_filter_is_any(&filter));
}
END_TEST

START_TEST(a_pattern_without_a_slash_is_for_the_last_name)
{
	RULES("-*.o");
	ck_assert(!has_file("a.o") && !has_file("x/y/a.o"));
	ck_assert(!has_file(".o"));
	ck_assert(has_file("a.c") && has_file("a.o.c"));
}
END_TEST

START_TEST(a_pattern_with_a_slash_is_for_the_path_from_the_top)
{
	RULES("-/a", "-b/*.c");
	ck_assert(!has_file("a") && has_file("x/a"));
	ck_assert(!has_file("b/x.c") && has_file("b/c/x.c"));
	ck_assert(has_file("x/b/x.c"));
}
END_TEST

START_TEST(two_stars_stand_for_any_number_of_folders)
{
	RULES("-src/**/*.o");
	ck_assert(!has_file("src/a.o") && !has_file("src/a/b/c.o"));
	ck_assert(has_file("a.o") && has_file("src/a/b/c"));
	RULES("-**/x/**/y/z");
	ck_assert(!has_file("x/y/z") && !has_file("a/x/b/y/y/z"));
	ck_assert(has_file("a/x/b/y/w/z"));
	RULES("-a/**");
	ck_assert(has_folder("a") && !has_file("a/b") && !has_file("a/b/c"));
}
END_TEST

START_TEST(a_slash_at_the_end_makes_it_for_folders)
{
	RULES("-tmp/");
	ck_assert(has_file("tmp") && has_file("a/tmp"));
	ck_assert(!has_folder("tmp") && !has_folder("a/tmp"));
}
END_TEST

START_TEST(what_is_in_an_excluded_folder_is_out)
{
	RULES("-cache/", "+*");
	ck_assert(!has_file("cache/a") && !has_file("x/cache/y/z"));
	ck_assert(tree_filter_admits(&filter, "cache/a", false));
}
END_TEST

START_TEST(the_first_that_fits_decides)
{
	RULES("+keep.o", "-*.o");
	ck_assert(has_file("keep.o") && !has_file("a.o"));
	RULES("-*.o", "+keep.o");
	ck_assert(!has_file("keep.o"));
	RULES("+*/", "+*.c", "-*");
	ck_assert(has_folder("a/b") && has_file("a/b/x.c"));
	ck_assert(!has_file("a/b/x.h"));
}
END_TEST

START_TEST(sizes_and_times_are_bounds)
{
	struct file_time old = { 99, 999999999 }, then = { 100, 5 },
	    later = { 100, 6 };

	memset(&arguments, 0, sizeof(arguments));
	arguments.options[OPTION_MIN_SIZE] = "1K";
	arguments.options[OPTION_MAX_SIZE] = "2K";
	ck_assert_int_eq(tree_filter_read(&filter, &arguments, 0), STATUS_OK);
	ck_assert(tree_filter_is_any(&filter));
	ck_assert(!tree_filter_fits(&filter, 1023, then));
	ck_assert(tree_filter_fits(&filter, 1024, then));
	ck_assert(tree_filter_fits(&filter, 2048, then));
	ck_assert(!tree_filter_fits(&filter, 2049, then));
	filter = (struct tree_filter){ .most = UINT64_MAX, .newer = then,
	    .has_newer = true };
	ck_assert(!tree_filter_fits(&filter, 1, old));
	ck_assert(!tree_filter_fits(&filter, 1, then));
	ck_assert(tree_filter_fits(&filter, 1, later));
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
	static const char *const bad[] = { "/", "a//b", "//" };
	size_t i;

	for (i = 0; i < 3; i++) {
		memset(&arguments, 0, sizeof(arguments));
		arguments.given[0] = (struct given){ OPTION_EXCLUDE, bad[i] };
		arguments.given_len = 1;
		ck_assert_int_eq(tree_filter_read(&filter, &arguments, 0),
		    STATUS_USAGE);
	}
	memset(&arguments, 0, sizeof(arguments));
	arguments.options[OPTION_MAX_SIZE] = "2X";
	ck_assert_int_eq(tree_filter_read(&filter, &arguments, 0),
	    STATUS_USAGE);
}
END_TEST

static int64_t
moment(const char *word)
{
	struct file_time time;

	ck_assert_int_eq(time_text_parse(&time, word, 1000000), STATUS_OK);
	ck_assert_uint_eq(time.nanoseconds, 0);
	return time.seconds;
}

START_TEST(a_time_is_a_date_or_an_age)
{
	struct file_time time;
	static const char *const bad[] = { "", "7", "d", "7x", "-7d", "7dd",
		"@", "@x", "yesterday", "99999999999d", "2025-13-01" };
	size_t i;

	ck_assert_int_eq(moment("@17"), 17);
	ck_assert_int_eq(moment("@-17"), -17);
	ck_assert_int_eq(moment("90s"), 1000000 - 90);
	ck_assert_int_eq(moment("30m"), 1000000 - 1800);
	ck_assert_int_eq(moment("12h"), 1000000 - 43200);
	ck_assert_int_eq(moment("7d"), 1000000 - 7 * 86400);
	ck_assert_int_eq(moment("1w"), 1000000 - 7 * 86400);
	ck_assert_int_eq(moment("2025-11-24 00:00:00"), moment("2025-11-24"));
	ck_assert_int_eq(moment("2025-11-24T00:00:09"),
	    moment("2025-11-24") + 9);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(time_text_parse(&time, bad[i], 1000000),
		    STATUS_USAGE);
}
END_TEST

int
main(void)
{
	const TTest *tests[] = {
		without_rules_everything_is_in,
		a_pattern_without_a_slash_is_for_the_last_name,
		a_pattern_with_a_slash_is_for_the_path_from_the_top,
		two_stars_stand_for_any_number_of_folders,
		a_slash_at_the_end_makes_it_for_folders,
		what_is_in_an_excluded_folder_is_out,
		the_first_that_fits_decides,
		sizes_and_times_are_bounds,
		what_makes_no_sense_is_refused,
		a_time_is_a_date_or_an_age,
		NULL
	};

	return check_main("tree_filter", tests, NULL, NULL);
}
