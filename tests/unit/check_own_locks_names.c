/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "check_main.h"
#include "two_sessions.h"

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

static void *
move_to_and_fro(void *arg)
{
	const atomic_bool *is_over = arg;

	while (!atomic_load(is_over))
		if (mv(&bob, "/d", "/e") != STATUS_OK ||
		    mv(&bob, "/e", "/d") != STATUS_OK)
			return arg;
	return NULL;
}

/* A name that is read while it is replaced: sanitizers see that. */
START_TEST(names_may_change_while_a_lock_is_looked_for)
{
	atomic_bool is_over = false;
	pthread_t thread;
	void *failed;
	int i;

	store_mkdir(&store, "d");
	store_put(&store, "d/f", "f");
	ck_assert_int_eq(lock(&alice, "/d/f", RANGE_LOCK_EXCLUSIVE, ALL),
	    STATUS_OK);
	ck_assert_int_eq(pthread_create(&thread, NULL, move_to_and_fro,
	    &is_over), 0);
	for (i = 0; i < 500; i++)
		ck_assert_int_eq(unlock(&alice, "/no/such", ALL),
		    STATUS_NOT_FOUND);
	atomic_store(&is_over, true);
	ck_assert_int_eq(pthread_join(thread, &failed), 0);
	ck_assert_ptr_null(failed);
	ck_assert_int_eq(unlock(&alice, "/d/f", ALL), STATUS_OK);
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

int
main(void)
{
	const TTest *const tests[] = {
		a_lock_follows_the_name_that_is_replaced,
		the_old_file_stays_locked_while_it_has_another_name,
		a_lock_follows_a_move_over_the_name,
		locks_of_both_files_of_a_move_are_joined,
		a_move_that_cannot_take_the_lock_along_is_not_made,
		locks_go_along_with_a_folder,
		names_may_change_while_a_lock_is_looked_for,
		a_removed_file_is_locked_no_more,
		a_lock_on_a_file_moved_away_by_a_stranger_can_be_given_back,
		NULL
	};

	return check_main("own_locks_names", tests, sessions_open,
	    sessions_close);
}
