/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>

#include "check_main.h"
#include "clock.h"
#include "lock_line.h"

#define FOREVER	600000		/* milliseconds */

/* Something that is locked until `gained` is set. */
struct test_wait {
	struct lock_wait wait;
	atomic_bool	 gained;
	atomic_uint	 attempts;
	sem_t		 tried;		/* once for each attempt */
	sem_t		 left;		/* the line, with ... */
	enum status	 st;
};

static struct lock_line *line;
static struct test_wait waits[LOCK_LINE_OWNER_MOST + 1];
static const int alice, bob;

static void
set_up(void)
{
	ck_assert_int_eq(lock_line_new(&line, NULL, 0, 2), STATUS_OK);
}

static void
tear_down(void)
{
	lock_line_free(line);
}

static enum status
attempt(struct lock_wait *wait, struct kit *kit)
{
	struct test_wait *it = (struct test_wait *)wait;

	(void)kit;
	atomic_fetch_add(&it->attempts, 1);
	sem_post(&it->tried);
	return atomic_load(&it->gained) ? STATUS_OK :
	    status_set(STATUS_LOCKED, "locked by nobody");
}

static void
done(struct lock_wait *wait, enum status st)
{
	struct test_wait *it = (struct test_wait *)wait;

	it->st = st;
	sem_post(&it->left);
}

static void
await(sem_t *sem)
{
	while (sem_wait(sem) != 0)
		continue;
}

static enum status
submit(unsigned int i, const void *owner, struct lock_claim claim,
    uint64_t milliseconds)
{
	static const struct lock_wait_ops ops = { attempt, done, NULL };
	struct test_wait *it = &waits[i];

	memset(it, 0, sizeof(*it));
	sem_init(&it->tried, 0, 0);
	sem_init(&it->left, 0, 0);
	it->wait.ops = &ops;
	it->wait.owner = owner;
	it->wait.id = i + 1;
	it->wait.deadline = clock_ms() + milliseconds;
	it->wait.claims[0] = claim;
	return lock_line_submit(line, &it->wait);
}

/* So many bytes of file 7. */
static struct lock_claim
bytes(uint64_t start, uint64_t end, enum range_lock_kind kind)
{
	return (struct lock_claim){ .dev = 1, .ino = 7, .start = start,
	    .end = end, .kind = kind };
}

static enum status
outcome(unsigned int i)
{
	await(&waits[i].left);
	return waits[i].st;
}

static const struct lock_claim all = { .dev = 1, .ino = 7,
	.end = RANGE_LOCK_END, .kind = RANGE_LOCK_EXCLUSIVE };

START_TEST(it_is_tried_until_it_is_gained)
{
	ck_assert_int_eq(submit(0, &alice, all, FOREVER), STATUS_OK);
	await(&waits[0].tried);
	await(&waits[0].tried);
	atomic_store(&waits[0].gained, true);
	lock_line_wake(line, 1, 7);
	ck_assert_int_eq(outcome(0), STATUS_OK);
}
END_TEST

START_TEST(it_is_over_in_time)
{
	ck_assert_int_eq(submit(0, &alice, all, 50), STATUS_OK);
	ck_assert_int_eq(outcome(0), STATUS_LOCKED);
	ck_assert_uint_gt(atomic_load(&waits[0].attempts), 0);
}
END_TEST

START_TEST(who_comes_later_is_not_tried_before)
{
	ck_assert_int_eq(submit(0, &alice, all, FOREVER), STATUS_OK);
	ck_assert_int_eq(submit(1, &bob, bytes(3, 4, RANGE_LOCK_SHARED),
	    FOREVER), STATUS_OK);
	atomic_store(&waits[1].gained, true);
	ck_assert(lock_line_is_ahead(line, waits[1].wait.claims));
	for (int i = 0; i < 5; i++) {
		lock_line_wake(line, 1, 7);
		await(&waits[0].tried);
	}
	ck_assert_uint_eq(atomic_load(&waits[1].attempts), 0);
	atomic_store(&waits[0].gained, true);
	lock_line_wake(line, 1, 7);
	ck_assert_int_eq(outcome(0), STATUS_OK);
	ck_assert_int_eq(outcome(1), STATUS_OK);
}
END_TEST

START_TEST(who_waited_behind_others_in_vain_is_told_so)
{
	ck_assert_int_eq(submit(0, &alice, all, FOREVER), STATUS_OK);
	ck_assert_int_eq(submit(1, &bob, all, 50), STATUS_OK);
	atomic_store(&waits[1].gained, true);
	ck_assert_int_eq(outcome(1), STATUS_LOCKED);
	ck_assert_uint_eq(atomic_load(&waits[1].attempts), 0);
	lock_line_cancel(line, &alice, 0);
	ck_assert_int_eq(outcome(0), STATUS_CANCELLED);
}
END_TEST

START_TEST(what_does_not_conflict_goes_by)
{
	const struct lock_claim free_of_it[] = {
		bytes(10, 20, RANGE_LOCK_EXCLUSIVE),
		bytes(0, 10, RANGE_LOCK_SHARED),
		{ .dev = 1, .ino = 8, .end = 10,
		    .kind = RANGE_LOCK_EXCLUSIVE },
		{ .dev = 2, .ino = 7, .end = 10,
		    .kind = RANGE_LOCK_EXCLUSIVE },
		{ .ino = 0 },
	};

	ck_assert_int_eq(submit(0, &alice, bytes(0, 10, RANGE_LOCK_SHARED),
	    FOREVER), STATUS_OK);
	for (unsigned int i = 1; i <= 5; i++) {
		ck_assert_int_eq(submit(i, &bob, free_of_it[i - 1], FOREVER),
		    STATUS_OK);
		atomic_store(&waits[i].gained, true);
		ck_assert_int_eq(outcome(i), STATUS_OK);
	}
	lock_line_cancel(line, &alice, 0);
	ck_assert_int_eq(outcome(0), STATUS_CANCELLED);
}
END_TEST

START_TEST(guards_conflict_whatever_the_ranges_are)
{
	struct lock_claim first = bytes(0, 1, RANGE_LOCK_SHARED);
	struct lock_claim second = bytes(5, 6, RANGE_LOCK_SHARED);

	first.guard = RANGE_LOCK_EXCLUSIVE;
	ck_assert_int_eq(submit(0, &alice, first, FOREVER), STATUS_OK);
	ck_assert(!lock_line_is_ahead(line, (struct lock_claim[]){ second,
	    { .ino = 0 } }));
	second.guard = RANGE_LOCK_SHARED;
	ck_assert(lock_line_is_ahead(line, (struct lock_claim[]){ second,
	    { .ino = 0 } }));
	lock_line_cancel(line, &alice, 1);
	ck_assert_int_eq(outcome(0), STATUS_CANCELLED);
}
END_TEST

START_TEST(a_cancel_is_for_one_request_or_for_all_of_an_owner)
{
	ck_assert_int_eq(submit(0, &alice, all, FOREVER), STATUS_OK);
	ck_assert_int_eq(submit(1, &alice, all, FOREVER), STATUS_OK);
	ck_assert_int_eq(submit(2, &bob, all, FOREVER), STATUS_OK);
	lock_line_cancel(line, &bob, 2);
	lock_line_cancel(line, &alice, 2);
	ck_assert_int_eq(outcome(1), STATUS_CANCELLED);
	lock_line_cancel(line, &alice, 0);
	ck_assert_int_eq(outcome(0), STATUS_CANCELLED);
	atomic_store(&waits[2].gained, true);
	lock_line_wake(line, 0, 0);
	ck_assert_int_eq(outcome(2), STATUS_OK);
}
END_TEST

START_TEST(one_owner_cannot_fill_it)
{
	unsigned int i;

	for (i = 0; i < LOCK_LINE_OWNER_MOST; i++)
		ck_assert_int_eq(submit(i, &alice, all, FOREVER), STATUS_OK);
	ck_assert_int_eq(submit(i, &alice, all, FOREVER), STATUS_BUSY);
	ck_assert_int_eq(submit(i, &bob, all, FOREVER), STATUS_OK);
}
END_TEST

START_TEST(when_it_closes_all_are_cancelled_and_nobody_comes_in)
{
	ck_assert_int_eq(submit(0, &alice, all, FOREVER), STATUS_OK);
	ck_assert_int_eq(submit(1, &bob, all, FOREVER), STATUS_OK);
	lock_line_close(line);
	ck_assert_int_eq(outcome(0), STATUS_CANCELLED);
	ck_assert_int_eq(outcome(1), STATUS_CANCELLED);
	ck_assert_int_eq(submit(2, &bob, all, FOREVER), STATUS_BUSY);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		it_is_tried_until_it_is_gained,
		it_is_over_in_time,
		who_comes_later_is_not_tried_before,
		who_waited_behind_others_in_vain_is_told_so,
		what_does_not_conflict_goes_by,
		guards_conflict_whatever_the_ranges_are,
		a_cancel_is_for_one_request_or_for_all_of_an_owner,
		one_owner_cannot_fill_it,
		when_it_closes_all_are_cancelled_and_nobody_comes_in,
		NULL
	};

	return check_main("lock_line", tests, set_up, tear_down);
}
