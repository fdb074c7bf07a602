/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <string.h>

#include "check_main.h"
#include "fleet_split.h"

#define MIB	(UINT64_C(1) << 20)
#define FILES	8

struct sizes {
	uint64_t	 at[FILES + 1];	/* in MiB; the last one is 0 */
};

static uint64_t
size_of(void *owner, size_t number)
{
	return ((struct sizes *)owner)->at[number] * MIB;
}

/* The numbers of those that are split, over so many connections. */
static const char *
split(struct sizes sizes, unsigned int jobs)
{
	struct fleet_work work = { .size = size_of, .owner = &sizes };
	static char text[FILES + 1];
	struct fleet_split split;
	size_t i;

	while (work.count < FILES && sizes.at[work.count] != 0)
		work.count++;
	ck_assert_int_eq(fleet_split(&split, &work, jobs), STATUS_OK);
	for (i = 0; i < split.len; i++)
		text[i] = (char)('0' + split.numbers[i]);
	text[i] = '\0';
	fleet_split_clear(&split);
	return text;
}

START_TEST(short_files_are_never_split)
{
	ck_assert_str_eq(split((struct sizes){ { 63, 63, 1 } }, 4), "");
	ck_assert_str_eq(split((struct sizes){ { 0 } }, 4), "");
}
END_TEST

START_TEST(fewer_long_ones_than_connections_are_all_split)
{
	ck_assert_str_eq(split((struct sizes){ { 1, 64, 63, 900 } }, 4),
	    "13");
}
END_TEST

START_TEST(as_many_as_go_evenly_are_not_split)
{
	ck_assert_str_eq(split((struct sizes){ { 256, 256, 1, 256, 256 } }, 4),
	    "");
	ck_assert_str_eq(split((struct sizes){ { 100, 90, 80, 70 } }, 2), "");
}
END_TEST

START_TEST(those_that_are_left_over_are_the_largest)
{
	ck_assert_str_eq(split((struct sizes){ { 256, 256, 1, 257, 256, 256 } },
	    4), "3");
	ck_assert_str_eq(split((struct sizes){ { 64, 65, 66, 67, 68 } }, 3),
	    "34");
	ck_assert_str_eq(split((struct sizes){ { 64, 64, 64 } }, 2), "0");
}
END_TEST

START_TEST(one_much_larger_than_the_others_is_split)
{
	ck_assert_str_eq(split((struct sizes){ { 64, 64, 10240, 64, 64 } }, 4),
	    "2");
	ck_assert_str_eq(split((struct sizes){ { 64, 64, 10240, 64 } }, 4),
	    "0123");
}
END_TEST

START_TEST(any_sizes_may_be_told)
{
	struct sizes sizes = { { 1u << 20, 64, 64, 64, 64 } };

	sizes.at[0] <<= 23;	/* 2^63 bytes */
	sizes.at[1] = sizes.at[0];
	ck_assert_str_eq(split(sizes, 4), "01234");
}
END_TEST

int
main(void)
{
	const TTest *tests[] = {
		short_files_are_never_split,
		fewer_long_ones_than_connections_are_all_split,
		as_many_as_go_evenly_are_not_split,
		those_that_are_left_over_are_the_largest,
		one_much_larger_than_the_others_is_split,
		any_sizes_may_be_told,
		NULL
	};

	return check_main("fleet_split", tests, NULL, NULL);
}
