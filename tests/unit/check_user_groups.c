/* SPDX-License-Identifier: ISC */
/* Groups of users, and what their users have of them. */
#include "config.h"

#include <string.h>

#include "check_main.h"
#include "user_file.h"
#include "users_support.h"

#define ALICE "alice:" CHEAP_HASH ":"

static struct users *users;

static void
set_up(void)
{
	users = NULL;
}

static void
tear_down(void)
{
	users_unref(users);
}

static enum status
parse(const char *text)
{
	users_unref(users);
	return users_parse(&users, text, strlen(text), "F", NULL);
}

static const struct user *
find(const char *name)
{
	return users_find(users, name, strlen(name));
}

START_TEST(users_have_the_keys_of_their_groups_but_for_their_own)
{
	const struct user *u;

	ck_assert_int_eq(parse(ALICE "groups=@in+out,root=/a\n"
	    "bob:" CHEAP_HASH ":groups=out\n"
	    "@in::root=/in,rights=drop,quota_bytes=1K\n"
	    "@out::root=/out,rights=read,quota_bytes=2M,quota_files=7\n"),
	    STATUS_OK);
	u = find("alice");
	ck_assert_str_eq(u->root, "/a");
	ck_assert_uint_eq(u->rights, RIGHTS_DROP);
	ck_assert_uint_eq(u->quota_bytes, 1024);
	ck_assert_uint_eq(u->quota_files, 7);
	ck_assert(user_is_in(u, "in", 2) && user_is_in(u, "out", 3));
	ck_assert(!user_is_in(u, "ou", 2));
	u = find("bob");
	ck_assert_str_eq(u->root, "/out");
	ck_assert_uint_eq(u->rights, RIGHTS_READ);
	ck_assert_uint_eq(u->quota_bytes, 2 << 20);
	ck_assert(!user_is_in(u, "in", 2));
}
END_TEST

START_TEST(a_locked_group_locks_its_users)
{
	ck_assert_int_eq(parse(ALICE "groups=a,locked=no\n"
	    "@a::locked=yes\n"), STATUS_OK);
	ck_assert(find("alice")->locked);
}
END_TEST

START_TEST(a_group_is_no_user)
{
	ck_assert_int_eq(parse("@a::rights=full\n"), STATUS_OK);
	ck_assert_ptr_null(find("@a"));
	ck_assert_ptr_null(find("a"));
	ck_assert_ptr_nonnull(users_find_group(users, "a", 1));
	ck_assert_int_eq(users_login(users, find("@a"), "", 0),
	    STATUS_LOGIN_REFUSED);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		users_have_the_keys_of_their_groups_but_for_their_own,
		a_locked_group_locks_its_users,
		a_group_is_no_user,
		NULL
	};

	return check_main("user_groups", tests, set_up, tear_down);
}
