/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"

static const char *const words[] = { "list", "get", "put", "password-file",
	"rights", "root", NULL };

START_TEST(one_wrong_letter_is_mended)
{
	ck_assert_str_eq(nearest_word("lest", words), "list");
	ck_assert_str_eq(nearest_word("lst", words), "list");
	ck_assert_str_eq(nearest_word("liist", words), "list");
}
END_TEST

START_TEST(swapped_neighbours_are_one_slip)
{
	ck_assert_str_eq(nearest_word("lits", words), "list");
	ck_assert_str_eq(nearest_word("rigths", words), "rights");
	ck_assert_str_eq(nearest_word("gte", words), "get");
}
END_TEST

START_TEST(longer_words_may_hold_more_slips)
{
	ck_assert_str_eq(nearest_word("pasword-fiel", words), "password-file");
	ck_assert_ptr_null(nearest_word("pwdfl", words));
}
END_TEST

START_TEST(a_word_unlike_all_has_no_nearest)
{
	ck_assert_ptr_null(nearest_word("elephant", words));
	ck_assert_ptr_null(nearest_word("", words));
	ck_assert_ptr_null(nearest_word("xyz", words));
}
END_TEST

START_TEST(the_nearest_of_several_is_named)
{
	const char *const near[] = { "reads", "rest", "read", NULL };

	ck_assert_str_eq(nearest_word("rea", near), "read");
	ck_assert_str_eq(nearest_word("resd", near), "rest");
	ck_assert_str_eq(nearest_word("read", near), "read");
}
END_TEST

START_TEST(words_past_all_measure_are_left_alone)
{
	char typed[200], word[200];
	const char *const known[] = { word, NULL };

	memset(typed, 'a', sizeof(typed) - 1);
	typed[sizeof(typed) - 1] = '\0';
	strcpy(word, typed);
	ck_assert_ptr_null(nearest_word(typed, known));
	typed[64] = '\0';
	ck_assert_ptr_null(nearest_word(typed, known));
	strcpy(word, typed);
	word[0] = 'b';
	ck_assert_str_eq(nearest_word(typed, known), word);
}
END_TEST

START_TEST(a_hint_is_empty_without_a_nearest_word)
{
	char hint[100];

	ck_assert_str_eq(nearest_hint(hint, sizeof(hint), "elephant", words),
	    "");
	ck_assert_str_eq(nearest_hint(hint, sizeof(hint), "rot", words),
	    ", did you mean `root`?");
	ck_assert_str_eq(nearest_option(hint, sizeof(hint), "rot", words),
	    ", did you mean `--root`?");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nearest");
	TCase *tc = tcase_create("nearest");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, one_wrong_letter_is_mended);
	tcase_add_test(tc, swapped_neighbours_are_one_slip);
	tcase_add_test(tc, longer_words_may_hold_more_slips);
	tcase_add_test(tc, a_word_unlike_all_has_no_nearest);
	tcase_add_test(tc, the_nearest_of_several_is_named);
	tcase_add_test(tc, words_past_all_measure_are_left_alone);
	tcase_add_test(tc, a_hint_is_empty_without_a_nearest_word);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
