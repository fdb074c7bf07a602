/* SPDX-License-Identifier: ISC */
/* The bytes per second that a run may move. */
#include "config.h"

#include <unistd.h>

#include "check_main.h"
#include "clock.h"
#include "throttle.h"

#define RATE	1000000u

static struct throttle *throttle;

static void
set_up(void)
{
	ck_assert_int_eq(throttle_new(&throttle, RATE), STATUS_OK);
}

static void
tear_down(void)
{
	throttle_free(throttle);
}

/* Move so many bytes as soon as may be; the microseconds that took. */
static uint64_t
move(size_t bytes, size_t at_once)
{
	uint64_t begun = clock_us();
	size_t n;
	int wait;

	while (bytes > 0) {
		n = throttle_ask(throttle, at_once < bytes ? at_once : bytes,
		    &wait);
		ck_assert(n > 0 || wait > 0);
		ck_assert(n <= at_once && n <= bytes);
		if (n == 0)
			usleep((unsigned int)wait * 1000);
		else
			throttle_take(throttle, n);
		bytes -= n;
	}
	return clock_us() - begun;
}

START_TEST(no_more_than_the_rate_is_moved)
{
	/* Half a second's worth, less what may have been saved up. */
	ck_assert_uint_ge(move(RATE / 2, 16384), 370000);
	ck_assert_uint_ge(move(RATE / 2, 1), 370000);
}
END_TEST

START_TEST(what_was_not_moved_is_not_saved_for_long)
{
	usleep(500000);
	ck_assert_uint_ge(move(RATE / 2, 16384), 370000);
}
END_TEST

START_TEST(what_was_moved_beyond_it_is_waited_for)
{
	int wait;

	throttle_take(throttle, RATE);
	ck_assert_uint_eq(throttle_ask(throttle, 1, &wait), 0);
	ck_assert_int_gt(wait, 0);
	ck_assert_int_le(wait, 1100);
}
END_TEST

START_TEST(bytes_of_less_than_a_microsecond_count)
{
	struct throttle *quick;
	int wait, i;

	ck_assert_int_eq(throttle_new(&quick, THROTTLE_MOST), STATUS_OK);
	for (i = 0; i < 1024; i++)
		throttle_take(quick, THROTTLE_MOST / 1024);
	ck_assert_uint_eq(throttle_ask(quick, 1, &wait), 0);
	throttle_free(quick);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		no_more_than_the_rate_is_moved,
		what_was_not_moved_is_not_saved_for_long,
		what_was_moved_beyond_it_is_waited_for,
		bytes_of_less_than_a_microsecond_count,
		NULL
	};

	return check_main("throttle", tests, set_up, tear_down);
}
