/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "check_main.h"
#include "store_support.h"

static struct store store;
static struct names *other;
static const struct folder here = { .fd = -1, .ino = 1000 };
static const struct folder there = { .fd = -1, .ino = 1001 };

static void
set_up(void)
{
	store_open(&store, DURABILITY_ASYNC);
	ck_assert_int_eq(names_open(&other, store.base), STATUS_OK);
}

static void
tear_down(void)
{
	names_close(other);
	store_close(&store);
}

static enum status
hold(struct names *names, const struct folder *folder, const char *name)
{
	return names_hold(names, folder, name, NULL, NULL);
}

START_TEST(a_name_is_held_by_one)
{
	ck_assert_int_eq(hold(store.names, &here, "a"), STATUS_OK);
	ck_assert_int_eq(hold(other, &here, "a"), STATUS_LOCKED);
	names_release(store.names);
	ck_assert_int_eq(hold(other, &here, "a"), STATUS_OK);
}
END_TEST

START_TEST(other_names_and_folders_are_free)
{
	ck_assert_int_eq(hold(store.names, &here, "a"), STATUS_OK);
	ck_assert_int_eq(hold(other, &here, "b"), STATUS_OK);
	names_release(other);
	ck_assert_int_eq(hold(other, &there, "a"), STATUS_OK);
}
END_TEST

START_TEST(two_names_are_held_or_none)
{
	ck_assert_int_eq(hold(store.names, &there, "b"), STATUS_OK);
	ck_assert_int_eq(names_hold(other, &here, "a", &there, "b"),
	    STATUS_LOCKED);
	names_release(store.names);
	ck_assert_int_eq(hold(store.names, &here, "a"), STATUS_OK);
	names_release(store.names);
	ck_assert_int_eq(names_hold(other, &here, "a", &there, "b"),
	    STATUS_OK);
	ck_assert_int_eq(hold(store.names, &here, "a"), STATUS_LOCKED);
	ck_assert_int_eq(hold(store.names, &there, "b"), STATUS_LOCKED);
	names_release(other);
	ck_assert_int_eq(hold(store.names, &here, "a"), STATUS_OK);
}
END_TEST

START_TEST(the_same_name_twice_is_held_once)
{
	ck_assert_int_eq(names_hold(other, &here, "a", &here, "a"),
	    STATUS_OK);
	names_release(other);
	ck_assert_int_eq(hold(store.names, &here, "a"), STATUS_OK);
}
END_TEST

START_TEST(waiting_is_short)
{
	struct timespec before, after;

	ck_assert_int_eq(hold(store.names, &here, "a"), STATUS_OK);
	clock_gettime(CLOCK_MONOTONIC, &before);
	ck_assert_int_eq(hold(other, &here, "a"), STATUS_LOCKED);
	clock_gettime(CLOCK_MONOTONIC, &after);
	ck_assert_int_lt(after.tv_sec - before.tv_sec, 5);
}
END_TEST

static bool
is_held(struct store *mine)
{
	struct names *names;

	return names_open(&names, mine->base) == STATUS_OK &&
	    hold(names, &here, "a") == STATUS_LOCKED &&
	    hold(names, &here, "b") == STATUS_OK;
}

START_TEST(names_hold_between_processes)
{
	ck_assert_int_eq(hold(store.names, &here, "a"), STATUS_OK);
	ck_assert(apart(&store, is_held));
}
END_TEST

START_TEST(a_thousand_names_are_taken_and_given_back)
{
	char name[16];
	int i;

	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "%d", i);
		ck_assert_int_eq(names_hold(store.names, &here, name, &there,
		    name), STATUS_OK);
		names_release(store.names);
		ck_assert_int_eq(names_hold(other, &there, name, &here, name),
		    STATUS_OK);
		names_release(other);
	}
}
END_TEST

#define ROUNDS 2000

static atomic_int inside, worst, rounds;

/* Hold two names, now in this order and now in that. */
static void *
contend(void *arg)
{
	bool turned = arg != NULL;
	struct names *names;
	int i, now;

	if (names_open(&names, store.base) != STATUS_OK)
		return NULL;
	for (i = 0; i < ROUNDS; i++) {
		if (names_hold(names, turned ? &there : &here, "x",
		    turned ? &here : &there, "x") != STATUS_OK)
			continue;
		now = atomic_fetch_add(&inside, 1) + 1;
		if (now > atomic_load(&worst))
			atomic_store(&worst, now);
		atomic_fetch_sub(&inside, 1);
		names_release(names);
		atomic_fetch_add(&rounds, 1);
	}
	names_close(names);
	return NULL;
}

START_TEST(threads_that_want_both_names_take_turns)
{
	pthread_t threads[4];
	size_t i;

	for (i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, contend,
		    i % 2 == 0 ? NULL : &store), 0);
	for (i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_int_eq(atomic_load(&worst), 1);
	/* Few of them are turned away. */
	ck_assert_int_gt(atomic_load(&rounds), ROUNDS);
}
END_TEST

#define FOLDERS	100
#define NAMES	100

static int
by_place(const void *a, const void *b)
{
	off_t one = *(const off_t *)a, two = *(const off_t *)b;

	return (one > two) - (one < two);
}

START_TEST(short_names_in_folders_of_like_numbers_do_not_meet)
{
	static off_t at[FOLDERS * NAMES];
	struct folder folder = { .fd = -1 };
	char name[16];
	int i, fd;

	for (i = 0; i < FOLDERS * NAMES; i++) {
		folder.ino = (ino_t)(12 + i / NAMES);
		snprintf(name, sizeof(name), "f%d", i % NAMES);
		ck_assert_int_eq(names_claim_byte(&fd, &at[i], store.base,
		    &folder, name), STATUS_OK);
		close(fd);
	}
	qsort(at, FOLDERS * NAMES, sizeof(at[0]), by_place);
	for (i = 1; i < FOLDERS * NAMES; i++)
		ck_assert_int_ne(at[i - 1], at[i]);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_name_is_held_by_one,
		other_names_and_folders_are_free,
		two_names_are_held_or_none,
		the_same_name_twice_is_held_once,
		waiting_is_short,
		names_hold_between_processes,
		a_thousand_names_are_taken_and_given_back,
		threads_that_want_both_names_take_turns,
		short_names_in_folders_of_like_numbers_do_not_meet,
		NULL
	};

	return check_main("names", tests, set_up, tear_down);
}
