/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "check_main.h"
#include "status.h"

START_TEST(codes_have_words_that_never_change)
{
	static const struct {
		int number;
		const char *word;
	} words[] = {
		{ 0, "ok" }, { 1, "protocol" }, { 2, "unsupported" },
		{ 3, "bad-request" }, { 4, "bad-path" }, { 5, "not-found" },
		{ 6, "not-permitted" }, { 7, "exists" },
		{ 8, "not-a-folder" }, { 9, "is-a-folder" },
		{ 10, "not-a-file" }, { 11, "not-empty" },
		{ 12, "name-too-long" }, { 13, "locked" }, { 14, "busy" },
		{ 15, "quota" }, { 16, "no-space" }, { 17, "io" },
		{ 18, "changed" }, { 19, "precondition" }, { 20, "digest" },
		{ 21, "size" }, { 22, "login-refused" },
		{ 23, "login-needed" }, { 24, "skipped" },
		{ 25, "cancelled" }, { 26, "timeout" },
		{ 27, "cross-device" }, { 28, "stopping" },
		{ 29, "too-large" }, { 30, "no-memory" },
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		ck_assert_str_eq(status_word((enum status)words[i].number),
		    words[i].word);
		ck_assert_int_eq(status_is_on_wire(
		    (unsigned int)words[i].number) != 0, i > 0);
	}
}
END_TEST

START_TEST(numbers_of_one_side_stay_off_the_wire)
{
	ck_assert(!status_is_on_wire(STATUS_USAGE));
	ck_assert(!status_is_on_wire(STATUS_CANNOT_CREATE));
	ck_assert(!status_is_on_wire(31));
	ck_assert(!status_is_on_wire(255));
	ck_assert(!status_is_on_wire(65535));
	ck_assert_str_eq(status_word((enum status)200), "unknown");
}
END_TEST

START_TEST(exit_codes_are_those_of_sysexits)
{
	static const struct {
		enum status st;
		int code;
	} codes[] = {
		{ STATUS_OK, 0 }, { STATUS_USAGE, 64 },
		{ STATUS_DIGEST, 65 }, { STATUS_NOT_FOUND, 66 },
		{ STATUS_UNKNOWN_HOST, 68 }, { STATUS_UNREACHABLE, 69 },
		{ STATUS_CANNOT_CREATE, 73 }, { STATUS_IO, 74 },
		{ STATUS_NO_SPACE, 74 }, { STATUS_LOCKED, 75 },
		{ STATUS_BUSY, 75 }, { STATUS_QUOTA, 75 },
		{ STATUS_PROTOCOL, 76 }, { STATUS_TRUST, 76 },
		{ STATUS_LOGIN_REFUSED, 77 }, { STATUS_NOT_PERMITTED, 77 },
		{ STATUS_CONFIG, 78 },
	};
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		ck_assert_int_eq(status_exit_code(codes[i].st),
		    codes[i].code);
}
END_TEST

START_TEST(classes_tell_what_to_do)
{
	ck_assert_int_eq(status_class(STATUS_NOT_FOUND), CLASS_PERMANENT);
	ck_assert_int_eq(status_class(STATUS_LOCKED), CLASS_RETRY);
	ck_assert_int_eq(status_class(STATUS_BUSY), CLASS_BUSY);
	ck_assert_int_eq(status_class(STATUS_QUOTA), CLASS_QUOTA);
	ck_assert_int_eq(status_class(STATUS_LOGIN_NEEDED), CLASS_AUTH);
}
END_TEST

START_TEST(errno_becomes_a_code_and_words)
{
	errno = ENOSPC;
	ck_assert_int_eq(status_errno("put %s", "/a"), STATUS_NO_SPACE);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_str_eq(status_text(STATUS_NO_SPACE),
	    "put /a: No space left on device");
	ck_assert_int_eq(status_of_errno(EDQUOT), STATUS_QUOTA);
	ck_assert_int_eq(status_of_errno(EAGAIN), STATUS_LOCKED);
	ck_assert_int_eq(status_of_errno(ETXTBSY), STATUS_LOCKED);
	ck_assert_int_eq(status_of_errno(EROFS), STATUS_NOT_PERMITTED);
	ck_assert_int_eq(status_of_errno(EIO), STATUS_IO);
	ck_assert_int_eq(status_of_errno(12345), STATUS_IO);
}
END_TEST

START_TEST(the_text_belongs_to_its_code)
{
	ck_assert_int_eq(status_set(STATUS_LOCKED, "%s is locked", "it"),
	    STATUS_LOCKED);
	ck_assert_str_eq(status_text(STATUS_LOCKED), "it is locked");
	ck_assert_str_ne(status_text(STATUS_NOT_FOUND), "it is locked");
	ck_assert_str_ne(status_text(STATUS_NOT_FOUND), "");
}
END_TEST

START_TEST(a_text_can_be_forgotten)
{
	status_set(STATUS_BUSY, "alice's file");
	status_forget();
	ck_assert_str_eq(status_text(STATUS_BUSY),
	    "the server is busy, try again later");
}
END_TEST

START_TEST(a_long_text_is_cut)
{
	char text[2000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	status_set(STATUS_IO, "%s", text);
	ck_assert_uint_eq(strlen(status_text(STATUS_IO)), 511);
	errno = EIO;
	status_errno("%s", text);
	ck_assert_uint_eq(strlen(status_text(STATUS_IO)), 511);
}
END_TEST

static void *
set_another(void *unused)
{
	status_set(STATUS_IO, "of another thread");
	return unused;
}

START_TEST(each_thread_has_its_own_text)
{
	pthread_t thread;

	status_set(STATUS_IO, "mine");
	ck_assert_int_eq(pthread_create(&thread, NULL, set_another, NULL), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_str_eq(status_text(STATUS_IO), "mine");
}
END_TEST

START_TEST(a_holder_goes_with_its_text_and_both_can_be_kept)
{
	struct status_words words = { 0 };

	status_set(STATUS_LOCKED, "locked");
	status_set_holder("alice (session 7)");
	ck_assert_str_eq(status_holder(STATUS_LOCKED), "alice (session 7)");
	ck_assert_str_eq(status_holder(STATUS_BUSY), "");
	status_words_keep(&words, STATUS_LOCKED);
	status_set(STATUS_LOCKED, "locked by nobody of ours");
	ck_assert_str_eq(status_holder(STATUS_LOCKED), "");
	status_words_use(&words, STATUS_LOCKED);
	ck_assert_str_eq(status_text(STATUS_LOCKED), "locked");
	ck_assert_str_eq(status_holder(STATUS_LOCKED), "alice (session 7)");
	status_words_free(&words);
	status_words_use(&words, STATUS_LOCKED);
	ck_assert_str_ne(status_text(STATUS_LOCKED), "locked");
	ck_assert_str_eq(status_holder(STATUS_LOCKED), "");
}
END_TEST

START_TEST(the_first_failure_counts_with_its_words)
{
	struct status_words words = { 0 };
	enum status st = STATUS_OK;

	status_words_first(&words, &st, STATUS_OK);
	ck_assert_int_eq(st, STATUS_OK);
	status_words_first(&words, &st, status_set(STATUS_IO, "first"));
	status_words_first(&words, &st, status_set(STATUS_IO, "second"));
	ck_assert_int_eq(status_words_return(&words, st), STATUS_IO);
	ck_assert_str_eq(status_text(STATUS_IO), "first");
	ck_assert_ptr_null(words.text);
}
END_TEST

START_TEST(words_can_be_added)
{
	char most[600] = "";

	status_set(STATUS_IO, "the disk");
	ck_assert_int_eq(status_add(STATUS_IO, "; and more"), STATUS_IO);
	ck_assert_str_eq(status_text(STATUS_IO), "the disk; and more");
	/* What is left of another status does not speak for it. */
	status_add(STATUS_BUSY, "; wait");
	ck_assert_ptr_nonnull(strstr(status_text(STATUS_BUSY), "; wait"));
	ck_assert_ptr_null(strstr(status_text(STATUS_BUSY), "disk"));
	memset(most, 'x', sizeof(most) - 1);
	status_add(STATUS_BUSY, most);
	ck_assert_uint_eq(strlen(status_text(STATUS_BUSY)), 511);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		codes_have_words_that_never_change,
		numbers_of_one_side_stay_off_the_wire,
		exit_codes_are_those_of_sysexits,
		classes_tell_what_to_do,
		errno_becomes_a_code_and_words,
		the_text_belongs_to_its_code,
		a_text_can_be_forgotten,
		a_long_text_is_cut,
		each_thread_has_its_own_text,
		a_holder_goes_with_its_text_and_both_can_be_kept,
		the_first_failure_counts_with_its_words,
		words_can_be_added,
		NULL
	};

	return check_main("status", tests, NULL, NULL);
}
