/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "colors.h"
#include "columns.h"
#include "screen.h"
#include "show.h"

/* What names look like on a terminal of that width; freed at the next call. */
static const char *
seen(const char *const *names, unsigned int width)
{
	static char *text;
	static size_t len;
	struct columns_cell cells[32];
	size_t n;
	FILE *out;

	for (n = 0; names[n] != NULL; n++)
		cells[n] = (struct columns_cell){ .name = names[n],
		    .len = strlen(names[n]) };
	free(text);
	ck_assert_ptr_nonnull(out = open_memstream(&text, &len));
	ck_assert_int_eq(columns_show(out, cells, n, width), STATUS_OK);
	fclose(out);
	return text;
}

static const char *
color(const struct colors *colors, char type, unsigned int mode,
    const char *name)
{
	struct ft1_entry entry = { .type = type, .mode = (uint16_t)mode,
	    .name = name, .name_len = strlen(name) };
	const char *found = colors_of(colors, &entry);

	return found != NULL ? found : "none";
}

static struct colors *
read_colors(const char *words)
{
	struct colors *colors;

	ck_assert_int_eq(colors_new(&colors, words), STATUS_OK);
	return colors;
}

START_TEST(names_go_down_and_then_right)
{
	const char *names[] = { "a", "b", "c", "d", "e", NULL };

	ck_assert_str_eq(seen(names, 7), "a  c  e\nb  d\n");
	ck_assert_str_eq(seen(names, 80), "a  b  c  d  e\n");
	ck_assert_str_eq(seen(names, 1), "a\nb\nc\nd\ne\n");
}
END_TEST

START_TEST(each_column_is_as_wide_as_it_must)
{
	const char *names[] = { "long-name", "b", "c", "dddd", NULL };

	ck_assert_str_eq(seen(names, 15), "long-name  c\nb          dddd\n");
	ck_assert_str_eq(seen(names, 14), "long-name\nb\nc\ndddd\n");
}
END_TEST

START_TEST(no_names_are_no_lines)
{
	const char *names[] = { NULL };

	ck_assert_str_eq(seen(names, 80), "");
}
END_TEST

START_TEST(a_name_is_shown_escaped_and_counted_so)
{
	const char *names[] = { "\033[2J", "b", "c", "d", NULL };

	ck_assert_str_eq(seen(names, 10), "\\e[2J  c\nb      d\n");
}
END_TEST

START_TEST(wide_and_combining_characters_count_as_they_show)
{
	const char *names[] = { "\u65e5\u672c", "e\u0301", "x", "y", NULL };

	ck_assert_uint_eq(show_width("\u65e5\u672c", 6), 4);
	ck_assert_uint_eq(show_width("e\u0301", 3), 1);
	ck_assert_uint_eq(show_width("\xff", 1), 4);
	ck_assert_str_eq(seen(names, 7),
	    "\u65e5\u672c  x\ne\u0301     y\n");
}
END_TEST

START_TEST(without_a_locale_each_character_counts_one)
{
	setlocale(LC_CTYPE, "C");
	ck_assert_uint_eq(screen_width("\u00e4\u65e5", 5), 2);
	setlocale(LC_CTYPE, "C.UTF-8");
}
END_TEST

START_TEST(types_have_the_colors_of_ls)
{
	struct colors *colors = read_colors(NULL);

	ck_assert_str_eq(color(colors, 'd', 0755, "d"), "01;34");
	ck_assert_str_eq(color(colors, 'l', 0777, "l"), "01;36");
	ck_assert_str_eq(color(colors, 'f', 0755, "x"), "01;32");
	ck_assert_str_eq(color(colors, 'f', 0644, "a.tar"), "none");
	ck_assert_str_eq(color(NULL, 'd', 0755, "d"), "none");
	colors_free(colors);
}
END_TEST

START_TEST(the_environment_chooses_others)
{
	struct colors *colors = read_colors(
	    "rs=0:di=44:ln=target:ex=00:*.tar=01;31:*.gz=31:fi=33:junk:*=1");

	ck_assert_str_eq(color(colors, 'd', 0755, "d.tar"), "44");
	ck_assert_str_eq(color(colors, 'f', 0644, "a.tar"), "01;31");
	ck_assert_str_eq(color(colors, 'f', 0755, "A.TAR"), "01;31");
	ck_assert_str_eq(color(colors, 'f', 0644, "a.tar.gz"), "31");
	ck_assert_str_eq(color(colors, 'f', 0644, "tar"), "33");
	ck_assert_str_eq(color(colors, 'l', 0777, "l"), "none");
	colors_free(colors);
}
END_TEST

START_TEST(what_is_no_color_never_gets_to_the_terminal)
{
	struct colors *colors = read_colors("di=\033]0;x\007:fi=1m\033[2J");

	ck_assert_str_eq(color(colors, 'd', 0755, "d"), "none");
	ck_assert_str_eq(color(colors, 'f', 0644, "f"), "none");
	colors_free(colors);
}
END_TEST

int
main(void)
{
	const TTest *tests[] = {
		names_go_down_and_then_right,
		each_column_is_as_wide_as_it_must,
		no_names_are_no_lines,
		a_name_is_shown_escaped_and_counted_so,
		wide_and_combining_characters_count_as_they_show,
		without_a_locale_each_character_counts_one,
		types_have_the_colors_of_ls,
		the_environment_chooses_others,
		what_is_no_color_never_gets_to_the_terminal,
		NULL
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return check_main("columns", tests, NULL, NULL);
}
