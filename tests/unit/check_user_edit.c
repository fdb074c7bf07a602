/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/wait.h>

#include <pthread.h>
#include <stdint.h>

#include "user_edit.h"
#include "users_support.h"

#define ALICE "alice:" CHEAP_HASH ":future=1,root=/a\n"
#define BOB "bob:" CHEAP_HASH ":\n"
#define OTHER_HASH "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$" \
    "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
#define FOREIGN_HASH "$6$abcdefgh$" \
    "M/eYsB4rVXAm3ZNc88J.UD9rCKAT6FB1rahiwJCHtEndQN" \
    "ORCub5qhjxn50qbqVVthkM.9HpEwtf0t.iV9uH0/"

static struct user_edit *edit;
static char content[1 << 20];

static const char *
file_text(void)
{
	FILE *file = fopen(users_path, "r");
	size_t n;

	ck_assert_ptr_nonnull(file);
	n = fread(content, 1, sizeof(content) - 1, file);
	fclose(file);
	content[n] = '\0';
	return content;
}

static bool
exists(const char *suffix)
{
	char path[100];

	snprintf(path, sizeof(path), "%s%s", users_path, suffix);
	return access(path, F_OK) == 0;
}

static void
begin(void)
{
	ck_assert_int_eq(user_edit_begin(&edit, users_path, false, 0),
	    STATUS_OK);
}

static const struct user *
find(const char *name)
{
	return users_find(user_edit_users(edit), name, strlen(name));
}

START_TEST(a_line_is_replaced_and_all_else_stays)
{
	put_text(users_path, "# who\n" ALICE "\n" BOB "# end\n", 0600);
	begin();
	ck_assert_int_eq(user_edit_replace(edit, find("alice"),
	    "alice:" OTHER_HASH ":\n"), STATUS_OK);
	ck_assert_str_eq(find("alice")->hash, OTHER_HASH);
	ck_assert_int_eq(user_edit_commit(edit), STATUS_OK);
	ck_assert_str_eq(file_text(),
	    "# who\nalice:" OTHER_HASH ":\n\n" BOB "# end\n");
	ck_assert(!exists(".new"));
}
END_TEST

START_TEST(lines_are_added_and_removed)
{
	put_text(users_path, ALICE, 0600);
	begin();
	ck_assert_int_eq(user_edit_replace(edit, NULL, BOB), STATUS_OK);
	ck_assert_int_eq(user_edit_replace(edit, find("alice"), ""),
	    STATUS_OK);
	ck_assert_ptr_null(find("alice"));
	ck_assert_int_eq(user_edit_commit(edit), STATUS_OK);
	ck_assert_str_eq(file_text(), BOB);
}
END_TEST

START_TEST(an_abort_changes_nothing)
{
	put_text(users_path, ALICE, 0600);
	begin();
	ck_assert_int_eq(user_edit_replace(edit, NULL, BOB), STATUS_OK);
	user_edit_abort(edit);
	ck_assert_str_eq(file_text(), ALICE);
	user_edit_abort(NULL);
}
END_TEST

START_TEST(what_the_server_would_refuse_is_not_taken)
{
	put_text(users_path, ALICE, 0600);
	begin();
	ck_assert_int_eq(user_edit_replace(edit, NULL, ALICE), STATUS_EXISTS);
	ck_assert_int_eq(user_edit_replace(edit, NULL, "bob\n"),
	    STATUS_CONFIG);
	ck_assert_int_eq(user_edit_replace(edit, NULL, "bob:" CHEAP_HASH),
	    STATUS_CONFIG);
	ck_assert_int_eq(user_edit_commit(edit), STATUS_OK);
	ck_assert_str_eq(file_text(), ALICE);
}
END_TEST

START_TEST(owner_and_mode_are_kept)
{
	struct stat sb;

	put_text(users_path, ALICE, 0440);
	if (geteuid() == 0)
		ck_assert_int_eq(chown(users_path, 12345, 54321), 0);
	begin();
	ck_assert_int_eq(user_edit_replace(edit, NULL, BOB), STATUS_OK);
	ck_assert_int_eq(user_edit_commit(edit), STATUS_OK);
	ck_assert_int_eq(stat(users_path, &sb), 0);
	ck_assert_int_eq(sb.st_mode & 07777, 0440);
	ck_assert_uint_eq(sb.st_uid, geteuid() == 0 ? 12345 : geteuid());
	ck_assert_uint_eq(sb.st_gid, geteuid() == 0 ? 54321 : getegid());
}
END_TEST

START_TEST(a_missing_file_is_made_only_if_asked_for)
{
	struct stat sb;

	ck_assert_int_eq(user_edit_begin(&edit, users_path, false, 0),
	    STATUS_NOT_FOUND);
	ck_assert_ptr_null(edit);
	umask(077);
	ck_assert_int_eq(user_edit_begin(&edit, users_path, true, 0),
	    STATUS_OK);
	ck_assert_int_eq(user_edit_replace(edit, NULL, BOB), STATUS_OK);
	ck_assert_int_eq(user_edit_commit(edit), STATUS_OK);
	ck_assert_int_eq(stat(users_path, &sb), 0);
	ck_assert_int_eq(sb.st_mode & 07777, 0640);
	ck_assert_ptr_nonnull(strstr(file_text(), BOB));
}
END_TEST

START_TEST(the_file_behind_a_link_is_changed_and_the_link_stays)
{
	char target[100];
	struct stat sb;

	snprintf(target, sizeof(target), "%s/real", folder);
	put_text(target, ALICE, 0600);
	ck_assert_int_eq(symlink("real", users_path), 0);
	begin();
	ck_assert_int_eq(user_edit_replace(edit, NULL, BOB), STATUS_OK);
	ck_assert_int_eq(user_edit_commit(edit), STATUS_OK);
	ck_assert_int_eq(lstat(users_path, &sb), 0);
	ck_assert(S_ISLNK(sb.st_mode));
	ck_assert_str_eq(file_text(), ALICE BOB);
}
END_TEST

START_TEST(a_second_editor_waits_and_then_gives_up)
{
	struct user_edit *second;

	put_text(users_path, ALICE, 0600);
	begin();
	ck_assert_int_eq(user_edit_begin(&second, users_path, false, 30),
	    STATUS_LOCKED);
	ck_assert_ptr_null(second);
	user_edit_abort(edit);
	ck_assert_int_eq(user_edit_begin(&second, users_path, false, 0),
	    STATUS_OK);
	user_edit_abort(second);
}
END_TEST

START_TEST(a_change_that_took_no_lock_is_not_overwritten)
{
	put_text(users_path, ALICE, 0600);
	begin();
	ck_assert_int_eq(user_edit_replace(edit, NULL, BOB), STATUS_OK);
	put_text(users_path, "# an editor was here\n" ALICE, 0600);
	ck_assert_int_eq(user_edit_commit(edit), STATUS_CHANGED);
	ck_assert_str_eq(file_text(), "# an editor was here\n" ALICE);
	ck_assert(!exists(".new"));
}
END_TEST

START_TEST(what_a_crash_left_behind_is_no_hindrance)
{
	char stage[100];

	snprintf(stage, sizeof(stage), "%s.new", users_path);
	put_text(stage, "half", 0400);
	put_text(users_path, ALICE, 0600);
	begin();
	ck_assert_int_eq(user_edit_replace(edit, NULL, BOB), STATUS_OK);
	ck_assert_int_eq(user_edit_commit(edit), STATUS_OK);
	ck_assert_str_eq(file_text(), ALICE BOB);
}
END_TEST

#define ADDED 20	/* by each of four threads in two processes */

static void *
add_users(void *first)
{
	char line[300];
	struct user_edit *mine;
	size_t i;

	for (i = 0; i < ADDED; i++) {
		snprintf(line, sizeof(line), "u%d:" CHEAP_HASH ":\n",
		    *(int *)first + (int)i);
		if (user_edit_begin(&mine, users_path, true, 30000) !=
		    STATUS_OK)
			return first;
		if (user_edit_replace(mine, NULL, line) != STATUS_OK ||
		    user_edit_commit(mine) != STATUS_OK)
			return first;
	}
	return NULL;
}

static int
add_in_two_threads(int from)
{
	int first[2] = { from, from + ADDED };
	pthread_t thread;
	void *failed;

	if (pthread_create(&thread, NULL, add_users, &first[0]) != 0)
		return 1;
	if (add_users(&first[1]) != NULL)
		return 1;
	pthread_join(thread, &failed);
	return failed != NULL;
}

START_TEST(no_edit_of_many_editors_is_lost)
{
	struct users *users;
	pid_t child = fork();
	char name[16];
	int how, i;

	ck_assert_int_ne(child, -1);
	if (child == 0)
		_exit(add_in_two_threads(2 * ADDED));
	ck_assert_int_eq(add_in_two_threads(0), 0);
	ck_assert_int_eq(waitpid(child, &how, 0), child);
	ck_assert(WIFEXITED(how) && WEXITSTATUS(how) == 0);
	ck_assert_int_eq(users_read(&users, users_path, NULL), STATUS_OK);
	ck_assert_uint_eq(users_count(users), 4 * ADDED);
	for (i = 0; i < 4 * ADDED; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		ck_assert_ptr_nonnull(users_find(users, name, strlen(name)));
	}
	users_unref(users);
}
END_TEST

static enum status
renew(const char *name, const uint8_t *digest)
{
	return user_edit_renew_hash(&(struct user_renewal){
	    .path = users_path, .name = name, .digest = digest,
	    .hash = OTHER_HASH });
}

START_TEST(a_hash_is_renewed_and_nothing_else)
{
	struct users *users;

	put_text(users_path, "#\nalice:" FOREIGN_HASH ":future=1,root=/a\n"
	    BOB, 0600);
	ck_assert_int_eq(users_read(&users, users_path, NULL), STATUS_OK);
	ck_assert_int_eq(renew("alice", users_at(users, 0)->digest),
	    STATUS_OK);
	ck_assert_str_eq(file_text(),
	    "#\nalice:" OTHER_HASH ":future=1,root=/a\n" BOB);
	users_unref(users);
}
END_TEST

START_TEST(a_hash_that_is_ours_already_is_not_renewed)
{
	struct users *users;

	put_text(users_path, ALICE, 0600);
	ck_assert_int_eq(users_read(&users, users_path, NULL), STATUS_OK);
	ck_assert_int_eq(renew("alice", users_at(users, 0)->digest),
	    STATUS_NOT_PERMITTED);
	ck_assert_str_eq(file_text(), ALICE);
	users_unref(users);
}
END_TEST

START_TEST(a_line_that_was_changed_since_is_not_renewed)
{
	const char *changed = "alice:" CHEAP_HASH ":locked=yes\n" BOB;
	struct users *users;

	put_text(users_path, ALICE BOB, 0600);
	ck_assert_int_eq(users_read(&users, users_path, NULL), STATUS_OK);
	put_text(users_path, changed, 0600);
	ck_assert_int_eq(renew("alice", users_at(users, 0)->digest),
	    STATUS_CHANGED);
	ck_assert_int_eq(renew("carl", users_at(users, 0)->digest),
	    STATUS_CHANGED);
	ck_assert_str_eq(file_text(), changed);
	users_unref(users);
}
END_TEST

START_TEST(where_nothing_can_be_made_the_file_stays)
{
	char stage[100];

	put_text(users_path, ALICE, 0600);
	snprintf(stage, sizeof(stage), "%s.new", users_path);
	ck_assert_int_eq(mkdir(stage, 0700), 0);
	begin();
	ck_assert_int_eq(user_edit_replace(edit, NULL, BOB), STATUS_OK);
	ck_assert_int_ne(user_edit_commit(edit), STATUS_OK);
	ck_assert_str_eq(file_text(), ALICE);
	ck_assert_int_eq(user_edit_begin(&edit, "/nonexistent/users", true,
	    0), STATUS_NOT_FOUND);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("user_edit");
	TCase *tc = tcase_create("user_edit");

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, make_folder, remove_folder);
	tcase_add_test(tc, a_line_is_replaced_and_all_else_stays);
	tcase_add_test(tc, lines_are_added_and_removed);
	tcase_add_test(tc, an_abort_changes_nothing);
	tcase_add_test(tc, what_the_server_would_refuse_is_not_taken);
	tcase_add_test(tc, owner_and_mode_are_kept);
	tcase_add_test(tc, a_missing_file_is_made_only_if_asked_for);
	tcase_add_test(tc,
	    the_file_behind_a_link_is_changed_and_the_link_stays);
	tcase_add_test(tc, a_second_editor_waits_and_then_gives_up);
	tcase_add_test(tc, a_change_that_took_no_lock_is_not_overwritten);
	tcase_add_test(tc, what_a_crash_left_behind_is_no_hindrance);
	tcase_add_test(tc, no_edit_of_many_editors_is_lost);
	tcase_add_test(tc, a_hash_is_renewed_and_nothing_else);
	tcase_add_test(tc, a_hash_that_is_ours_already_is_not_renewed);
	tcase_add_test(tc, a_line_that_was_changed_since_is_not_renewed);
	tcase_add_test(tc, where_nothing_can_be_made_the_file_stays);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
