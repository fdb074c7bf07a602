/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <openssl/sha.h>

#include "user_file.h"
#include "users_support.h"

#define ALICE "alice:" CHEAP_HASH ":"

static struct users *users;
static char warnings[4096];

static void
note(void *ctx, const char *text)
{
	(void)ctx;
	strncat(warnings, text, sizeof(warnings) - strlen(warnings) - 2);
	strcat(warnings, "\n");
}

static enum status
parse_bytes(const char *bytes, size_t len)
{
	const struct users_warning warning = { .tell = note };
	char *copy = malloc(len + 1);
	enum status st;

	/* Without a NUL at the end, so that a sanitizer sees overruns. */
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, bytes, len);
	copy = realloc(copy, len > 0 ? len : 1);
	users_unref(users);
	users = NULL;
	warnings[0] = '\0';
	st = users_parse(&users, copy, len, "F", &warning);
	free(copy);
	return st;
}

static enum status
parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

static void
teardown(void)
{
	users_unref(users);
	users = NULL;
	remove_folder();
}

static const struct user *
find(const char *name)
{
	return users_find(users, name, strlen(name));
}

START_TEST(a_user_has_all_rights_below_the_first_base_by_default)
{
	const struct user *u;

	ck_assert_int_eq(parse(ALICE "\n"), STATUS_OK);
	ck_assert_ptr_nonnull(u = find("alice"));
	ck_assert_str_eq(u->name, "alice");
	ck_assert_str_eq(u->hash, CHEAP_HASH);
	ck_assert_ptr_null(u->base);
	ck_assert_str_eq(u->root, "/");
	ck_assert_uint_eq(u->rights, RIGHTS_FULL);
	ck_assert(!u->locked);
}
END_TEST

START_TEST(keys_are_read)
{
	const struct user *u;

	ck_assert_int_eq(parse(ALICE "base=big,root=/a/b,rights=read,"
	    "locked=yes\n"), STATUS_OK);
	u = find("alice");
	ck_assert_str_eq(u->base, "big");
	ck_assert_str_eq(u->root, "/a/b");
	ck_assert_uint_eq(u->rights, RIGHT_LIST | RIGHT_READ);
	ck_assert(u->locked);
	ck_assert_str_eq(warnings, "");
}
END_TEST

START_TEST(roots_are_brought_into_one_form)
{
	static const char *const forms[][2] = { { "a", "/a" }, { "/", "/" },
		{ "//", "/" }, { "/a/", "/a" }, { "a//b", "/a/b" },
		{ "%20%2c%25%3A", "/ ,%:" }, { "%c3%A9%ff", "/\xc3\xa9\xff" },
		{ "\xc3\xa9", "/\xc3\xa9" }, { "%0a", "/\n" },
		{ "...", "/..." } };
	char text[512];
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		snprintf(text, sizeof(text), ALICE "root=%s\n", forms[i][0]);
		ck_assert_int_eq(parse(text), STATUS_OK);
		ck_assert_str_eq(find("alice")->root, forms[i][1]);
	}
}
END_TEST

START_TEST(rights_are_presets_or_sums)
{
	static const struct {
		const char	*words;
		unsigned int	 rights;
	} rows[] = {
		{ "full", 0x1ff }, { "read", RIGHT_LIST | RIGHT_READ },
		{ "drop", RIGHT_WRITE }, { "list", RIGHT_LIST },
		{ "read+write", RIGHT_READ | RIGHT_WRITE },
		{ "lock+rename+mkdir+delete+append+overwrite+write+read+list",
		    0x1ff },
	};
	char words[RIGHTS_TEXT_MAX];
	unsigned int rights;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_int_eq(rights_parse(&rights, rows[i].words,
		    strlen(rows[i].words)), STATUS_OK);
		ck_assert_uint_eq(rights, rows[i].rights);
	}
	for (rights = 1; rights <= RIGHTS_FULL; rights++) {
		unsigned int again;

		rights_format(words, rights);
		ck_assert_int_eq(rights_parse(&again, words, strlen(words)),
		    STATUS_OK);
		/* Alone, `read` is the preset. */
		ck_assert_uint_eq(again, rights == RIGHT_READ ? RIGHTS_READ :
		    rights);
	}
}
END_TEST

START_TEST(comments_and_blank_lines_say_nothing)
{
	ck_assert_int_eq(parse("# a\n\n  \t\n  # b\n" ALICE "\n#\n"),
	    STATUS_OK);
	ck_assert_uint_eq(users_count(users), 1);
	ck_assert_int_eq(parse(""), STATUS_OK);
	ck_assert_uint_eq(users_count(users), 0);
	ck_assert_ptr_null(find("alice"));
}
END_TEST

/* What is wrong, the line it is in, and what the error must speak of. */
static const struct {
	const char	*text;
	const char	*says;
} broken[] = {
	{ "alice\n", "F:1: `:` is missing" },
	{ "#\n\nalice\n", "F:3: " },
	{ ":" CHEAP_HASH ":\n", "F:1: a user's name must have 1 to 64" },
	{ "-a:" CHEAP_HASH ":\n", "must not begin with `-`" },
	{ "@a:" CHEAP_HASH ":\n", "a group has no hash" },
	{ "@all::rights=read\n", "@all stands for all" },
	{ "@::rights=read\n", "1 to 64" },
	{ "@a::groups=b\n", "in no other group" },
	{ "a:" CHEAP_HASH ":groups=b\n", "no group @b" },
	{ "a:" CHEAP_HASH ":groups=+\n", "joined by `+`" },
	{ "a:" CHEAP_HASH ":quota_bytes=10X\n", "a quota is a number" },
	{ "a b:" CHEAP_HASH ":\n", "letters, digits" },
	{ "\xc3\xa9:" CHEAP_HASH ":\n", "letters, digits" },
	{ "a/b:" CHEAP_HASH ":\n", "letters, digits" },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:"
	    CHEAP_HASH ":\n", "1 to 64" },
	{ "a::\n", "F:1: there is no password" },
	{ "a:$1$etNnh7FA$OlM7eljE/B7F1J4XYNnk81:\n", "too weak" },
	{ "a:$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$"
	    "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4:\n", "F:1: argon2: m "
	    "must be" },
	{ "a:$argon2id$v=19$m=8,t=1000000,p=1$c29tZXNhbHQ$"
	    "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4:\n", "F:1: argon2: t "
	    "must be" },
	{ ALICE ":\n", "`:` too much" },
	{ ALICE "root=a:b\n", "`:` too much" },
	{ ALICE "root\n", "`=` is missing" },
	{ ALICE "=x\n", "keys are" },
	{ ALICE "a b=x\n", "keys are" },
	{ ALICE "root=/a,root=/b\n", "`root` stands there twice" },
	{ ALICE "root=\n", "root= must be" },
	{ ALICE "root=/a/../b\n", "`..`" },
	{ ALICE "root=.\n", "`..`" },
	{ ALICE "root=%2e%2E\n", "`..`" },
	{ ALICE "root=%00\n", "`%` must be followed" },
	{ ALICE "root=%4\n", "`%` must be followed" },
	{ ALICE "root=a%\n", "`%` must be followed" },
	{ ALICE "root=%zz\n", "`%` must be followed" },
	{ ALICE "root=a\tb\n", "control character (0x09)" },
	{ ALICE "root=a\r\n", "control character (0x0d)" },
	{ ALICE "rights=ful\n", "did you mean `full`" },
	{ ALICE "rights=\n", "is no right" },
	{ ALICE "rights=read+\n", "is no right" },
	{ ALICE "rights=full+read\n", "`full` is no right" },
	{ ALICE "locked=maybe\n", "yes or no" },
	{ ALICE "base=a/b\n", "base= must be" },
	{ ALICE "root=/a", "F:1: the last line does not end" },
	{ ALICE "\n" "bob:$argon2id$v=19$m=8", "F:2: the last line does not" },
};

START_TEST(what_is_wrong_is_refused_by_line)
{
	ck_assert_int_eq(parse(broken[_i].text), STATUS_CONFIG);
	ck_assert(text_has(STATUS_CONFIG, broken[_i].says));
	ck_assert_ptr_null(users);
}
END_TEST

START_TEST(a_name_stands_there_once)
{
	ck_assert_int_eq(parse(ALICE "\nbob:" CHEAP_HASH ":\n" ALICE "\n"),
	    STATUS_EXISTS);
	ck_assert(text_has(STATUS_EXISTS, "F:3: the user alice"));
}
END_TEST

START_TEST(unknown_keys_are_ignored_with_a_warning)
{
	ck_assert_int_eq(parse(ALICE "retention=5,rigths=read,root=/a\n"),
	    STATUS_OK);
	ck_assert_str_eq(find("alice")->root, "/a");
	ck_assert_str_eq(warnings,
	    "F:1: the key `retention` is unknown and ignored\n"
	    "F:1: the key `rigths` is unknown and ignored, did you mean "
	    "`rights`?\n");
}
END_TEST

START_TEST(a_line_of_8_KiB_is_the_longest)
{
	static char text[USER_LINE_MAX + 100];
	size_t len = strlen(ALICE);

	strcpy(text, ALICE);
	memset(text + len, 'k', sizeof(text) - len - 1);
	memcpy(text + len, "x=", 2);
	text[USER_LINE_MAX] = '\n';
	text[USER_LINE_MAX + 1] = '\0';
	ck_assert_int_eq(parse(text), STATUS_OK);
	text[USER_LINE_MAX] = 'k';
	text[USER_LINE_MAX + 1] = '\n';
	text[USER_LINE_MAX + 2] = '\0';
	ck_assert_int_eq(parse(text), STATUS_CONFIG);
	ck_assert(text_has(STATUS_CONFIG, "at most 8192 bytes"));
}
END_TEST

START_TEST(a_nul_in_the_file_is_refused)
{
	ck_assert_int_eq(parse_bytes(ALICE "root=a\0b\n",
	    strlen(ALICE) + 9), STATUS_CONFIG);
	ck_assert(text_has(STATUS_CONFIG, "control character (0x00)"));
}
END_TEST

START_TEST(only_the_whole_name_is_found)
{
	ck_assert_int_eq(parse(ALICE "\nal:" CHEAP_HASH ":\nbob:" CHEAP_HASH
	    ":\n"), STATUS_OK);
	ck_assert_ptr_eq(find("alice"), users_at(users, 0));
	ck_assert_ptr_eq(find("al"), users_at(users, 1));
	ck_assert_ptr_eq(find("bob"), users_at(users, 2));
	ck_assert_ptr_null(find(""));
	ck_assert_ptr_null(find("ali"));
	ck_assert_ptr_null(find("alicex"));
	ck_assert_ptr_null(users_find(users, "alice\0x", 7));
	ck_assert_ptr_null(users_find(users, "bob\0", 4));
	ck_assert_ptr_null(users_find(users, "\xff\xff", 2));
	ck_assert_ptr_eq(users_find(users, "bobby", 3), find("bob"));
}
END_TEST

START_TEST(the_digest_is_that_of_the_line)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	const char *line = ALICE "root=/a";

	SHA256((const unsigned char *)line, strlen(line), digest);
	ck_assert_int_eq(parse("#\n" ALICE "root=/a\n"), STATUS_OK);
	ck_assert_mem_eq(find("alice")->digest, digest, sizeof(digest));
	ck_assert_uint_eq(find("alice")->line_at, 2);
	ck_assert_uint_eq(find("alice")->line_len, strlen(line));
}
END_TEST

START_TEST(the_decoy_is_as_dear_as_the_dearest_hash)
{
	ck_assert_int_eq(parse(ALICE "\nbob:$argon2id$v=19$m=256,t=2,p=1$"
	    "c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4\n"
	    "carl:" CHEAP_HASH ":\n"), STATUS_OK);
	ck_assert_int_eq(strncmp(users_decoy(users),
	    "$argon2id$v=19$m=256,t=2,p=1$", 29), 0);
	ck_assert_int_eq(parse(""), STATUS_OK);
	ck_assert_int_eq(strncmp(users_decoy(users),
	    "$argon2id$v=19$m=65536,t=3,p=1$", 31), 0);
}
END_TEST

START_TEST(logins_are_right_wrong_unknown_or_locked)
{
	ck_assert_int_eq(parse(ALICE "\nbob:" CHEAP_HASH ":locked=yes\n"),
	    STATUS_OK);
	ck_assert_int_eq(users_login(users, find("alice"), "hunter2", 7),
	    STATUS_OK);
	ck_assert_int_eq(users_login(users, find("alice"), "hunter3", 7),
	    STATUS_LOGIN_REFUSED);
	ck_assert_int_eq(users_login(users, find("bob"), "hunter2", 7),
	    STATUS_LOGIN_REFUSED);
	ck_assert_int_eq(users_login(users, NULL, "hunter2", 7),
	    STATUS_LOGIN_REFUSED);
}
END_TEST

START_TEST(a_file_with_loose_modes_is_refused_with_the_chmod)
{
	static const mode_t loose[] = { 0644, 0642, 0641, 0660, 0666 };
	static const mode_t tight[] = { 0640, 0600, 0400, 0440 };
	size_t i;

	for (i = 0; i < sizeof(loose) / sizeof(loose[0]); i++) {
		put_text(users_path, ALICE "\n", loose[i]);
		ck_assert_int_eq(users_read(&users, users_path, NULL),
		    STATUS_CONFIG);
		ck_assert(text_has(STATUS_CONFIG, "chmod 640 /tmp/ft-check"));
	}
	for (i = 0; i < sizeof(tight) / sizeof(tight[0]); i++) {
		put_text(users_path, ALICE "\n", tight[i]);
		ck_assert_int_eq(users_read(&users, users_path, NULL),
		    STATUS_OK);
		ck_assert_uint_eq(users_count(users), 1);
		users_unref(users);
		users = NULL;
	}
}
END_TEST

START_TEST(what_is_no_file_is_refused_without_waiting)
{
	ck_assert_int_eq(users_read(&users, users_path, NULL),
	    STATUS_NOT_FOUND);
	ck_assert_int_eq(users_read(&users, folder, NULL), STATUS_CONFIG);
	ck_assert_int_eq(mkfifo(users_path, 0600), 0);
	ck_assert_int_eq(users_read(&users, users_path, NULL), STATUS_CONFIG);
}
END_TEST

START_TEST(a_file_of_over_64_MiB_is_refused_unread)
{
	put_text(users_path, "", 0600);
	ck_assert_int_eq(truncate(users_path, USER_FILE_MAX + 1), 0);
	ck_assert_int_eq(users_read(&users, users_path, NULL), STATUS_CONFIG);
	ck_assert(text_has(STATUS_CONFIG, "at most"));
}
END_TEST

START_TEST(all_of_a_hundred_thousand_users_are_found)
{
	FILE *file = fopen(users_path, "w");
	char name[16];
	int i;

	ck_assert_ptr_nonnull(file);
	for (i = 0; i < 100000; i++)
		fprintf(file, "u%d:" CHEAP_HASH ":root=/%d\n",
		    i * 7919 % 100000, i);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(users_path, 0600), 0);
	ck_assert_int_eq(users_read(&users, users_path, NULL), STATUS_OK);
	ck_assert_uint_eq(users_count(users), 100000);
	for (i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		ck_assert_str_eq(find(name)->name, name);
	}
	ck_assert_ptr_null(find("u100000"));
}
END_TEST

START_TEST(a_line_is_changed_and_keeps_what_it_does_not_know)
{
	const char *const pairs[] = { "rights=read", "locked=", "base=b" };
	char text[USER_LINE_MAX + 2];
	struct user_line line;
	const char *old = ALICE "future=%2C%ff,locked=yes,root=/a,rights=full";

	ck_assert_int_eq(user_line_parse(&line, old, strlen(old)), STATUS_OK);
	ck_assert_int_eq(user_line_change(text, &line, NULL, pairs, 3),
	    STATUS_OK);
	ck_assert_str_eq(text,
	    ALICE "future=%2C%FF,root=/a,rights=read,base=b\n");
	user_line_free(&line);
}
END_TEST

START_TEST(a_line_that_would_not_parse_is_not_written)
{
	static const char *const pairs[] = { "rights=ful", "root=/..", "x",
		"=y", "locked=x", "base=/" };
	char text[USER_LINE_MAX + 2];
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		ck_assert_int_eq(user_line_write(text, "a", CHEAP_HASH,
		    &pairs[i], 1), STATUS_CONFIG);
	ck_assert_int_eq(user_line_write(text, "a\nb", CHEAP_HASH, NULL, 0),
	    STATUS_CONFIG);
	ck_assert_int_eq(user_line_write(text, "a:b", CHEAP_HASH, NULL, 0),
	    STATUS_CONFIG);
	ck_assert_int_eq(user_line_write(text, "a", "x:" CHEAP_HASH, NULL, 0),
	    STATUS_CONFIG);
}
END_TEST

START_TEST(any_bytes_of_a_root_come_back)
{
	char pair[300] = "root=/", text[USER_LINE_MAX + 2];
	const char *const pairs[] = { pair };
	size_t i, n = strlen(pair);

	for (i = 1; i < 256; i++) {
		if (i != '/')
			pair[n++] = (char)i;
		if (i == 128)
			pair[n++] = '/';
	}
	pair[n] = '\0';
	ck_assert_int_eq(user_line_write(text, "a", CHEAP_HASH, pairs, 1),
	    STATUS_OK);
	ck_assert_int_eq(parse(text), STATUS_OK);
	ck_assert_str_eq(find("a")->root, pair + strlen("root="));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("user_file");
	TCase *tc = tcase_create("user_file");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, make_folder, teardown);
	tcase_add_test(tc,
	    a_user_has_all_rights_below_the_first_base_by_default);
	tcase_add_test(tc, keys_are_read);
	tcase_add_test(tc, roots_are_brought_into_one_form);
	tcase_add_test(tc, rights_are_presets_or_sums);
	tcase_add_test(tc, comments_and_blank_lines_say_nothing);
	tcase_add_loop_test(tc, what_is_wrong_is_refused_by_line, 0,
	    (int)(sizeof(broken) / sizeof(broken[0])));
	tcase_add_test(tc, a_name_stands_there_once);
	tcase_add_test(tc, unknown_keys_are_ignored_with_a_warning);
	tcase_add_test(tc, a_line_of_8_KiB_is_the_longest);
	tcase_add_test(tc, a_nul_in_the_file_is_refused);
	tcase_add_test(tc, only_the_whole_name_is_found);
	tcase_add_test(tc, the_digest_is_that_of_the_line);
	tcase_add_test(tc, the_decoy_is_as_dear_as_the_dearest_hash);
	tcase_add_test(tc, logins_are_right_wrong_unknown_or_locked);
	tcase_add_test(tc, a_file_with_loose_modes_is_refused_with_the_chmod);
	tcase_add_test(tc, what_is_no_file_is_refused_without_waiting);
	tcase_add_test(tc, a_file_of_over_64_MiB_is_refused_unread);
	tcase_add_test(tc, all_of_a_hundred_thousand_users_are_found);
	tcase_add_test(tc, a_line_is_changed_and_keeps_what_it_does_not_know);
	tcase_add_test(tc, a_line_that_would_not_parse_is_not_written);
	tcase_add_test(tc, any_bytes_of_a_root_come_back);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
