/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <fcntl.h>
#include <unistd.h>

#include "check_main.h"
#include "range_lock.h"
#include "store_support.h"

static struct store store;
static int mine, other;		/* two opens of one file */

static int
open_file(int flags)
{
	int fd = openat(base_fd(store.base), "f", flags | O_CLOEXEC);

	ck_assert_int_ne(fd, -1);
	return fd;
}

static void
set_up(void)
{
	store_open(&store, DURABILITY_ASYNC);
	store_put(&store, "f", "0123456789");
	mine = open_file(O_RDWR);
	other = open_file(O_RDWR);
}

static void
tear_down(void)
{
	close(mine);
	close(other);
	store_close(&store);
}

START_TEST(two_opens_of_one_process_exclude_each_other)
{
	ck_assert_int_eq(range_lock(mine, RANGE_LOCK_EXCLUSIVE, 0, 5),
	    STATUS_OK);
	ck_assert_int_eq(range_lock(other, RANGE_LOCK_SHARED, 4, 1),
	    STATUS_LOCKED);
	ck_assert_int_eq(range_lock(other, RANGE_LOCK_SHARED, 5, 1),
	    STATUS_OK);
	ck_assert_int_eq(range_lock(mine, RANGE_LOCK_NONE, 0, 0), STATUS_OK);
	ck_assert_int_eq(range_lock(other, RANGE_LOCK_EXCLUSIVE, 4, 1),
	    STATUS_OK);
}
END_TEST

START_TEST(shared_locks_go_together)
{
	ck_assert_int_eq(range_lock(mine, RANGE_LOCK_SHARED, 0, 0),
	    STATUS_OK);
	ck_assert_int_eq(range_lock(other, RANGE_LOCK_SHARED, 0, 0),
	    STATUS_OK);
	ck_assert_int_eq(range_lock(other, RANGE_LOCK_EXCLUSIVE, 0, 1),
	    STATUS_LOCKED);
}
END_TEST

START_TEST(the_guard_is_no_byte_of_a_user)
{
	ck_assert_int_eq(range_lock_guard(mine, RANGE_LOCK_EXCLUSIVE),
	    STATUS_OK);
	ck_assert_int_eq(range_lock(other, RANGE_LOCK_EXCLUSIVE, 0, 0),
	    STATUS_OK);
	ck_assert_int_eq(range_lock_guard(other, RANGE_LOCK_SHARED),
	    STATUS_LOCKED);
	ck_assert_int_eq(range_lock_guard(mine, RANGE_LOCK_NONE), STATUS_OK);
	ck_assert_int_eq(range_lock_guard(other, RANGE_LOCK_SHARED),
	    STATUS_OK);
}
END_TEST

START_TEST(too_long_a_range_ends_at_the_guard)
{
	ck_assert_int_eq(range_lock(mine, RANGE_LOCK_EXCLUSIVE,
	    RANGE_LOCK_END - 1, UINT64_MAX), STATUS_OK);
	ck_assert_int_eq(range_lock_guard(other, RANGE_LOCK_EXCLUSIVE),
	    STATUS_OK);
	ck_assert_int_eq(range_lock(other, RANGE_LOCK_SHARED,
	    RANGE_LOCK_END - 1, 1), STATUS_LOCKED);
	ck_assert_int_eq(range_lock(mine, RANGE_LOCK_SHARED, RANGE_LOCK_END,
	    1), STATUS_BAD_REQUEST);
	ck_assert_int_eq(range_lock(mine, RANGE_LOCK_SHARED, UINT64_MAX, 0),
	    STATUS_BAD_REQUEST);
}
END_TEST

START_TEST(classic_locks_of_a_local_program_are_respected)
{
	struct holder holder;

	holder_begin(&holder, &store, "f", classic(F_WRLCK, 0, 5));
	ck_assert_int_eq(range_lock(mine, RANGE_LOCK_SHARED, 0, 1),
	    STATUS_LOCKED);
	ck_assert_int_eq(range_lock(mine, RANGE_LOCK_SHARED, 5, 5),
	    STATUS_OK);
	holder_end(&holder);
	ck_assert_int_eq(range_lock(mine, RANGE_LOCK_SHARED, 0, 1),
	    STATUS_OK);
}
END_TEST

static bool
is_kept_out(struct store *s)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET,
		.l_len = 1 };
	int fd = openat(base_fd(s->base), "f", O_RDWR | O_CLOEXEC);

	return fd != -1 && fcntl(fd, F_SETLK, &lock) == -1;
}

START_TEST(a_local_program_respects_ours)
{
	ck_assert(!apart(&store, is_kept_out));
	ck_assert_int_eq(range_lock(mine, RANGE_LOCK_EXCLUSIVE, 0, 1),
	    STATUS_OK);
	ck_assert(apart(&store, is_kept_out));
}
END_TEST

START_TEST(closing_another_open_of_the_file_drops_nothing)
{
	ck_assert_int_eq(range_lock(mine, RANGE_LOCK_EXCLUSIVE, 0, 1),
	    STATUS_OK);
	close(open_file(O_RDWR));
	ck_assert_int_eq(range_lock(other, RANGE_LOCK_SHARED, 0, 1),
	    STATUS_LOCKED);
}
END_TEST

START_TEST(a_lock_needs_a_descriptor_that_fits)
{
	int fd = open_file(O_RDONLY);

	ck_assert_int_eq(range_lock(fd, RANGE_LOCK_SHARED, 0, 0), STATUS_OK);
	ck_assert_int_ne(range_lock(fd, RANGE_LOCK_EXCLUSIVE, 0, 0),
	    STATUS_OK);
	close(fd);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		two_opens_of_one_process_exclude_each_other,
		shared_locks_go_together,
		the_guard_is_no_byte_of_a_user,
		too_long_a_range_ends_at_the_guard,
		classic_locks_of_a_local_program_are_respected,
		a_local_program_respects_ours,
		closing_another_open_of_the_file_drops_nothing,
		a_lock_needs_a_descriptor_that_fits,
		NULL
	};

	return check_main("range_lock", tests, set_up, tear_down);
}
