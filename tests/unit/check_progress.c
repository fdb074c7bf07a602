/* SPDX-License-Identifier: ISC */
/* What is told of a transfer, and in how much room. */
#include "config.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "progress_text.h"
#include "screen.h"

static char text[PROGRESS_TEXT_SIZE];

static const char *
figures(unsigned int room, uint64_t done, uint64_t total, double rate)
{
	progress_text(text, room, done, total, rate);
	return text;
}

/* What a name looks like in so many columns; freed at the next call. */
static const char *
printed(const char *name, size_t columns)
{
	static char *shown;
	static size_t len;
	FILE *file;

	free(shown);
	ck_assert_ptr_nonnull(file = open_memstream(&shown, &len));
	screen_print(file, name, columns);
	fclose(file);
	ck_assert_uint_eq(screen_width(shown, len), columns);
	return shown;
}

START_TEST(bytes_speed_share_and_time_left_are_told)
{
	ck_assert_str_eq(figures(40, 1 << 20, 4 << 20, 1 << 20),
	    "    1.0M    1.0M/s  25% 00:03");
	ck_assert_str_eq(figures(40, 0, 0, 0),
	    "      0B      0B/s 100% 00:00");
	ck_assert_ptr_nonnull(strstr(figures(40, 0, (uint64_t)8 << 30, 1e6),
	    "h02:23"));
}
END_TEST

START_TEST(what_is_not_known_is_left_open)
{
	ck_assert_ptr_nonnull(strstr(figures(200, 5, PROGRESS_UNKNOWN, 1),
	    "/s      --:--"));
	ck_assert_ptr_null(strchr(text, '['));
	ck_assert_ptr_nonnull(strstr(figures(40, 1, 4, 0), " 25% --:--"));
}
END_TEST

START_TEST(there_is_a_bar_if_there_is_room)
{
	ck_assert_ptr_nonnull(strstr(figures(80, 50, 100, 1),
	    " [=========>        ]"));
	ck_assert_ptr_nonnull(strstr(figures(80, 100, 100, 1),
	    " [==================]"));
	ck_assert_ptr_null(strchr(figures(60, 50, 100, 1), '['));
}
END_TEST

START_TEST(a_long_name_loses_its_middle)
{
	ck_assert_str_eq(printed("name", 6), "name  ");
	ck_assert_str_eq(printed("abcdefghij", 10), "abcdefghij");
	ck_assert_str_eq(printed("abcdefghij", 9), "abc...hij");
	ck_assert_str_eq(printed("abcdefghij", 5), "a...j");
	ck_assert_str_eq(printed("abcdefghij", 3), "abc");
	ck_assert_str_eq(printed("abcdefghij", 0), "");
}
END_TEST

START_TEST(wide_characters_are_not_cut_in_two)
{
	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
	ck_assert_str_eq(printed("ファイル", 8), "ファイル");
	ck_assert_str_eq(printed("ファイル", 7), "フ...ル");
	ck_assert_str_eq(printed("ファイル", 6), "...ル ");
	ck_assert_str_eq(printed("größe-von-allem", 9), "grö...lem");
}
END_TEST

START_TEST(the_pace_is_that_of_the_last_seconds)
{
	struct progress_pace pace = { .at = 0, .done = 1000 };
	int i;

	/* What was there at the beginning did not come since. */
	progress_pace_look(&pace, 1000, 3000);
	ck_assert_double_eq_tol(pace.rate, 2000, 1);
	progress_pace_look(&pace, 1100, 9000);
	ck_assert_double_eq_tol(pace.rate, 2000, 1);
	for (i = 2; i < 30; i++)
		progress_pace_look(&pace, (uint64_t)i * 1000, 3000);
	ck_assert_double_lt(pace.rate, 1);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		bytes_speed_share_and_time_left_are_told,
		what_is_not_known_is_left_open,
		there_is_a_bar_if_there_is_room,
		a_long_name_loses_its_middle,
		wide_characters_are_not_cut_in_two,
		the_pace_is_that_of_the_last_seconds,
		NULL
	};

	return check_main("progress", tests, NULL, NULL);
}
