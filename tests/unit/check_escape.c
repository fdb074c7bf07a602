/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <string.h>

#include "check_main.h"
#include "escape.h"

static const struct {
	const char *raw, *shown;
} cases[] = {
	{ "", "" },
	{ "plain name.txt", "plain name.txt" },
	{ "\n\r\t", "\\n\\r\\t" },
	{ "\033[31mred", "\\e[31mred" },
	{ "a\\b", "a\\\\b" },
	{ "\x01\x7f", "\\x01\\x7f" },
	{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
	{ "\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac" },
	{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
	{ "\xff\xfe", "\\xff\\xfe" },
	{ "\xc3", "\\xc3" },				/* cut */
	{ "\xc3(", "\\xc3(" },
	{ "\xe6\x97", "\\xe6\\x97" },
	{ "\x80", "\\x80" },
	{ "\xc0\xaf", "\\xc0\\xaf" },			/* overlong '/' */
	{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },
	{ "\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf" },
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },		/* surrogate */
	{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },	/* too high */
	{ "\xc2\x9b" "31m", "\\xc2\\x9b31m" },		/* CSI of C1 */
	{ "\xe2\x80\xae" "gpj", "\\xe2\\x80\\xaegpj" },	/* right to left */
	{ "\xe2\x81\xa6", "\\xe2\\x81\\xa6" },
	{ "\xef\xbb\xbf", "\\xef\\xbb\\xbf" },
	{ "\xe2\x80\xa8", "\\xe2\\x80\\xa8" },		/* line separator */
	{ "~!@#$%^&*()'\"`|;<>", "~!@#$%^&*()'\"`|;<>" },
};

START_TEST(bytes_are_shown_as_they_should)
{
	char out[128];
	size_t i, len;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		len = escape_string(out, sizeof(out), cases[i].raw);
		ck_assert_str_eq(out, cases[i].shown);
		ck_assert_uint_eq(len, strlen(out));
	}
}
END_TEST

START_TEST(a_nul_byte_is_shown)
{
	char out[32];

	ck_assert_uint_eq(escape_bytes(out, sizeof(out), "a\0b", 3), 6);
	ck_assert_str_eq(out, "a\\x00b");
}
END_TEST

START_TEST(no_byte_reaches_a_terminal_that_could_steer_it)
{
	char raw[4], out[4 * ESCAPE_GROWTH + 1];
	unsigned int a, b;
	size_t i, len;

	for (a = 0; a < 256; a++)
		for (b = 0; b < 256; b++) {
			raw[0] = (char)a;
			raw[1] = (char)b;
			len = escape_bytes(out, sizeof(out), raw, 2);
			ck_assert_uint_le(len, 2 * ESCAPE_GROWTH);
			for (i = 0; i < len; i++)
				ck_assert((unsigned char)out[i] >= 0x20 &&
				    out[i] != 0x7f);
		}
}
END_TEST

START_TEST(a_text_keeps_its_lines)
{
	char out[64];
	size_t len;

	len = escape_text(out, sizeof(out), "a\t\\\n\r\n\033[m\0", 10);
	ck_assert_str_eq(out, "a\t\\\n\\r\n\\e[m\\x00");
	ck_assert_uint_eq(len, strlen(out));
}
END_TEST

START_TEST(what_is_torn_is_told)
{
	static const struct {
		const char *bytes;
		size_t torn;
	} rows[] = {
		{ "", 0 }, { "a", 0 }, { "\xc3", 1 }, { "a\xc3\xa4", 0 },
		{ "a\xe6", 1 }, { "a\xe6\x97", 2 }, { "\xe6\x97\xa5", 0 },
		{ "\xf0\x9f\x98", 3 }, { "\xf0\x9f\x98\x80", 0 },
		{ "\x80\x80\x80\x80", 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_uint_eq(escape_torn(rows[i].bytes,
		    strlen(rows[i].bytes)), rows[i].torn);
}
END_TEST

START_TEST(what_does_not_fit_is_cut_at_a_whole_escape)
{
	char out[8];
	size_t room;

	memset(out, '#', sizeof(out));
	ck_assert_uint_eq(escape_string(out, 0, "abc"), 0);
	ck_assert_int_eq(out[0], '#');
	for (room = 1; room <= 4; room++) {
		ck_assert_uint_eq(escape_string(out, room, "\x01z"), 0);
		ck_assert_str_eq(out, "");
	}
	ck_assert_uint_eq(escape_string(out, 5, "\x01z"), 4);
	ck_assert_str_eq(out, "\\x01");
	ck_assert_uint_eq(escape_string(out, 6, "\x01z"), 5);
	ck_assert_str_eq(out, "\\x01z");
	ck_assert_uint_eq(escape_string(out, 3, "a\xc3\xbc"), 1);
	ck_assert_str_eq(out, "a");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		bytes_are_shown_as_they_should,
		a_nul_byte_is_shown,
		no_byte_reaches_a_terminal_that_could_steer_it,
		a_text_keeps_its_lines,
		what_is_torn_is_told,
		what_does_not_fit_is_cut_at_a_whole_escape,
		NULL
	};

	return check_main("escape", tests, NULL, NULL);
}
