/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/resource.h>

#include "phc.h"
#include "users_support.h"

#define SALT "c29tZXNhbHQ"
#define TAG "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
#define TAG_TWO_LANES "bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"
#define TAG_64_MIB "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"

static struct phc phc;

static enum status
parse(const char *text)
{
	return phc_parse(&phc, text, strlen(text));
}

/* Vectors of the reference implementation. */
static const char *const vectors[] = {
	"$argon2id$v=19$m=256,t=2,p=1$" SALT "$" TAG,
	"$argon2id$v=19$m=256,t=2,p=2$" SALT "$" TAG_TWO_LANES,
	"$argon2id$v=19$m=65536,t=2,p=1$" SALT "$" TAG_64_MIB,
};

START_TEST(the_reference_vectors_are_computed)
{
	uint8_t tag[PHC_TAG_MAX];

	ck_assert_int_eq(parse(vectors[_i]), STATUS_OK);
	ck_assert_uint_eq(phc.salt_len, 8);
	ck_assert_mem_eq(phc.salt, "somesalt", 8);
	ck_assert_uint_eq(phc.tag_len, 32);
	ck_assert_int_eq(phc_compute(tag, &phc, "password", 8), STATUS_OK);
	ck_assert_mem_eq(tag, phc.tag, 32);
}
END_TEST

START_TEST(what_was_parsed_is_formatted_alike)
{
	char text[PHC_TEXT_MAX];

	ck_assert_int_eq(parse(vectors[_i]), STATUS_OK);
	phc_format(text, &phc);
	ck_assert_str_eq(text, vectors[_i]);
}
END_TEST

START_TEST(the_longest_text_fits)
{
	char text[PHC_TEXT_MAX];
	struct phc big = { .cost = { PHC_MEMORY_MAX, 4, PHC_LANES_MAX },
	    .salt_len = PHC_SALT_MAX, .tag_len = PHC_TAG_MAX };

	memset(big.salt, 0xff, sizeof(big.salt));
	memset(big.tag, 0xa5, sizeof(big.tag));
	phc_format(text, &big);
	ck_assert_uint_lt(strlen(text), PHC_TEXT_MAX);
	ck_assert_int_eq(parse(text), STATUS_OK);
	ck_assert_mem_eq(&phc, &big, sizeof(big));
}
END_TEST

static const char *const malformed[] = {
	"",
	"$",
	"$argon2id",
	"$argon2i$v=19$m=256,t=2,p=1$" SALT "$" TAG,
	"$argon2d$v=19$m=256,t=2,p=1$" SALT "$" TAG,
	"$argon2id$v=16$m=256,t=2,p=1$" SALT "$" TAG,
	"$argon2id$m=256,t=2,p=1$" SALT "$" TAG,
	"$argon2id$v=19$t=2,m=256,p=1$" SALT "$" TAG,
	"$argon2id$v=19$m=256,t=2$" SALT "$" TAG,
	"$argon2id$v=19$m=,t=2,p=1$" SALT "$" TAG,
	"$argon2id$v=19$m=-256,t=2,p=1$" SALT "$" TAG,
	"$argon2id$v=19$m=0256,t=2,p=1$" SALT "$" TAG,
	"$argon2id$v=19$m=4294967552,t=2,p=1$" SALT "$" TAG,
	"$argon2id$v=19$m=99999999999999999999,t=2,p=1$" SALT "$" TAG,
	/* out of bounds */
	"$argon2id$v=19$m=4194304,t=1,p=1$" SALT "$" TAG,
	"$argon2id$v=19$m=7,t=1,p=1$" SALT "$" TAG,
	"$argon2id$v=19$m=15,t=1,p=2$" SALT "$" TAG,
	"$argon2id$v=19$m=256,t=0,p=1$" SALT "$" TAG,
	"$argon2id$v=19$m=256,t=65,p=1$" SALT "$" TAG,
	"$argon2id$v=19$m=256,t=1000000,p=1$" SALT "$" TAG,
	"$argon2id$v=19$m=1048576,t=5,p=1$" SALT "$" TAG,
	"$argon2id$v=19$m=256,t=2,p=0$" SALT "$" TAG,
	"$argon2id$v=19$m=256,t=2,p=17$" SALT "$" TAG,
	/* salt and tag */
	"$argon2id$v=19$m=256,t=2,p=1$" SALT,
	"$argon2id$v=19$m=256,t=2,p=1$" SALT "$",
	"$argon2id$v=19$m=256,t=2,p=1$$" TAG,
	"$argon2id$v=19$m=256,t=2,p=1$c29tZXM$" TAG,
	"$argon2id$v=19$m=256,t=2,p=1$" SALT "$AAAA",
	"$argon2id$v=19$m=256,t=2,p=1$" SALT "$" TAG "$",
	"$argon2id$v=19$m=256,t=2,p=1$" SALT "=$" TAG,
	"$argon2id$v=19$m=256,t=2,p=1$" SALT "$" TAG "=",
	"$argon2id$v=19$m=256,t=2,p=1$" SALT "$" TAG " ",
	"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHR$" TAG,
	"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhb$" TAG,
	"$argon2id$v=19$m=256,t=2,p=1$" SALT "$" TAG TAG TAG,
	"$argon2id$v=19$m=256,t=2,p=1$" TAG TAG TAG "$" TAG,
};

START_TEST(what_is_malformed_or_out_of_bounds_is_refused)
{
	ck_assert_msg(parse(malformed[_i]) == STATUS_CONFIG, "%s",
	    malformed[_i]);
}
END_TEST

START_TEST(no_prefix_of_a_text_is_taken_for_the_whole)
{
	size_t len = strlen(vectors[0]), i;
	char *copy;

	/* On the heap, so that a sanitizer sees what is read past the end. */
	for (i = 0; i < len - 22; i++) {
		ck_assert_ptr_nonnull(copy = malloc(i + 1));
		memcpy(copy, vectors[0], i);
		ck_assert_int_eq(phc_parse(&phc, copy, i), STATUS_CONFIG);
		free(copy);
	}
}
END_TEST

START_TEST(the_kinds_that_are_refused_are_named)
{
	ck_assert_int_eq(parse(malformed[3]), STATUS_CONFIG);
	ck_assert(text_has(STATUS_CONFIG, "not argon2i or argon2d"));
	ck_assert_int_eq(parse(malformed[5]), STATUS_CONFIG);
	ck_assert(text_has(STATUS_CONFIG, "version 19"));
}
END_TEST

START_TEST(a_cost_is_read_and_completed_by_the_default)
{
	struct phc_cost cost;

	ck_assert_int_eq(phc_cost_parse(&cost, "m=8,t=1,p=1"), STATUS_OK);
	ck_assert_uint_eq(cost.memory_kib, 8);
	ck_assert_uint_eq(cost.passes, 1);
	ck_assert_int_eq(phc_cost_parse(&cost, "t=2"), STATUS_OK);
	ck_assert_uint_eq(cost.memory_kib, 65536);
	ck_assert_uint_eq(cost.passes, 2);
	ck_assert_uint_eq(cost.lanes, 1);
}
END_TEST

START_TEST(a_cost_that_makes_no_sense_is_refused)
{
	static const char *const texts[] = { "", "m", "m=", "m=8,", "x=1",
		"m=8,m=9", "m=8 t=1", "m=7", "p=2,m=8", "t=0", "t=65", "p=17",
		"m=1048577", "m=1048576,t=5", ",m=8", "m=8k" };
	struct phc_cost cost;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_msg(phc_cost_parse(&cost, texts[i]) == STATUS_CONFIG,
		    "%s", texts[i]);
}
END_TEST

START_TEST(two_hashes_of_a_password_differ)
{
	const struct phc_cost cheap = { 8, 1, 1 };
	char one[PHC_TEXT_MAX], other[PHC_TEXT_MAX];

	ck_assert_int_eq(phc_hash(one, "x", 1, &cheap), STATUS_OK);
	ck_assert_int_eq(phc_hash(other, "x", 1, &cheap), STATUS_OK);
	ck_assert_str_ne(one, other);
	ck_assert_int_eq(parse(one), STATUS_OK);
	ck_assert_uint_eq(phc.salt_len, 16);
}
END_TEST

START_TEST(a_new_hash_has_the_default_cost)
{
	uint8_t tag[PHC_TAG_MAX];
	char text[PHC_TEXT_MAX];

	ck_assert_int_eq(phc_hash(text, "hunter2", 7, &PHC_DEFAULT_COST),
	    STATUS_OK);
	ck_assert_int_eq(strncmp(text, "$argon2id$v=19$m=65536,t=3,p=1$", 31),
	    0);
	ck_assert_int_eq(parse(text), STATUS_OK);
	ck_assert_int_eq(phc_compute(tag, &phc, "hunter2", 7), STATUS_OK);
	ck_assert_mem_eq(tag, phc.tag, phc.tag_len);
}
END_TEST

#ifndef SANITIZED	/* a sanitizer needs more room than this leaves */
START_TEST(without_memory_a_hash_is_busy_and_no_crash)
{
	const struct phc_cost big = { PHC_MEMORY_MAX, 1, 1 };
	const struct rlimit room = { 256 << 20, 256 << 20 };
	char text[PHC_TEXT_MAX];

	ck_assert_int_eq(setrlimit(RLIMIT_AS, &room), 0);
	ck_assert_int_eq(phc_hash(text, "x", 1, &big), STATUS_NO_MEMORY);
	ck_assert_int_eq(status_class(STATUS_NO_MEMORY), CLASS_BUSY);
	ck_assert_str_eq(text, "");
}
END_TEST
#endif

int
main(void)
{
	Suite *suite = suite_create("phc");
	TCase *tc = tcase_create("phc");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, the_reference_vectors_are_computed, 0, 3);
	tcase_add_loop_test(tc, what_was_parsed_is_formatted_alike, 0, 3);
	tcase_add_test(tc, the_longest_text_fits);
	tcase_add_loop_test(tc, what_is_malformed_or_out_of_bounds_is_refused,
	    0, (int)(sizeof(malformed) / sizeof(malformed[0])));
	tcase_add_test(tc, no_prefix_of_a_text_is_taken_for_the_whole);
	tcase_add_test(tc, the_kinds_that_are_refused_are_named);
	tcase_add_test(tc, a_cost_is_read_and_completed_by_the_default);
	tcase_add_test(tc, a_cost_that_makes_no_sense_is_refused);
	tcase_add_test(tc, two_hashes_of_a_password_differ);
	tcase_add_test(tc, a_new_hash_has_the_default_cost);
#ifndef SANITIZED
	tcase_add_test(tc, without_memory_a_hash_is_busy_and_no_crash);
#endif
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
