/* SPDX-License-Identifier: ISC */
/* Which fields each frame must and may hold. */
#include "config.h"

#include "decode_support.h"

#define B(name) BIT(FT1_TAG_##name)
#define IF_ANY (B(IF_ABSENT) | B(IF_VERSION))

/*
 * What ft-protocol(7) says of each type.  A PUT begins an upload, takes one up,
 * or a part of one.
 */
static const struct rule {
	enum ft1_type	 type;
	uint64_t	 must, may;
	uint64_t	 other;		/* leads to another form of it */
} rules[] = {
	{ FT1_HELLO, B(VERSIONS), 0, 0 },
	{ FT1_LOGIN, B(USER) | B(METHOD), B(RESPONSE) | B(TICKET_SECONDS), 0 },
	{ FT1_RESPONSE, B(RESPONSE), 0, 0 },
	{ FT1_PING, 0, 0, 0 },
	{ FT1_CANCEL, 0, 0, 0 },
	{ FT1_ABORT, 0, 0, 0 },
	{ FT1_COMMIT, B(SIZE) | B(DIGEST), 0, 0 },
	{ FT1_LIST, 0, B(PATH), 0 },
	{ FT1_STAT, B(PATH), 0, 0 },
	{ FT1_GET, B(PATH), B(OFFSET) | B(LENGTH) | B(IF_VERSION) |
	    B(WAIT_LOCK), 0 },
	{ FT1_PUT, B(PATH), B(SIZE) | B(MODE) | B(MTIME) | B(TAKEN) |
	    B(IF_ABSENT) | B(IF_VERSION) | B(WAIT_LOCK), B(UPLOAD) },
	{ FT1_PUT, B(UPLOAD), B(PATH) | B(WAIT_LOCK), 0 },
	{ FT1_PUT, B(UPLOAD), B(PATH) | B(OFFSET) | B(LENGTH) | B(WAIT_LOCK),
	    0 },
	{ FT1_CD, B(PATH), 0, 0 },
	{ FT1_PWD, 0, 0, 0 },
	{ FT1_MKDIR, B(PATH), B(MODE) | B(PARENTS) | IF_ANY, 0 },
	{ FT1_RMDIR, B(PATH), B(WAIT_LOCK), 0 },
	{ FT1_RM, B(PATH), IF_ANY | B(RECURSIVE) | B(WAIT_LOCK), 0 },
	{ FT1_MV, B(PATH) | B(TARGET), B(TAKEN) | IF_ANY | B(WAIT_LOCK), 0 },
	{ FT1_LOCK, B(PATH), B(OFFSET) | B(LENGTH) | B(SHARED) | B(WAIT_LOCK),
	    0 },
	{ FT1_UNLOCK, B(PATH), B(OFFSET) | B(LENGTH), 0 },
	{ FT1_LOCKS, 0, B(PATH), 0 },
	{ FT1_UPLOADS, 0, B(PATH), 0 },
	{ FT1_DISCARD, B(UPLOAD), B(PATH), 0 },
	{ FT1_APPEND, B(PATH), B(SIZE) | IF_ANY | B(WAIT_LOCK), 0 },
	{ FT1_WRITE, B(PATH) | B(OFFSET), B(LENGTH) | IF_ANY |
	    B(WAIT_LOCK), 0 },
	{ FT1_TRUNCATE, B(PATH) | B(SIZE), IF_ANY | B(WAIT_LOCK), 0 },
	{ FT1_CP, B(PATH) | B(TARGET), B(TAKEN) | IF_ANY | B(WAIT_LOCK), 0 },
	{ FT1_SUM, B(METHOD) | B(PATH), B(OFFSET) | B(LENGTH) |
	    B(WAIT_LOCK), 0 },
	{ FT1_FIND, 0, B(PATH) | B(PATTERN) | B(KIND) | B(SIZE_LEAST) |
	    B(SIZE_MOST) | B(NEWER) | B(OLDER) | B(DEPTH), 0 },
	{ FT1_DU, 0, B(PATH), 0 },
	{ FT1_DF, 0, B(PATH), 0 },
	{ FT1_TOUCH, B(PATH), B(MODE) | B(MTIME) | IF_ANY | B(WAIT_LOCK), 0 },
	{ FT1_PIECES, B(PATH), B(OFFSET) | B(LENGTH) | B(IF_VERSION) |
	    B(WAIT_LOCK), 0 },
};
#define RULES (sizeof(rules) / sizeof(rules[0]))

START_TEST(each_frame_may_hold_all_that_it_may)
{
	for (size_t i = 0; i < RULES; i++) {
		ck_assert_int_eq(try(rules[i].type, rules[i].must, 0),
		    FT1_GOOD);
		ck_assert_int_eq(try(rules[i].type,
		    rules[i].must | rules[i].may, 0), FT1_GOOD);
	}
}
END_TEST

START_TEST(each_frame_must_hold_all_that_it_must)
{
	for (size_t i = 0; i < RULES; i++)
		for (size_t n = 0; n < FIELDS; n++)
			if ((rules[i].must & BIT(fields[n].tag)) != 0)
				ck_assert_int_eq(try(rules[i].type,
				    rules[i].must & ~BIT(fields[n].tag), 0),
				    FT1_BAD);
}
END_TEST

START_TEST(a_known_field_in_a_frame_it_does_not_belong_to_is_unknown)
{
	uint64_t all;

	for (size_t i = 0; i < RULES; i++) {
		all = rules[i].must | rules[i].may | rules[i].other;
		for (size_t n = 0; n < FIELDS; n++)
			if ((all & BIT(fields[n].tag)) == 0)
				ck_assert_int_eq(try(rules[i].type,
				    rules[i].must | BIT(fields[n].tag), 0),
				    FT1_UNKNOWN);
	}
}
END_TEST

START_TEST(a_field_of_a_wrong_size_breaks_the_protocol)
{
	uint64_t all;

	for (size_t i = 0; i < RULES; i++) {
		all = rules[i].must | rules[i].may;
		for (size_t n = 0; n < FIELDS; n++)
			if ((all & BIT(fields[n].tag)) != 0)
				ck_assert_int_eq(try(rules[i].type, all,
				    BIT(fields[n].tag)), FT1_BAD);
	}
}
END_TEST

START_TEST(unknown_tags_are_refused_or_skipped_by_their_number)
{
	static const enum ft1_tag refused[] = { (enum ft1_tag)0x0000,
	    FT1_TAG_TEXT, (enum ft1_tag)0x0100, (enum ft1_tag)0x7fff };
	static const enum ft1_tag skipped[] = { FT1_TAG_OPTIONAL,
	    FT1_TAG_FEATURES, FT1_TAG_AGENT, (enum ft1_tag)0xffff };

	for (size_t i = 0; i < 4; i++) {
		begin(FT1_PWD, 0);
		ft1_put_string(&frame, refused[i], "what");
		ck_assert_int_eq(decode(), FT1_UNKNOWN);
		begin(FT1_PWD, 0);
		ft1_put_string(&frame, skipped[i], "what");
		ck_assert_int_eq(decode(), FT1_GOOD);
	}
}
END_TEST

START_TEST(fields_that_are_cut_or_do_not_ascend_break_the_protocol)
{
	begin(FT1_MV, 0);
	ft1_put_string(&frame, FT1_TAG_TARGET, "b");
	ft1_put_string(&frame, FT1_TAG_PATH, "a");
	ck_assert_int_eq(decode(), FT1_BAD);
	begin(FT1_STAT, 0);
	ft1_put_string(&frame, FT1_TAG_PATH, "a");
	ft1_put_string(&frame, FT1_TAG_PATH, "a");
	ck_assert_int_eq(decode(), FT1_BAD);
	for (size_t cut = 1; cut < 8; cut++) {
		begin(FT1_STAT, 0);
		ft1_put_string(&frame, FT1_TAG_PATH, "abcd");
		frame.len -= cut;
		ck_assert_int_eq(decode(), FT1_BAD);
	}
}
END_TEST

START_TEST(a_broken_row_is_broken_also_behind_an_unknown_field)
{
	begin(FT1_STAT, 0);
	ft1_put_string(&frame, FT1_TAG_PATH, "a");
	ft1_put_string(&frame, FT1_TAG_TEXT, "what");
	frame.len--;
	ck_assert_int_eq(decode(), FT1_BAD);
	/* What a request looks like that nobody knows, nobody knows. */
	begin(0x4f, 0);
	ft1_put_string(&frame, FT1_TAG_TEXT, "what");
	frame.len--;
	ck_assert_int_eq(decode(), FT1_UNKNOWN);
}
END_TEST

START_TEST(requests_are_told_from_other_frames)
{
	for (unsigned int type = 0; type < 256; type++)
		ck_assert_int_eq(ft1_is_request((uint8_t)type),
		    type >= 0x10 && type <= 0x5f && type != FT1_COMMIT &&
		    type != FT1_ABORT);
}
END_TEST

static enum ft1_verdict
decode_basis(enum ft1_type type, bool has_size, const char *value)
{
	begin(type, 0);
	ft1_put_string(&frame, FT1_TAG_PATH, "a");
	if (has_size)
		ft1_put_u64(&frame, FT1_TAG_SIZE, 1u << 30);
	ft1_put_string(&frame, FT1_TAG_BASIS, value);
	return decode();
}

START_TEST(a_basis_is_for_a_put_of_known_size)
{
	ck_assert_int_eq(decode_basis(FT1_PUT, true, ""), FT1_GOOD);
	ck_assert(request.basis);
	ck_assert_int_eq(decode_basis(FT1_PUT, true, "x"), FT1_BAD);
	ck_assert_int_eq(decode_basis(FT1_PUT, false, ""), FT1_UNKNOWN);
	ck_assert_int_eq(decode_basis(FT1_APPEND, true, ""), FT1_UNKNOWN);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		each_frame_may_hold_all_that_it_may,
		each_frame_must_hold_all_that_it_must,
		a_known_field_in_a_frame_it_does_not_belong_to_is_unknown,
		a_field_of_a_wrong_size_breaks_the_protocol,
		unknown_tags_are_refused_or_skipped_by_their_number,
		fields_that_are_cut_or_do_not_ascend_break_the_protocol,
		a_broken_row_is_broken_also_behind_an_unknown_field,
		requests_are_told_from_other_frames,
		a_basis_is_for_a_put_of_known_size,
		NULL
	};

	return check_main("ft1_decode", tests, NULL, NULL);
}
