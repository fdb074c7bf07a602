/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change.h"
#include "check_main.h"
#include "own_hold.h"
#include "own_locks.h"
#include "store_support.h"

#define ALL 0, 0

static struct store store;
static struct lock_table *table;
static const struct change_terms none;

/* Two sessions of one server, each with names of its own. */
static struct session {
	struct own_locks *own;
	struct place	 place;
	struct names	*names;
} alice, bob;

static void
begin_session(struct session *session, const char *user, uint64_t number)
{
	session->own = own_locks_new(table, user, number);
	ck_assert_ptr_nonnull(session->own);
	session->place = store.place;
	session->place.own = session->own;
	ck_assert_int_eq(names_open(&session->names, store.base), STATUS_OK);
}

static void
end_session(struct session *session)
{
	if (session->own == NULL)
		return;
	own_locks_close(session->own);
	own_locks_unref(session->own);
	names_close(session->names);
	session->own = NULL;
}

static void
set_up(void)
{
	store_open(&store, DURABILITY_ASYNC);
	table = lock_table_new();
	ck_assert_ptr_nonnull(table);
	begin_session(&alice, "alice", 1);
	begin_session(&bob, "bob", 2);
	store_put(&store, "a", "0123456789");
}

static void
tear_down(void)
{
	end_session(&alice);
	end_session(&bob);
	lock_table_free(table);
	store_close(&store);
}

static enum status
lock(struct session *session, const char *path, enum range_lock_kind kind,
    uint64_t start, uint64_t length)
{
	const struct lock_wish wish = { kind, start, length };
	struct file_key key;

	return own_locks_lock(&session->place, path, &wish, &key);
}

static enum status
shared(struct session *session, uint64_t start, uint64_t length)
{
	return lock(session, "/a", RANGE_LOCK_SHARED, start, length);
}

static enum status
exclusive(struct session *session, uint64_t start, uint64_t length)
{
	return lock(session, "/a", RANGE_LOCK_EXCLUSIVE, start, length);
}

static enum status
unlock(struct session *session, const char *path, uint64_t start,
    uint64_t length)
{
	struct file_key key;

	return own_locks_unlock(&session->place, path, start, length, &key);
}

static enum status
rm(struct session *session, const char *path)
{
	return change_rm(&session->place, session->names, path, &none);
}

static enum status
mv(struct session *session, const char *path, const char *target)
{
	return change_mv(&session->place, session->names, path, target, &none);
}

static enum status
put(struct session *session, const char *path, const char *text)
{
	struct upload_plan plan = { .path = path, .has_size = true,
	    .size = strlen(text) };
	struct store as = store;

	as.place = session->place;
	as.names = session->names;
	return store_upload(&as, &plan, text);
}

/* What an operation does with a range of the file, and at once ends. */
static enum status
operate(struct session *session, const char *name, struct own_want want)
{
	struct own_hold hold = { 0 };
	char path[128];
	enum status st;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", store.path, name);
	ck_assert_int_ne(fd = open(path, O_RDWR | O_CLOEXEC), -1);
	st = own_hold_take(&hold, session->own, fd, &want, name);
	own_hold_release(&hold);
	close(fd);
	return st;
}

static enum status
read_part(struct session *session, uint64_t start, uint64_t length)
{
	return operate(session, "a",
	    (struct own_want){ RANGE_LOCK_SHARED, start, length, false });
}

static enum status
write_part(struct session *session, uint64_t start, uint64_t length)
{
	return operate(session, "a",
	    (struct own_want){ RANGE_LOCK_EXCLUSIVE, start, length, false });
}

/* What a local program would meet, by the type it asks for. */
static bool
local_may(short type, off_t start, off_t len)
{
	char path[128];
	struct flock ask = classic(type, start, len);
	int fd;

	snprintf(path, sizeof(path), "%s/a", store.path);
	ck_assert_int_ne(fd = open(path, O_RDWR | O_CLOEXEC), -1);
	/* The test's own classic lock: not of the sessions' descriptors. */
	ck_assert_int_eq(fcntl(fd, F_GETLK, &ask), 0);
	close(fd);
	return ask.l_type == F_UNLCK;
}

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

START_TEST(a_lock_follows_the_name_that_is_replaced)
{
	struct lock_seen *seen;
	size_t count;

	ck_assert_int_eq(exclusive(&alice, 0, 4), STATUS_OK);
	ck_assert_int_eq(put(&alice, "/a", "replaced"), STATUS_OK);
	ck_assert_int_eq(shared(&bob, 3, 1), STATUS_LOCKED);
	ck_assert_int_eq(shared(&bob, 4, 1), STATUS_OK);
	ck_assert_int_eq(unlock(&bob, "/a", ALL), STATUS_OK);
	ck_assert_int_eq(rm(&bob, "/a"), STATUS_LOCKED);
	ck_assert(!local_may(F_RDLCK, 0, 1));
	ck_assert(local_may(F_WRLCK, 4, 10));
	/* Again, now that the lock's own descriptor was the stage's. */
	ck_assert_int_eq(put(&alice, "/a", "again"), STATUS_OK);
	ck_assert_int_eq(put(&bob, "/a", "never"), STATUS_LOCKED);
	ck_assert_int_eq(own_locks_list(&alice.place, NULL, &seen, &count),
	    STATUS_OK);
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(seen[0].path, "/a");
	lock_table_forget(seen, count);
	ck_assert_int_eq(unlock(&alice, "/a", ALL), STATUS_OK);
	ck_assert_int_eq(put(&bob, "/a", "at last"), STATUS_OK);
}
END_TEST

START_TEST(the_old_file_stays_locked_while_it_has_another_name)
{
	char from[128], to[128];

	snprintf(from, sizeof(from), "%s/a", store.path);
	snprintf(to, sizeof(to), "%s/other", store.path);
	ck_assert_int_eq(link(from, to), 0);
	ck_assert_int_eq(exclusive(&alice, 0, 4), STATUS_OK);
	ck_assert_int_eq(put(&alice, "/a", "replaced"), STATUS_OK);
	ck_assert_int_eq(shared(&bob, 0, 4), STATUS_LOCKED);
	ck_assert_int_eq(lock(&bob, "/other", RANGE_LOCK_SHARED, 0, 4),
	    STATUS_LOCKED);
	ck_assert_int_eq(rm(&alice, "/other"), STATUS_OK);
	ck_assert_int_eq(unlock(&alice, "/a", ALL), STATUS_OK);
	ck_assert(!own_locks_any(alice.own));
}
END_TEST

START_TEST(a_lock_follows_a_move_over_the_name)
{
	store_put(&store, "b", "bbbb");
	ck_assert_int_eq(exclusive(&alice, 0, 4), STATUS_OK);
	ck_assert_int_eq(mv(&alice, "/b", "/a"), STATUS_OK);
	ck_assert(store_has(&store, "a", "bbbb"));
	ck_assert_int_eq(shared(&bob, 0, 1), STATUS_LOCKED);
	ck_assert_int_eq(shared(&bob, 4, 1), STATUS_OK);
	ck_assert_int_eq(unlock(&bob, "/a", ALL), STATUS_OK);
	ck_assert_int_eq(rm(&bob, "/a"), STATUS_LOCKED);
	ck_assert_int_eq(unlock(&alice, "/a", ALL), STATUS_OK);
	ck_assert_int_eq(rm(&bob, "/a"), STATUS_OK);
}
END_TEST

START_TEST(locks_of_both_files_of_a_move_are_joined)
{
	store_put(&store, "b", "bbbb");
	ck_assert_int_eq(exclusive(&alice, 0, 4), STATUS_OK);
	ck_assert_int_eq(lock(&alice, "/b", RANGE_LOCK_SHARED, 2, 8),
	    STATUS_OK);
	ck_assert_int_eq(mv(&alice, "/b", "/a"), STATUS_OK);
	ck_assert_int_eq(read_part(&bob, 0, 4), STATUS_LOCKED);
	ck_assert_int_eq(read_part(&bob, 4, 6), STATUS_OK);
	ck_assert_int_eq(write_part(&bob, 9, 1), STATUS_LOCKED);
	ck_assert_int_eq(write_part(&bob, 10, 1), STATUS_OK);
}
END_TEST

START_TEST(a_move_that_cannot_take_the_lock_along_is_not_made)
{
	struct holder holder;

	store_put(&store, "b", "bbbb");
	ck_assert_int_eq(exclusive(&alice, 0, 4), STATUS_OK);
	holder_begin(&holder, &store, "b", classic(F_RDLCK, 0, 1));
	ck_assert_int_eq(mv(&alice, "/b", "/a"), STATUS_LOCKED);
	holder_end(&holder);
	ck_assert(store_has(&store, "b", "bbbb"));
	/* And b is not locked by that, while a still is. */
	ck_assert_int_eq(lock(&bob, "/b", RANGE_LOCK_EXCLUSIVE, ALL),
	    STATUS_OK);
	ck_assert_int_eq(shared(&bob, 0, 4), STATUS_LOCKED);
}
END_TEST

START_TEST(locks_go_along_with_a_folder)
{
	struct lock_seen *seen;
	size_t count;

	store_mkdir(&store, "d");
	store_put(&store, "d/f", "f");
	ck_assert_int_eq(lock(&alice, "/d/f", RANGE_LOCK_EXCLUSIVE, ALL),
	    STATUS_OK);
	ck_assert_int_eq(mv(&bob, "/d", "/e"), STATUS_OK);
	ck_assert_int_eq(rm(&bob, "/e/f"), STATUS_LOCKED);
	ck_assert_int_eq(own_locks_list(&alice.place, NULL, &seen, &count),
	    STATUS_OK);
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(seen[0].path, "/e/f");
	lock_table_forget(seen, count);
	ck_assert_int_eq(unlock(&alice, "/e/f", ALL), STATUS_OK);
}
END_TEST

START_TEST(a_removed_file_is_locked_no_more)
{
	ck_assert_int_eq(exclusive(&alice, ALL), STATUS_OK);
	ck_assert_int_eq(rm(&alice, "/a"), STATUS_OK);
	ck_assert(!own_locks_any(alice.own));
	store_put(&store, "a", "another");
	ck_assert_int_eq(exclusive(&bob, ALL), STATUS_OK);
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
	const struct own_want want = { RANGE_LOCK_SHARED, 0, 4, false };
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

START_TEST(a_lock_on_a_file_moved_away_by_a_stranger_can_be_given_back)
{
	char from[128], to[128];

	snprintf(from, sizeof(from), "%s/a", store.path);
	snprintf(to, sizeof(to), "%s/away", store.path);
	ck_assert_int_eq(exclusive(&alice, ALL), STATUS_OK);
	ck_assert_int_eq(rename(from, to), 0);
	ck_assert_int_eq(unlock(&alice, "/a", ALL), STATUS_OK);
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
		a_lock_follows_the_name_that_is_replaced,
		the_old_file_stays_locked_while_it_has_another_name,
		a_lock_follows_a_move_over_the_name,
		locks_of_both_files_of_a_move_are_joined,
		a_move_that_cannot_take_the_lock_along_is_not_made,
		locks_go_along_with_a_folder,
		a_removed_file_is_locked_no_more,
		all_is_given_back_with_the_session,
		nothing_can_be_locked_behind_the_end,
		what_is_unlocked_stays_while_an_operation_needs_it,
		ranges_are_split_joined_and_bounded,
		a_file_bears_so_many_ranges_and_no_more,
		local_programs_and_sessions_respect_each_other,
		what_was_not_locked_cannot_be_unlocked,
		a_lock_on_a_file_moved_away_by_a_stranger_can_be_given_back,
		folders_and_what_is_missing_cannot_be_locked,
		NULL
	};

	return check_main("own_locks", tests, set_up, tear_down);
}
