/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "address_count.h"
#include "check_main.h"
#include "login_line.h"

#define MANY 5000

static struct address_count *counts;

static void
set_up(void)
{
	counts = address_count_new(10);
	ck_assert_ptr_nonnull(counts);
}

static void
tear_down(void)
{
	address_count_free(counts);
}

static const uint8_t *
origin(uint32_t i)
{
	static uint8_t bytes[16];

	memcpy(bytes + 8, &i, sizeof(i));
	return bytes;
}

START_TEST(an_address_that_never_came_has_none)
{
	ck_assert_uint_eq(address_count_of(counts, origin(1)), 0);
	address_count_leave(counts, origin(1));
	ck_assert_uint_eq(address_count_of(counts, origin(1)), 0);
}
END_TEST

START_TEST(each_address_is_counted_alone)
{
	ck_assert(address_count_enter(counts, origin(1)));
	ck_assert(address_count_enter(counts, origin(1)));
	ck_assert(address_count_enter(counts, origin(2)));
	ck_assert_uint_eq(address_count_of(counts, origin(1)), 2);
	ck_assert_uint_eq(address_count_of(counts, origin(2)), 1);
	address_count_leave(counts, origin(1));
	ck_assert_uint_eq(address_count_of(counts, origin(1)), 1);
	address_count_leave(counts, origin(1));
	ck_assert_uint_eq(address_count_of(counts, origin(1)), 0);
	ck_assert_uint_eq(address_count_of(counts, origin(2)), 1);
}
END_TEST

START_TEST(there_may_be_more_addresses_than_expected)
{
	for (uint32_t i = 0; i < MANY; i++)
		for (uint32_t n = 0; n <= i % 3; n++)
			ck_assert(address_count_enter(counts, origin(i)));
	for (uint32_t i = 0; i < MANY; i++)
		ck_assert_uint_eq(address_count_of(counts, origin(i)),
		    i % 3 + 1);
	for (uint32_t i = 0; i < MANY; i += 2)
		for (uint32_t n = 0; n <= i % 3; n++)
			address_count_leave(counts, origin(i));
	for (uint32_t i = 0; i < MANY; i++)
		ck_assert_uint_eq(address_count_of(counts, origin(i)),
		    i % 2 == 0 ? 0 : i % 3 + 1);
}
END_TEST

static bool
is_same(const char *a, const char *b)
{
	struct sockaddr_storage address[2];
	struct sockaddr_in6 *in6;
	struct sockaddr_in *in;
	const char *text[2] = { a, b };
	uint8_t bytes[2][16];

	memset(address, 0, sizeof(address));
	for (size_t i = 0; i < 2; i++) {
		in6 = (struct sockaddr_in6 *)&address[i];
		in = (struct sockaddr_in *)&address[i];
		if (strchr(text[i], ':') != NULL) {
			in6->sin6_family = AF_INET6;
			ck_assert_int_eq(inet_pton(AF_INET6, text[i],
			    &in6->sin6_addr), 1);
		} else {
			in->sin_family = AF_INET;
			ck_assert_int_eq(inet_pton(AF_INET, text[i],
			    &in->sin_addr), 1);
		}
		login_origin(bytes[i], (struct sockaddr *)&address[i]);
	}
	return memcmp(bytes[0], bytes[1], 16) == 0;
}

START_TEST(an_origin_is_an_ipv4_address_or_a_64_of_ipv6)
{
	ck_assert(is_same("192.0.2.1", "192.0.2.1"));
	ck_assert(!is_same("192.0.2.1", "192.0.2.2"));
	ck_assert(is_same("192.0.2.1", "::ffff:192.0.2.1"));
	ck_assert(!is_same("::ffff:192.0.2.1", "::ffff:192.0.2.2"));
	ck_assert(is_same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
	ck_assert(!is_same("2001:db8:1:2::1", "2001:db8:1:3::1"));
	ck_assert(!is_same("192.0.2.1", "2001:db8::1"));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		an_address_that_never_came_has_none,
		each_address_is_counted_alone,
		there_may_be_more_addresses_than_expected,
		an_origin_is_an_ipv4_address_or_a_64_of_ipv6,
		NULL
	};

	return check_main("address_count", tests, set_up, tear_down);
}
