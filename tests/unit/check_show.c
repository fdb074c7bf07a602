/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check_main.h"
#include "show.h"

#define FAILURE	"ftclient: a: it is gone (not-found)\n"
#define NEWS	"ftclient: logged in by ticket\n"
#define LINES	2000
#define MANY_NEWS (5 * LINES)	/* as they are shorter work */

static char *shown;
static size_t shown_len;
static FILE *out;

static void
set_up(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	ck_assert_ptr_nonnull(out = open_memstream(&shown, &shown_len));
}

static void
tear_down(void)
{
	fclose(out);
	free(shown);
}

static const char *
seen(void)
{
	fflush(out);
	return shown;
}

static const char *
moment(int64_t seconds)
{
	static char text[SHOW_TIME_SIZE];
	static struct show_clock clock;

	show_time(text, &clock, seconds);
	return text;
}

/* What localtime and strftime make of it. */
static const char *
plain_moment(time_t seconds)
{
	static char text[32];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	return text;
}

START_TEST(control_bytes_are_escaped)
{
	show_bytes(out, "a\x1b[2J\n\0b", 8);
	ck_assert_str_eq(seen(), "a\\e[2J\\n\\x00b");
}
END_TEST

START_TEST(long_names_are_shown_to_their_end)
{
	char name[2000], *at;
	int i;

	/* Three bytes each, so that pieces would tear some. */
	for (i = 0, at = name; i < 600; i++, at += 3)
		memcpy(at, "\xe2\x82\xac", 3);
	show_bytes(out, name, 1800);
	ck_assert_uint_eq(strlen(seen()), 1800);
	ck_assert_int_eq(memcmp(seen(), name, 1800), 0);
}
END_TEST

START_TEST(broken_text_is_shown_byte_by_byte)
{
	char name[600];
	const char *at;

	memset(name, 0xff, sizeof(name));
	show_bytes(out, name, sizeof(name));
	ck_assert_uint_eq(strlen(seen()), 4 * sizeof(name));
	for (at = seen(); *at != '\0'; at += 4)
		ck_assert_int_eq(memcmp(at, "\\xff", 4), 0);
}
END_TEST

START_TEST(times_are_those_of_the_calendar)
{
	ck_assert_str_eq(moment(0), "1970-01-01 00:00:00");
	ck_assert_str_eq(moment(-1), "1969-12-31 23:59:59");
	ck_assert_str_eq(moment(1700000000), "2023-11-14 22:13:20");
	ck_assert_str_eq(moment(253402300799), "9999-12-31 23:59:59");
}
END_TEST

START_TEST(times_beyond_any_calendar_are_a_question_mark)
{
	ck_assert_int_eq(moment(INT64_MAX)[0], '?');
	ck_assert_int_eq(moment(INT64_MIN)[0], '?');
	ck_assert_int_eq(moment(253402300800)[0], '?');
}
END_TEST

START_TEST(times_agree_with_the_zone_all_year)
{
	static const char *const zones[] = { "CET-1CEST,M3.5.0,M10.5.0/3",
		"NST3:30NDT,M3.2.0,M11.1.0", "<+0545>-5:45", "UTC" };
	time_t at;
	size_t i;

	for (i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		setenv("TZ", zones[i], 1);
		tzset();
		for (at = 1700000000 + (time_t)i; at < 1735000000; at += 601)
			ck_assert_str_eq(moment(at), plain_moment(at));
	}
}
END_TEST

START_TEST(facts_stand_in_columns)
{
	struct ft1_entry entry = { .type = 'f', .mode = 0640, .size = 4096,
	    .mtime = { 1700000000, 0 }, .name = "a", .name_len = 1 };
	struct show_clock clock = { 0 };

	show_facts(out, &clock, &entry, false);
	entry.type = 'd';
	show_facts(out, &clock, &entry, true);
	ck_assert_str_eq(seen(),
	    "-         4096 2023-11-14 22:13:20 "
	    "drw-r-----         4096 2023-11-14 22:13:20 ");
}
END_TEST

START_TEST(amounts_have_three_digits_at_most)
{
	char text[SHOW_AMOUNT_SIZE];
	static const struct {
		uint64_t	 bytes;
		const char	*text;
	} rows[] = {
		{ 0, "0B" }, { 999, "999B" }, { 1000, "1.0K" },
		{ 1572864, "1.5M" }, { 104857600, "100M" },
		{ 1073741824, "1.0G" }, { UINT64_MAX, "16E" }
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		show_amount(text, rows[i].bytes);
		ck_assert_str_eq(text, rows[i].text);
	}
}
END_TEST

static void *
tell_news(void *unused)
{
	for (int i = 0; i < MANY_NEWS; i++)
		fputs(NEWS, stderr);
	return unused;
}

/* Two threads write to standard error, which is `file` meanwhile. */
static void
tell_at_once(FILE *file)
{
	int kept = dup(STDERR_FILENO);
	pthread_t other;

	ck_assert_int_ne(dup2(fileno(file), STDERR_FILENO), -1);
	ck_assert_int_eq(pthread_create(&other, NULL, tell_news, NULL), 0);
	for (int i = 0; i < LINES; i++)
		show_error("a", status_set(STATUS_NOT_FOUND, "it is gone"));
	pthread_join(other, NULL);
	ck_assert_int_ne(dup2(kept, STDERR_FILENO), -1);
	close(kept);
}

START_TEST(a_line_stands_whole_beside_those_of_others)
{
	FILE *file = tmpfile();
	int failures = 0, news = 0;
	char line[128];

	ck_assert_ptr_nonnull(file);
	tell_at_once(file);
	rewind(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		failures += strcmp(line, FAILURE) == 0;
		news += strcmp(line, NEWS) == 0;
	}
	fclose(file);
	ck_assert_int_eq(failures, LINES);
	ck_assert_int_eq(news, MANY_NEWS);
}
END_TEST

int
main(void)
{
	const TTest *tests[] = {
		control_bytes_are_escaped,
		long_names_are_shown_to_their_end,
		broken_text_is_shown_byte_by_byte,
		times_are_those_of_the_calendar,
		times_beyond_any_calendar_are_a_question_mark,
		times_agree_with_the_zone_all_year,
		facts_stand_in_columns,
		amounts_have_three_digits_at_most,
		a_line_stands_whole_beside_those_of_others,
		NULL
	};

	return check_main("show", tests, set_up, tear_down);
}
