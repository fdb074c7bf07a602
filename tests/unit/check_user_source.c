/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/time.h>

#include "user_source.h"
#include "users_support.h"

#define ALICE "alice:" CHEAP_HASH ":\n"
#define BOB "bob:" CHEAP_HASH ":\n"

static struct user_source *source;
static int reports, errors;
static char last[512];

static void
note(void *ctx, enum status st, const char *text)
{
	(void)ctx;
	reports++;
	errors += st != STATUS_OK;
	snprintf(last, sizeof(last), "%s", text);
}

static const struct user_source_report report = { .tell = note };

static void
setup(void)
{
	make_folder();
	put_text(users_path, ALICE, 0600);
	ck_assert_int_eq(user_source_new(&source, users_path, &report),
	    STATUS_OK);
	ck_assert_int_eq(reports, 1);
}

static void
teardown(void)
{
	user_source_free(source);
	source = NULL;
	remove_folder();
}

/* As careful programs do it: whole, and by a rename. */
static void
replace_file(const char *text, mode_t mode)
{
	char stage[100];

	snprintf(stage, sizeof(stage), "%s.x", users_path);
	put_text(stage, text, mode);
	ck_assert_int_eq(rename(stage, users_path), 0);
}

static bool
is_user(const char *name)
{
	struct users *users = user_source_get(source);
	bool is_there = users_find(users, name, strlen(name)) != NULL;

	users_unref(users);
	return is_there;
}

/* So that what was written is no longer read again for being young. */
static void
make_old(void)
{
	struct timespec moment = { .tv_nsec = 5000000 }, now;
	struct users *users;
	struct stat sb;
	long age;

	do {
		nanosleep(&moment, NULL);
		ck_assert_int_eq(stat(users_path, &sb), 0);
		clock_gettime(CLOCK_REALTIME, &now);
		age = (now.tv_sec - sb.st_ctim.tv_sec) * 1000;
		age += (now.tv_nsec - sb.st_ctim.tv_nsec) / 1000000;
	} while (age < 50);
	users = user_source_get(source);
	users_unref(users);
}

START_TEST(a_change_is_seen_at_the_next_request)
{
	ck_assert(is_user("alice"));
	replace_file(ALICE BOB, 0600);
	ck_assert(is_user("bob"));
	replace_file(BOB, 0600);
	ck_assert(!is_user("alice"));
	make_old();
	replace_file(ALICE, 0600);
	ck_assert(is_user("alice"));
	ck_assert_int_eq(errors, 0);
	ck_assert_int_eq(reports, 4);
}
END_TEST

START_TEST(a_change_in_place_within_a_tick_of_the_clock_is_seen)
{
	int i;

	/* Same inode, same size, and often the same times. */
	for (i = 0; i < 100; i++) {
		put_text(users_path, "bob12:" CHEAP_HASH ":\n", 0600);
		ck_assert(is_user("bob12"));
		put_text(users_path, "bob34:" CHEAP_HASH ":\n", 0600);
		ck_assert(is_user("bob34"));
	}
}
END_TEST

START_TEST(a_file_that_is_the_same_is_not_read_again)
{
	struct users *one, *other;

	make_old();
	one = user_source_get(source);
	other = user_source_get(source);
	ck_assert_ptr_eq(one, other);
	users_unref(other);
	ck_assert_int_eq(utimes(users_path, NULL), 0);
	other = user_source_get(source);
	ck_assert_ptr_eq(one, other);
	users_unref(other);
	users_unref(one);
	ck_assert_int_eq(reports, 1);
}
END_TEST

START_TEST(a_table_lives_as_long_as_it_is_held)
{
	struct users *old = user_source_get(source);

	replace_file(BOB, 0600);
	ck_assert(!is_user("alice"));
	ck_assert_ptr_nonnull(users_find(old, "alice", 5));
	user_source_free(source);
	source = NULL;
	ck_assert_str_eq(users_at(old, 0)->name, "alice");
	users_unref(old);
}
END_TEST

static const struct {
	const char	*text;
	mode_t		 mode;
	const char	*says;
} broken[] = {
	{ "bob\n", 0600, "/users:1: `:` is missing" },
	{ ALICE "bob:$argon2id$v", 0600, "/users:2: the last line" },
	{ ALICE, 0644, "chmod 640" },
	{ ALICE ALICE, 0600, "/users:2: the user alice" },
};

START_TEST(a_broken_file_leaves_the_users_and_is_reported_once)
{
	int i;

	replace_file(broken[_i].text, broken[_i].mode);
	for (i = 0; i < 3; i++)
		ck_assert(is_user("alice"));
	make_old();
	ck_assert(is_user("alice"));
	ck_assert_int_eq(errors, 1);
	ck_assert_msg(strstr(last, broken[_i].says) != NULL, "%s", last);
	/* Another fault is another report; then all is well again. */
	replace_file("carl\n", 0600);
	ck_assert(is_user("alice"));
	ck_assert_int_eq(errors, 2);
	replace_file(BOB, 0600);
	ck_assert(is_user("bob"));
	ck_assert(!is_user("alice"));
	ck_assert_int_eq(errors, 2);
}
END_TEST

START_TEST(a_missing_file_leaves_the_users_and_is_reported_once)
{
	ck_assert_int_eq(unlink(users_path), 0);
	ck_assert(is_user("alice"));
	ck_assert(is_user("alice"));
	ck_assert_int_eq(errors, 1);
	replace_file(BOB, 0600);
	ck_assert(!is_user("alice"));
	ck_assert_int_eq(errors, 1);
}
END_TEST

START_TEST(at_the_start_the_file_must_be_there_and_whole)
{
	struct user_source *other;

	ck_assert_int_eq(user_source_new(&other, "/nonexistent/users",
	    &report), STATUS_NOT_FOUND);
	ck_assert_ptr_null(other);
	replace_file("bob\n", 0600);
	ck_assert_int_eq(user_source_new(&other, users_path, &report),
	    STATUS_CONFIG);
	ck_assert_ptr_null(other);
	ck_assert_int_eq(reports, 1);
}
END_TEST

static atomic_bool is_over;

static void *
keep_asking(void *failures)
{
	struct users *users;

	while (!atomic_load(&is_over)) {
		users = user_source_get(source);
		/* Each table is a whole one: alice or bob, never none. */
		if (users_count(users) != 1)
			atomic_fetch_add((atomic_int *)failures, 1);
		if (users_find(users, "alice", 5) == NULL &&
		    users_find(users, "bob", 3) == NULL)
			atomic_fetch_add((atomic_int *)failures, 1);
		users_unref(users);
	}
	return NULL;
}

START_TEST(many_threads_ask_while_the_file_is_replaced)
{
	pthread_t threads[4];
	atomic_int failures = 0;
	size_t i;

	for (i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, keep_asking,
		    &failures), 0);
	for (i = 0; i < 300; i++)
		replace_file(i % 2 == 0 ? ALICE : BOB, 0600);
	atomic_store(&is_over, true);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(atomic_load(&failures), 0);
	ck_assert(is_user("bob"));
	ck_assert_int_eq(errors, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("user_source");
	TCase *tc = tcase_create("user_source");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_change_is_seen_at_the_next_request);
	tcase_add_test(tc,
	    a_change_in_place_within_a_tick_of_the_clock_is_seen);
	tcase_add_test(tc, a_file_that_is_the_same_is_not_read_again);
	tcase_add_test(tc, a_table_lives_as_long_as_it_is_held);
	tcase_add_loop_test(tc,
	    a_broken_file_leaves_the_users_and_is_reported_once, 0,
	    (int)(sizeof(broken) / sizeof(broken[0])));
	tcase_add_test(tc,
	    a_missing_file_leaves_the_users_and_is_reported_once);
	tcase_add_test(tc, at_the_start_the_file_must_be_there_and_whole);
	tcase_add_test(tc, many_threads_ask_while_the_file_is_replaced);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
