/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "paths.h"
#include "words.h"

/* The words of a line, joined by "|". */
static const char *
split(const char *line)
{
	static char joined[256];
	struct words words;
	int i;

	ck_assert_int_eq(words_split(&words, line), STATUS_OK);
	joined[0] = '\0';
	for (i = 0; i < words.len; i++) {
		strcat(joined, i > 0 ? "|" : "");
		strcat(joined, words.at[i]);
	}
	ck_assert_ptr_null(words.at[words.len]);
	words_free(&words);
	return joined;
}

START_TEST(blanks_separate_words)
{
	ck_assert_str_eq(split("put a  b"), "put|a|b");
	ck_assert_str_eq(split("\t list \r\n"), "list");
	ck_assert_str_eq(split(""), "");
	ck_assert_str_eq(split("   "), "");
}
END_TEST

START_TEST(quotes_hold_words_together)
{
	ck_assert_str_eq(split("get 'a b' \"c d\""), "get|a b|c d");
	ck_assert_str_eq(split("a' 'b\" \"c"), "a b c");
	ck_assert_str_eq(split("rm '' x"), "rm||x");
	ck_assert_str_eq(split("'\"' \"'\""), "\"|'");
}
END_TEST

START_TEST(a_backslash_keeps_the_next_byte)
{
	ck_assert_str_eq(split("a\\ b \\\"c \\\\"), "a b|\"c|\\");
	ck_assert_str_eq(split("\"a\\\"b\\\\c\\d\""), "a\"b\\c\\d");
	ck_assert_str_eq(split("'a\\b'"), "a\\b");
	ck_assert_str_eq(split("a\\"), "a\\");
}
END_TEST

START_TEST(a_comment_begins_at_the_start_of_a_word)
{
	ck_assert_str_eq(split("# all"), "");
	ck_assert_str_eq(split("put a # b"), "put|a");
	ck_assert_str_eq(split("put a#b \\#c '#d'"), "put|a#b|#c|#d");
}
END_TEST

START_TEST(nothing_is_expanded)
{
	ck_assert_str_eq(split("put * $HOME ~ `ls`"), "put|*|$HOME|~|`ls`");
}
END_TEST

START_TEST(a_quote_has_to_be_closed)
{
	struct words words;

	ck_assert_int_eq(words_split(&words, "put 'a"), STATUS_USAGE);
	ck_assert_int_eq(words_split(&words, "put \"a\\\""), STATUS_USAGE);
	ck_assert_ptr_null(words.at);
}
END_TEST

START_TEST(names_can_be_written_as_they_are_shown)
{
	ck_assert_str_eq(split("a $'x\\n\\t\\e\\x7f\\\\\\'y' b"),
	    "a|x\n\t\033\x7f\\'y|b");
	ck_assert_str_eq(split("$'\\x00\\xg\\d' $HOME $"),
	    "\\x00\\xg\\d|$HOME|$");
}
END_TEST

START_TEST(what_is_quoted_is_split_into_itself)
{
	static const char *const names[] = { "a", "a b", "#a", "a'b\"c\\d",
	    "$'x'", "\033[2J\xff\n", "\u65e5 \u202e", "" };
	struct words words;
	char *quoted;
	size_t i;
	int q;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (q = QUOTING_NONE; q <= QUOTING_ESCAPED; q++) {
			quoted = words_quote(names[i], (enum quoting)q, false);
			ck_assert_int_eq(words_split(&words, quoted),
			    STATUS_OK);
			ck_assert_int_eq(words.len, 1);
			ck_assert_str_eq(words.at[0], names[i]);
			ck_assert(strpbrk(quoted, "\033\n") == NULL);
			words_free(&words);
			free(quoted);
		}
}
END_TEST

START_TEST(a_line_may_end_in_the_middle_of_a_word)
{
	static const struct {
		const char	*line, *last;
		int		 len;
		size_t		 start;
		enum quoting	 quoting;
	} rows[] = {
		{ "", "", 1, 0, QUOTING_NONE },
		{ "get ", "", 2, 4, QUOTING_NONE },
		{ "get a\\ b", "a b", 2, 4, QUOTING_NONE },
		{ "get \"a b", "a b", 2, 4, QUOTING_DOUBLE },
		{ "get 'a b'/c", "a b/c", 2, 4, QUOTING_SINGLE },
		{ "get $'a\\n", "a\n", 2, 4, QUOTING_ESCAPED },
	};
	struct words words;
	struct words_end end;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_int_eq(words_split_open(&words, &end, rows[i].line),
		    STATUS_OK);
		ck_assert_int_eq(words.len, rows[i].len);
		ck_assert_str_eq(words.at[words.len - 1], rows[i].last);
		ck_assert_uint_eq(end.start, rows[i].start);
		ck_assert_int_eq(end.quoting, rows[i].quoting);
		words_free(&words);
	}
}
END_TEST

START_TEST(the_shortest_words_fit)
{
	ck_assert_str_eq(split("a b c d e f"), "a|b|c|d|e|f");
	ck_assert_str_eq(split("a"), "a");
	ck_assert_str_eq(split("''"), "");
}
END_TEST

START_TEST(the_base_of_a_path_is_what_names_it)
{
	ck_assert_str_eq(path_base("a/b"), "b");
	ck_assert_str_eq(path_base("b"), "b");
	ck_assert_str_eq(path_base("../..b"), "..b");
	ck_assert_ptr_null(path_base(""));
	ck_assert_ptr_null(path_base("/"));
	ck_assert_ptr_null(path_base("a/"));
	ck_assert_ptr_null(path_base("a/.."));
	ck_assert_ptr_null(path_base("."));
}
END_TEST

int
main(void)
{
	const TTest *tests[] = {
		blanks_separate_words,
		quotes_hold_words_together,
		a_backslash_keeps_the_next_byte,
		a_comment_begins_at_the_start_of_a_word,
		nothing_is_expanded,
		a_quote_has_to_be_closed,
		names_can_be_written_as_they_are_shown,
		what_is_quoted_is_split_into_itself,
		a_line_may_end_in_the_middle_of_a_word,
		the_shortest_words_fit,
		the_base_of_a_path_is_what_names_it,
		NULL
	};

	return check_main("words", tests, NULL, NULL);
}
