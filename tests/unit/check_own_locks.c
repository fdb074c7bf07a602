/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check_main.h"
#include "two_sessions.h"

START_TEST(two_sessions_exclude_each_other)
{
	ck_assert_int_eq(exclusive(&alice, 0, 5), STATUS_OK);
	ck_assert_int_eq(shared(&bob, 4, 1), STATUS_LOCKED);
	ck_assert_int_eq(exclusive(&bob, 5, 5), STATUS_OK);
	ck_assert_int_eq(unlock(&alice, "/a", ALL), STATUS_OK);
	ck_assert_int_eq(shared(&bob, 0, 5), STATUS_OK);
	ck_assert_int_eq(shared(&alice, 0, 5), STATUS_OK);
}
END_TEST

START_TEST(a_conflict_names_the_holder)
{
	ck_assert_int_eq(exclusive(&alice, ALL), STATUS_OK);
	ck_assert_int_eq(shared(&bob, ALL), STATUS_LOCKED);
	ck_assert_str_eq(status_text(STATUS_LOCKED),
	    "/a: locked by alice (session 1)");
	ck_assert_int_eq(rm(&bob, "/a"), STATUS_LOCKED);
	ck_assert_ptr_nonnull(strstr(status_text(STATUS_LOCKED),
	    "alice (session 1)"));
}
END_TEST

START_TEST(strangers_are_not_named)
{
	struct holder holder;

	holder_begin(&holder, &store, "a", classic(F_WRLCK, 0, 0));
	ck_assert_int_eq(shared(&bob, ALL), STATUS_LOCKED);
	ck_assert_str_eq(status_text(STATUS_LOCKED),
	    "/a: locked by somebody else");
	holder_end(&holder);
}
END_TEST

START_TEST(a_lock_holds_up_replacing_and_reading_does_not)
{
	ck_assert_int_eq(shared(&alice, 0, 1), STATUS_OK);
	ck_assert_int_eq(put(&bob, "/a", "new"), STATUS_LOCKED);
	ck_assert_int_eq(rm(&bob, "/a"), STATUS_LOCKED);
	ck_assert_int_eq(mv(&bob, "/a", "/b"), STATUS_LOCKED);
	store_put(&store, "c", "c");
	ck_assert_int_eq(mv(&bob, "/c", "/a"), STATUS_LOCKED);
	ck_assert_int_eq(read_part(&bob, ALL), STATUS_OK);
	ck_assert_int_eq(unlock(&alice, "/a", ALL), STATUS_OK);
	ck_assert_int_eq(put(&bob, "/a", "new"), STATUS_OK);
}
END_TEST

START_TEST(own_locks_are_never_in_the_way)
{
	ck_assert_int_eq(shared(&alice, 2, 3), STATUS_OK);
	ck_assert_int_eq(exclusive(&alice, 6, 2), STATUS_OK);
	ck_assert_int_eq(read_part(&alice, ALL), STATUS_OK);
	ck_assert_int_eq(write_part(&alice, ALL), STATUS_OK);
	/* And nothing was weakened or dropped by that. */
	ck_assert_int_eq(read_part(&bob, 6, 2), STATUS_LOCKED);
	ck_assert_int_eq(read_part(&bob, 2, 3), STATUS_OK);
	ck_assert_int_eq(write_part(&bob, 2, 3), STATUS_LOCKED);
	ck_assert_int_eq(write_part(&bob, 0, 2), STATUS_OK);
	ck_assert_int_eq(write_part(&bob, 5, 1), STATUS_OK);
	ck_assert_int_eq(rm(&bob, "/a"), STATUS_LOCKED);
	ck_assert_int_eq(put(&alice, "/a", "new"), STATUS_OK);
	ck_assert_int_eq(mv(&alice, "/a", "/b"), STATUS_OK);
	ck_assert_int_eq(rm(&alice, "/b"), STATUS_OK);
}
END_TEST

START_TEST(raising_an_own_lock_respects_others)
{
	ck_assert_int_eq(shared(&alice, 0, 5), STATUS_OK);
	ck_assert_int_eq(shared(&bob, 0, 5), STATUS_OK);
	ck_assert_int_eq(write_part(&alice, 0, 5), STATUS_LOCKED);
	ck_assert_int_eq(exclusive(&alice, 0, 5), STATUS_LOCKED);
	ck_assert_int_eq(put(&alice, "/a", "new"), STATUS_LOCKED);
	/* What alice had she still has. */
	ck_assert_int_eq(unlock(&bob, "/a", ALL), STATUS_OK);
	ck_assert_int_eq(exclusive(&bob, 0, 1), STATUS_LOCKED);
	ck_assert_int_eq(exclusive(&alice, 0, 5), STATUS_OK);
	ck_assert_int_eq(shared(&bob, 0, 1), STATUS_LOCKED);
	ck_assert_int_eq(shared(&alice, 0, 5), STATUS_OK);
	ck_assert_int_eq(shared(&bob, 0, 1), STATUS_OK);
}
END_TEST

START_TEST(all_is_given_back_with_the_session)
{
	ck_assert_int_eq(exclusive(&alice, ALL), STATUS_OK);
	end_session(&alice);
	ck_assert_int_eq(exclusive(&bob, ALL), STATUS_OK);
}
END_TEST

START_TEST(nothing_can_be_locked_behind_the_end)
{
	own_locks_close(alice.own);
	ck_assert_int_eq(exclusive(&alice, ALL), STATUS_CANCELLED);
	ck_assert_int_eq(exclusive(&bob, ALL), STATUS_OK);
}
END_TEST

START_TEST(what_is_unlocked_stays_while_an_operation_needs_it)
{
	const struct own_want want = { RANGE_LOCK_SHARED, 0, 4, false, false };
	struct own_hold hold = { 0 };
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/a", store.path);
	ck_assert_int_ne(fd = open(path, O_RDONLY | O_CLOEXEC), -1);
	ck_assert_int_eq(exclusive(&alice, ALL), STATUS_OK);
	ck_assert_int_eq(own_hold_take(&hold, alice.own, fd, &want, "/a"),
	    STATUS_OK);
	ck_assert_int_eq(unlock(&alice, "/a", ALL), STATUS_OK);
	ck_assert_int_eq(write_part(&bob, 0, 4), STATUS_LOCKED);
	ck_assert_int_eq(write_part(&bob, 4, 0), STATUS_OK);
	own_hold_release(&hold);
	close(fd);
	ck_assert_int_eq(write_part(&bob, ALL), STATUS_OK);
}
END_TEST

START_TEST(ranges_are_split_joined_and_bounded)
{
	uint64_t i;

	for (i = 0; i < OWN_LOCKS_RANGES_MOST; i++)
		ck_assert_int_eq(shared(&alice, i * 2, 1), STATUS_OK);
	ck_assert_int_eq(shared(&alice, i * 2, 1), STATUS_TOO_LARGE);
	ck_assert_int_eq(write_part(&bob, i * 2, 1), STATUS_OK);
	/* To split one is too much as well; to join them is not. */
	ck_assert_int_eq(shared(&alice, 0, i * 2), STATUS_OK);
	ck_assert_int_eq(unlock(&alice, "/a", 1, 1), STATUS_OK);
	ck_assert_int_eq(write_part(&bob, 1, 1), STATUS_OK);
	ck_assert_int_eq(write_part(&bob, 2, 1), STATUS_LOCKED);
}
END_TEST

START_TEST(a_file_bears_so_many_ranges_and_no_more)
{
	struct session many[5];
	uint64_t i, at = 0;
	size_t s;

	for (s = 0; s < 5; s++)
		begin_session(&many[s], "many", 10 + s);
	for (s = 0; s < 4; s++)
		for (i = 0; i < OWN_LOCKS_RANGES_MOST; i++, at += 2)
			ck_assert_int_eq(exclusive(&many[s], at, 1),
			    STATUS_OK);
	ck_assert_int_eq(exclusive(&many[4], at, 1), STATUS_BUSY);
	ck_assert(!own_locks_any(many[4].own));
	ck_assert_int_eq(unlock(&many[0], "/a", 0, 1), STATUS_OK);
	ck_assert_int_eq(exclusive(&many[4], at, 1), STATUS_OK);
	for (s = 0; s < 5; s++)
		end_session(&many[s]);
}
END_TEST

START_TEST(local_programs_and_sessions_respect_each_other)
{
	struct holder holder;

	holder_begin(&holder, &store, "a", classic(F_RDLCK, 0, 5));
	ck_assert_int_eq(exclusive(&alice, 0, 5), STATUS_LOCKED);
	ck_assert_int_eq(write_part(&alice, 4, 1), STATUS_LOCKED);
	ck_assert_int_eq(shared(&alice, 0, 5), STATUS_OK);
	ck_assert_int_eq(exclusive(&alice, 5, 5), STATUS_OK);
	/* A shared lock on a part holds up no replacement. */
	ck_assert_int_eq(put(&alice, "/a", "x"), STATUS_OK);
	holder_end(&holder);
	ck_assert(local_may(F_RDLCK, 0, 5));
	ck_assert(!local_may(F_WRLCK, 4, 1));
	ck_assert(!local_may(F_RDLCK, 5, 5));
	ck_assert(local_may(F_WRLCK, 10, 5));
	holder_begin(&holder, &store, "a", classic(F_WRLCK, 10, 5));
	ck_assert_int_eq(put(&alice, "/a", "y"), STATUS_LOCKED);
	holder_end(&holder);
	ck_assert_int_eq(put(&alice, "/a", "y"), STATUS_OK);
}
END_TEST

START_TEST(what_was_not_locked_cannot_be_unlocked)
{
	ck_assert_int_eq(unlock(&alice, "/a", ALL), STATUS_NOT_FOUND);
	ck_assert_int_eq(shared(&alice, 5, 5), STATUS_OK);
	ck_assert_int_eq(unlock(&alice, "/a", 0, 5), STATUS_NOT_FOUND);
	ck_assert_int_eq(unlock(&alice, "/a", 0, 6), STATUS_OK);
	ck_assert_int_eq(unlock(&alice, "/a", 6, 0), STATUS_OK);
	ck_assert(!own_locks_any(alice.own));
}
END_TEST

START_TEST(folders_and_what_is_missing_cannot_be_locked)
{
	store_mkdir(&store, "d");
	ck_assert_int_eq(lock(&alice, "/d", RANGE_LOCK_SHARED, ALL),
	    STATUS_IS_A_FOLDER);
	ck_assert_int_eq(lock(&alice, "/no", RANGE_LOCK_SHARED, ALL),
	    STATUS_NOT_FOUND);
	ck_assert_int_eq(shared(&alice, RANGE_LOCK_END, 1),
	    STATUS_BAD_REQUEST);
	ck_assert_int_eq(shared(&alice, 5, UINT64_MAX), STATUS_OK);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		two_sessions_exclude_each_other,
		a_conflict_names_the_holder,
		strangers_are_not_named,
		a_lock_holds_up_replacing_and_reading_does_not,
		own_locks_are_never_in_the_way,
		raising_an_own_lock_respects_others,
		all_is_given_back_with_the_session,
		nothing_can_be_locked_behind_the_end,
		what_is_unlocked_stays_while_an_operation_needs_it,
		ranges_are_split_joined_and_bounded,
		a_file_bears_so_many_ranges_and_no_more,
		local_programs_and_sessions_respect_each_other,
		what_was_not_locked_cannot_be_unlocked,
		folders_and_what_is_missing_cannot_be_locked,
		NULL
	};

	return check_main("own_locks", tests, sessions_open, sessions_close);
}
