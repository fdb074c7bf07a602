/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "walk.h"

static char out[WALK_PATH_ROOM];

static enum status
clean(const char *cwd, const char *path)
{
	return path_clean(out, cwd, path, strlen(path));
}

static const struct {
	const char *cwd, *path, *clean;
} cases[] = {
	{ "/", "", "/" },
	{ "/a", "", "/a" },
	{ "/", "/", "/" },
	{ "/", "//", "/" },
	{ "/a/b", ".", "/a/b" },
	{ "/a/b", "c", "/a/b/c" },
	{ "/a/b", "/c", "/c" },
	{ "/a/b", "..", "/a" },
	{ "/a/b", "../..", "/" },
	{ "/a/b", "../../../../..", "/" },
	{ "/", "/..", "/" },
	{ "/", "/../../etc/passwd", "/etc/passwd" },
	{ "/a", "b/../../..//c", "/c" },
	{ "/a", "./././b/.", "/a/b" },
	{ "/a", "b///c////", "/a/b/c" },
	{ "/", "...", "/..." },
	{ "/", "/..a/.b./c..", "/..a/.b./c.." },
	{ "/", "a/./../b/.././c/", "/c" },
	{ "/", "\xff\xfe/ /\n\033[0m/-rf", "/\xff\xfe/ /\n\033[0m/-rf" },
	{ "/", "%2e%2e/..%2f", "/%2e%2e/..%2f" },
	{ "/", "a\\..\\b", "/a\\..\\b" },
};

START_TEST(a_path_is_made_clean_by_its_text)
{
	ck_assert_int_eq(clean(cases[_i].cwd, cases[_i].path), STATUS_OK);
	ck_assert_str_eq(out, cases[_i].clean);
}
END_TEST

START_TEST(a_clean_path_stays_as_it_is)
{
	char again[WALK_PATH_ROOM];

	ck_assert_int_eq(path_clean(again, "/elsewhere", cases[_i].clean,
	    strlen(cases[_i].clean)), STATUS_OK);
	ck_assert_str_eq(again, cases[_i].clean);
}
END_TEST

START_TEST(a_nul_byte_is_refused)
{
	ck_assert_int_eq(path_clean(out, "/", "a\0b", 3), STATUS_BAD_PATH);
	ck_assert_int_eq(path_clean(out, "/", "\0", 1), STATUS_BAD_PATH);
	ck_assert_int_eq(path_clean(out, "/", "ab\0", 3), STATUS_BAD_PATH);
}
END_TEST

START_TEST(only_the_bytes_that_are_given_are_read)
{
	ck_assert_int_eq(path_clean(out, "/", "abc/def", 3), STATUS_OK);
	ck_assert_str_eq(out, "/abc");
}
END_TEST

START_TEST(names_have_at_most_255_bytes)
{
	char name[300];

	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	ck_assert_int_eq(clean("/", name), STATUS_OK);
	ck_assert_uint_eq(strlen(out), 256);
	name[255] = 'n';
	name[256] = '\0';
	ck_assert_int_eq(clean("/", name), STATUS_NAME_TOO_LONG);
	strcpy(name + 256, "/..");
	ck_assert_int_eq(clean("/", name), STATUS_NAME_TOO_LONG);
}
END_TEST

/* "/x/x/x..." of `len` bytes. */
static char *
long_path(size_t len)
{
	char *path = malloc(len + 1);
	size_t i;

	ck_assert_ptr_nonnull(path);
	for (i = 0; i < len; i++)
		path[i] = i % 2 == 0 && i + 1 < len ? '/' : 'x';
	path[len] = '\0';
	return path;
}

START_TEST(paths_have_at_most_4095_bytes)
{
	char *fits = long_path(4095), *longer = long_path(4096);

	ck_assert_int_eq(clean("/", fits), STATUS_OK);
	ck_assert_str_eq(out, fits);
	ck_assert_int_eq(clean("/", longer), STATUS_NAME_TOO_LONG);
	free(fits);
	free(longer);
}
END_TEST

START_TEST(a_relative_path_counts_with_the_current_folder)
{
	char *cwd = long_path(4094);

	ck_assert_int_eq(clean(cwd, ".."), STATUS_OK);
	ck_assert_int_eq(clean(cwd, "ab"), STATUS_NAME_TOO_LONG);
	ck_assert_int_eq(clean(cwd, "../../ab"), STATUS_OK);
	ck_assert_uint_eq(strlen(out), 4093);
	ck_assert_int_eq(clean(cwd, "/ab"), STATUS_OK);
	ck_assert_str_eq(out, "/ab");
	free(cwd);
}
END_TEST

START_TEST(no_path_is_read_behind_its_end)
{
	const struct place place = { .mount = 6 };

	ck_assert_str_eq(place_path(&place, "/share/a"), "/a");
	ck_assert_str_eq(place_path(&place, "/share"), "");
	ck_assert_str_eq(place_path(&place, "/f"), "");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("path");
	TCase *tcase = tcase_create("path");
	SRunner *runner = srunner_create(suite);
	int failed, count = sizeof(cases) / sizeof(cases[0]);

	tcase_add_loop_test(tcase, a_path_is_made_clean_by_its_text, 0, count);
	tcase_add_loop_test(tcase, a_clean_path_stays_as_it_is, 0, count);
	tcase_add_test(tcase, a_nul_byte_is_refused);
	tcase_add_test(tcase, only_the_bytes_that_are_given_are_read);
	tcase_add_test(tcase, names_have_at_most_255_bytes);
	tcase_add_test(tcase, paths_have_at_most_4095_bytes);
	tcase_add_test(tcase, a_relative_path_counts_with_the_current_folder);
	tcase_add_test(tcase, no_path_is_read_behind_its_end);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
