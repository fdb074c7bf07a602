/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "check_main.h"
#include "lockouts.h"

#define TRIES	3
#define SECONDS	60
#define MINUTE	(SECONDS * UINT64_C(1000))
#define THREADS	4
#define MANY	20000	/* more pairs than there is room for */

static struct lockouts *lockouts;
static uint64_t now;
static uint8_t origins[256][16];

static void
set_up(void)
{
	now = 1234567;
	for (size_t i = 0; i < 256; i++)
		origins[i][15] = (uint8_t)i;
	lockouts = lockouts_new(TRIES, SECONDS);
	ck_assert_ptr_nonnull(lockouts);
}

static void
tear_down(void)
{
	lockouts_free(lockouts);
}

/* The pair of a name and an address, whose last byte is `host`. */
static struct lockout_pair
pair(const char *user, uint8_t host)
{
	return (struct lockout_pair){ origins[host], user, strlen(user) };
}

static bool
fails(const char *user, uint8_t host)
{
	struct lockout_pair it = pair(user, host);

	return lockouts_failed(lockouts, &it, now);
}

static unsigned int
left(const char *user, uint8_t host)
{
	struct lockout_pair it = pair(user, host);

	return lockouts_left(lockouts, &it, now);
}

static void
lock_out(const char *user, uint8_t host)
{
	for (int i = 1; i < TRIES; i++)
		ck_assert(!fails(user, host));
	ck_assert_uint_eq(left(user, host), 0);
	ck_assert(fails(user, host));
	ck_assert_uint_eq(left(user, host), SECONDS);
}

START_TEST(so_many_failures_lock_out_for_so_long)
{
	ck_assert_uint_eq(left("ann", 1), 0);
	lock_out("ann", 1);
	now += 1;
	ck_assert_uint_eq(left("ann", 1), SECONDS);
	now += MINUTE - 2;
	ck_assert_uint_eq(left("ann", 1), 1);
	now += 1;
	ck_assert_uint_eq(left("ann", 1), 0);
	/* It begins anew. */
	lock_out("ann", 1);
}
END_TEST

START_TEST(other_users_and_other_addresses_are_not_concerned)
{
	lock_out("ann", 1);
	ck_assert_uint_eq(left("ann", 2), 0);
	ck_assert_uint_eq(left("an", 1), 0);
	ck_assert_uint_eq(left("anne", 1), 0);
	ck_assert_uint_eq(left("", 1), 0);
	lock_out("", 1);
	lock_out("ann", 2);
}
END_TEST

START_TEST(a_good_login_clears_the_count)
{
	struct lockout_pair ann = pair("ann", 1);

	ck_assert(!fails("ann", 1));
	ck_assert(!fails("ann", 1));
	lockouts_forget(lockouts, &ann);
	lock_out("ann", 1);
	lockouts_forget(lockouts, &ann);
	ck_assert_uint_eq(left("ann", 1), 0);
}
END_TEST

START_TEST(failures_far_apart_do_not_add_up)
{
	for (int i = 0; i < 2 * TRIES; i++) {
		ck_assert(!fails("ann", 1));
		now += MINUTE;
	}
	/* Each counts that is not so far from the one before. */
	ck_assert(!fails("ann", 1));
	now += MINUTE - 1;
	ck_assert(!fails("ann", 1));
	now += MINUTE - 1;
	ck_assert(fails("ann", 1));
}
END_TEST

START_TEST(it_is_told_once_and_does_not_grow_longer)
{
	lock_out("ann", 1);
	now += MINUTE / 2;
	ck_assert(!fails("ann", 1));
	ck_assert_uint_eq(left("ann", 1), SECONDS / 2);
}
END_TEST

START_TEST(a_clock_that_another_thread_read_later_changes_nothing)
{
	lock_out("ann", 1);
	now -= 5;
	ck_assert_uint_gt(left("ann", 1), 0);
	ck_assert(!fails("ann", 1));
}
END_TEST

START_TEST(other_bounds_count_at_once)
{
	lock_out("ann", 1);
	lockouts_set(lockouts, TRIES, 2 * SECONDS);
	ck_assert_uint_eq(left("ann", 1), 2 * SECONDS);
	lockouts_set(lockouts, TRIES + 1, SECONDS);
	ck_assert_uint_eq(left("ann", 1), 0);
	ck_assert(fails("ann", 1));
	lockouts_set(lockouts, 0, SECONDS);
	ck_assert_uint_eq(left("ann", 1), 0);
	for (int i = 0; i < 2 * TRIES; i++)
		ck_assert(!fails("bob", 1));
	lockouts_set(lockouts, 1, SECONDS);
	ck_assert_uint_eq(left("bob", 1), 0);
	ck_assert(fails("bob", 1));
}
END_TEST

START_TEST(the_longest_names_are_told_apart)
{
	char a[256], b[256];

	memset(a, 'x', sizeof(a) - 1);
	a[255] = '\0';
	memcpy(b, a, sizeof(b));
	b[254] = 'y';
	lock_out(a, 1);
	ck_assert_uint_eq(left(b, 1), 0);
	b[254] = '\0';
	ck_assert_uint_eq(left(b, 1), 0);
}
END_TEST

START_TEST(whoever_fails_once_under_many_names_frees_nobody)
{
	char name[16];

	lock_out("ann", 1);
	for (int i = 0; i < MANY; i++) {
		now += 1;
		snprintf(name, sizeof(name), "no-%d", i);
		ck_assert(!fails(name, 2));
	}
	ck_assert_uint_gt(left("ann", 1), 0);
	/* Nor is there no room for others. */
	lock_out("bob", 1);
}
END_TEST

static atomic_uint locked;

static void *
fail_often(void *ctx)
{
	uint8_t host = *(uint8_t *)ctx;

	for (int i = 0; i < MANY; i++) {
		if (fails("ann", 1))
			atomic_fetch_add(&locked, 1);
		(void)fails("bob", host);
		(void)left("ann", 1);
	}
	return NULL;
}

START_TEST(many_threads_lock_out_once)
{
	static uint8_t hosts[THREADS] = { 2, 3, 4, 5 };
	pthread_t threads[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL,
		    fail_often, &hosts[i]), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(atomic_load(&locked), 1);
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_uint_eq(left("bob", hosts[i]), SECONDS);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		so_many_failures_lock_out_for_so_long,
		other_users_and_other_addresses_are_not_concerned,
		a_good_login_clears_the_count,
		failures_far_apart_do_not_add_up,
		it_is_told_once_and_does_not_grow_longer,
		a_clock_that_another_thread_read_later_changes_nothing,
		other_bounds_count_at_once,
		the_longest_names_are_told_apart,
		whoever_fails_once_under_many_names_frees_nobody,
		many_threads_lock_out_once,
		NULL
	};

	return check_main("lockouts", tests, set_up, tear_down);
}
