/* SPDX-License-Identifier: ISC */
/* The ranges that are locked of one file. */
#include "config.h"

#include <stdint.h>

#include "check_main.h"
#include "lock_map.h"

#define BYTES 24u

static struct lock_map map;

static void
set_up(void)
{
	map = (struct lock_map){ 0 };
}

static void
tear_down(void)
{
	lock_map_clear(&map);
}

/* Is it what a byte each would say, and does it fit into its room? */
static void
check(const struct lock_map *of, const enum range_lock_kind *bytes)
{
	uint64_t until;
	size_t i;

	ck_assert_uint_le(of->count, of->room);
	for (i = 0; i < BYTES; i++)
		ck_assert_int_eq(lock_map_at(of, i, &until), bytes[i]);
	for (i = 1; i < of->count; i++) {
		ck_assert_uint_le(of->ranges[i - 1].end, of->ranges[i].start);
		ck_assert(of->ranges[i - 1].end != of->ranges[i].start ||
		    of->ranges[i - 1].kind != of->ranges[i].kind);
	}
}

static void
set(enum range_lock_kind *bytes, uint64_t start, uint64_t end,
    enum range_lock_kind kind)
{
	ck_assert(lock_map_set(&map, start, end, kind));
	for (; start < end; start++)
		bytes[start] = kind;
	check(&map, bytes);
}

START_TEST(any_row_of_sets_is_as_bytes_would_have_it)
{
	enum range_lock_kind bytes[BYTES] = { RANGE_LOCK_NONE };
	static const enum range_lock_kind kinds[] = { RANGE_LOCK_NONE,
		RANGE_LOCK_SHARED, RANGE_LOCK_EXCLUSIVE };
	uint32_t dice = 1;
	uint64_t start, end;

	for (int i = 0; i < 20000; i++) {
		dice = dice * 1664525 + 1013904223;
		start = (dice >> 24) % BYTES;
		end = start + 1 + (dice >> 16) % (BYTES - start);
		set(bytes, start, end, kinds[(dice >> 12) % 3]);
	}
}
END_TEST

START_TEST(a_copy_can_be_changed_by_itself)
{
	enum range_lock_kind bytes[BYTES] = { RANGE_LOCK_NONE };
	struct lock_map copy, empty = { 0 };

	set(bytes, 2, 20, RANGE_LOCK_EXCLUSIVE);
	ck_assert(lock_map_copy(&copy, &map));
	check(&copy, bytes);
	/* One range becomes three. */
	ck_assert(lock_map_set(&copy, 5, 7, RANGE_LOCK_SHARED));
	ck_assert_uint_eq(copy.count, 3);
	ck_assert_uint_le(copy.count, copy.room);
	check(&map, bytes);
	lock_map_clear(&copy);
	ck_assert(lock_map_copy(&copy, &empty));
	ck_assert(lock_map_set(&copy, 0, 1, RANGE_LOCK_SHARED));
	lock_map_clear(&copy);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		any_row_of_sets_is_as_bytes_would_have_it,
		a_copy_can_be_changed_by_itself,
		NULL
	};

	return check_main("lock_map", tests, set_up, tear_down);
}
