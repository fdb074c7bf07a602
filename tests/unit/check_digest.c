/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "check_main.h"
#include "digest.h"

#define MIB ((size_t)DIGEST_PIECE)

static uint8_t *bytes;		/* of 4 MiB */

static void
fill(void)
{
	size_t i;

	for (i = 0; i < 4 * MIB; i++)
		bytes[i] = (uint8_t)(i * 31 + (i >> 9));
}

static void
set_up(void)
{
	bytes = malloc(4 * MIB);
	ck_assert_ptr_nonnull(bytes);
	fill();
}

static void
tear_down(void)
{
	free(bytes);
}

/* By the words of the protocol's page, and nothing of digest.c. */
static void
by_the_book(uint8_t out[DIGEST_SIZE], uint64_t offset, const uint8_t *at,
    size_t len)
{
	XXH128_canonical_t pieces[16], whole;
	size_t count = 0, n;

	for (; len > 0; len -= n, at += n, offset += n) {
		n = MIB - offset % MIB;
		if (n > len)
			n = len;
		ck_assert_uint_lt(count, 16);
		XXH128_canonicalFromHash(&pieces[count++],
		    XXH3_128bits(at, n));
	}
	XXH128_canonicalFromHash(&whole,
	    XXH3_128bits(pieces, count * sizeof(pieces[0])));
	memcpy(out, whole.digest, DIGEST_SIZE);
}

/* Feed in steps of at most `step` bytes. */
static void
by_steps(uint8_t out[DIGEST_SIZE], uint64_t offset, size_t len, size_t step)
{
	struct digest *digest = digest_begin(offset);
	size_t done, n;

	ck_assert_ptr_nonnull(digest);
	for (done = 0; done < len; done += n) {
		n = step < len - done ? step : len - done;
		digest_update(digest, bytes + done, n);
	}
	ck_assert_uint_eq(digest_offset(digest), offset + len);
	digest_end(digest, out);
}

static void
expect_same(uint64_t offset, size_t len, size_t step)
{
	uint8_t expected[DIGEST_SIZE], found[DIGEST_SIZE];

	by_the_book(expected, offset, bytes, len);
	by_steps(found, offset, len, step);
	ck_assert_mem_eq(found, expected, DIGEST_SIZE);
}

START_TEST(known_contents_have_known_digests)
{
	struct digest *digest = digest_begin(0);
	char hex[DIGEST_HEX_SIZE];
	uint8_t out[DIGEST_SIZE];

	/* XXH128 of nothing, as `xxh128sum /dev/null` prints it. */
	digest_end(digest, out);
	digest_hex(hex, out);
	ck_assert_str_eq(hex, "99aa06d3014798d86001c324468d497f");
}
END_TEST

START_TEST(contents_of_all_sizes_agree_with_the_book)
{
	static const size_t sizes[] = { 0, 1, 2, 240, 241, 4096, 65536,
		MIB - 1, MIB, MIB + 1, 2 * MIB - 1, 2 * MIB, 3 * MIB + 7,
		4 * MIB };
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		expect_same(0, sizes[i], sizes[i] + 1);
}
END_TEST

START_TEST(the_way_bytes_are_cut_does_not_matter)
{
	static const size_t steps[] = { 1000, 4096, 262144, 300001, MIB - 1,
		MIB, MIB + 1, 2 * MIB };
	size_t i;

	expect_same(0, 3000, 1);
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		expect_same(0, 3 * MIB + 4321, steps[i]);
}
END_TEST

START_TEST(ranges_are_cut_at_whole_MiBs_of_the_file)
{
	expect_same(MIB, 2 * MIB, 262144);
	expect_same(1, 2 * MIB, 262144);
	expect_same(MIB - 1, 2, 1);
	expect_same(5 * MIB + 12345, 3 * MIB + 1, 4096);
	expect_same((uint64_t)1 << 40, 100, 100);
	expect_same(7, 0, 1);
}
END_TEST

START_TEST(holes_equal_zeros)
{
	/* bytes, hole, bytes */
	static const size_t parts[][3] = {
		{ 0, 5, 0 }, { 0, MIB, 0 }, { 0, 3 * MIB, 1 }, { 1, 1, 1 },
		{ 10, 2 * MIB, 10 }, { MIB, MIB, MIB }, { MIB - 1, 1, MIB },
		{ MIB - 1, MIB + 2, 5 }, { 65536, 65536, 65536 },
		{ 3, MIB - 3, 0 }, { 5, 70000, 7 },
	};
	uint8_t expected[DIGEST_SIZE], found[DIGEST_SIZE];
	struct digest *digest;
	uint64_t offset;
	size_t i, all;

	for (i = 0; i < 2 * sizeof(parts) / sizeof(parts[0]); i++) {
		const size_t *part = parts[i / 2];

		offset = i % 2 == 0 ? 0 : 777777;
		all = part[0] + part[1] + part[2];
		fill();
		memset(bytes + part[0], 0, part[1]);
		by_the_book(expected, offset, bytes, all);
		digest = digest_begin(offset);
		digest_update(digest, bytes, part[0]);
		digest_skip(digest, part[1]);
		digest_update(digest, bytes + part[0] + part[1], part[2]);
		ck_assert_uint_eq(digest_offset(digest), offset + all);
		digest_end(digest, found);
		ck_assert_mem_eq(found, expected, DIGEST_SIZE);
	}
}
END_TEST

START_TEST(one_changed_bit_changes_the_digest)
{
	uint8_t before[DIGEST_SIZE], after[DIGEST_SIZE];

	by_steps(before, 0, 3 * MIB, 262144);
	bytes[MIB + 5] ^= 1;
	by_steps(after, 0, 3 * MIB, 262144);
	ck_assert_mem_ne(before, after, DIGEST_SIZE);
}
END_TEST

START_TEST(a_hole_of_a_TiB_takes_no_time)
{
	struct digest *digest = digest_begin(0);
	uint8_t out[DIGEST_SIZE], zero[DIGEST_SIZE] = { 0 };

	digest_skip(digest, (uint64_t)1 << 40);
	ck_assert_uint_eq(digest_offset(digest), (uint64_t)1 << 40);
	digest_end(digest, out);
	ck_assert_mem_ne(out, zero, DIGEST_SIZE);
	digest_drop(digest_begin(3));
	digest_drop(NULL);
}
END_TEST

static void
take_piece(void *ctx, uint64_t offset, uint64_t count,
    const uint8_t piece[DIGEST_SIZE])
{
	struct digest *sum = ctx;

	(void)offset;
	for (; count > 0; count--)
		digest_add(sum, piece);
}

START_TEST(pieces_that_are_told_make_the_whole)
{
	static uint8_t some[3 * DIGEST_PIECE / 2];
	struct digest *whole = digest_begin(0), *sum = digest_begin(0);
	uint8_t one[DIGEST_SIZE], other[DIGEST_SIZE];

	memset(some, 'x', sizeof(some));
	digest_listen(whole, take_piece, sum);
	digest_update(whole, some, sizeof(some));
	digest_skip(whole, 5 * (uint64_t)DIGEST_PIECE);
	digest_update(whole, some, 7);
	digest_cut(whole);
	digest_end(whole, one);
	digest_end(sum, other);
	ck_assert_mem_eq(one, other, DIGEST_SIZE);
}
END_TEST

START_TEST(the_digest_of_a_hole_is_that_of_zeros)
{
	static const uint8_t zeros[DIGEST_PIECE];
	uint8_t one[DIGEST_SIZE], other[DIGEST_SIZE];

	digest_of_piece(one, zeros, sizeof(zeros));
	digest_of_hole(other);
	ck_assert_mem_eq(one, other, DIGEST_SIZE);
}
END_TEST

START_TEST(hex_is_lower_case)
{
	const uint8_t id[DIGEST_SIZE] = { 0x00, 0x0f, 0xf0, 0xff, 0xab,
		[15] = 0x01 };
	char hex[DIGEST_HEX_SIZE];

	digest_hex(hex, id);
	ck_assert_str_eq(hex, "000ff0ffab0000000000000000000001");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		known_contents_have_known_digests,
		contents_of_all_sizes_agree_with_the_book,
		the_way_bytes_are_cut_does_not_matter,
		ranges_are_cut_at_whole_MiBs_of_the_file,
		holes_equal_zeros,
		one_changed_bit_changes_the_digest,
		a_hole_of_a_TiB_takes_no_time,
		pieces_that_are_told_make_the_whole,
		the_digest_of_a_hole_is_that_of_zeros,
		hex_is_lower_case,
		NULL
	};

	return check_main("digest", tests, set_up, tear_down);
}
