/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "ft1.h"

static const struct ft1_header header = { .type = FT1_PUT,
	.flags = FT1_CHAINED, .id = 0x01020304 };

static const uint8_t id[FT1_ID_SIZE] = { 0xfe, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
	11, 12, 13, 14, 15 };

START_TEST(a_header_is_twelve_bytes_big_endian)
{
	static const uint8_t expected[FT1_HEADER_SIZE] = { 0xa1, 0xb2, 0xc3,
		0xd4, 0x13, 0x02, 0x12, 0x34, 0x01, 0x02, 0x03, 0x04 };
	const struct ft1_header full = { 0xa1b2c3d4, 0x13, 2, 0x1234,
		0x01020304 };
	uint8_t bytes[FT1_HEADER_SIZE];
	struct ft1_header back;

	ft1_header_write(bytes, &full);
	ck_assert_mem_eq(bytes, expected, sizeof(expected));
	ft1_header_read(&back, bytes);
	ck_assert_uint_eq(back.length, full.length);
	ck_assert_uint_eq(back.type, full.type);
	ck_assert_uint_eq(back.flags, full.flags);
	ck_assert_uint_eq(back.reserved, full.reserved);
	ck_assert_uint_eq(back.id, full.id);
}
END_TEST

START_TEST(integers_are_big_endian)
{
	uint8_t bytes[9] = { 0 };

	ft1_store_u64(bytes + 1, 0x0102030405060708);	/* not aligned */
	ck_assert_uint_eq(bytes[1], 1);
	ck_assert_uint_eq(bytes[8], 8);
	ck_assert_uint_eq(ft1_load_u64(bytes + 1), 0x0102030405060708);
}
END_TEST

/* A frame with one field of each type; its payload is returned. */
static size_t
write_all_types(uint8_t *bytes, size_t room)
{
	struct ft1_frame frame;

	ft1_frame_begin(&frame, bytes, room, &header);
	ft1_put_u8(&frame, FT1_TAG_ECHO, 1);
	ft1_put_u32(&frame, FT1_TAG_TICKET_SECONDS, 0xfffffffe);
	ft1_put_string(&frame, FT1_TAG_PATH, "/a/b");
	ft1_put_u64(&frame, FT1_TAG_SIZE, UINT64_MAX);
	ft1_put_time(&frame, FT1_TAG_MTIME,
	    (struct file_time){ -1, 999999999 });
	ft1_put_bytes(&frame, FT1_TAG_IF_ABSENT, NULL, 0);
	ft1_put_bytes(&frame, FT1_TAG_IF_VERSION, id, sizeof(id));
	ft1_put_u16(&frame, FT1_TAG_CODE, 0xfffe);
	return ft1_frame_end(&frame);
}

static void
expect_field(struct ft1_fields *fields, enum ft1_tag tag)
{
	ck_assert_int_eq(ft1_field_next(fields), FT1_FIELD);
	ck_assert_uint_eq(fields->tag, tag);
}

START_TEST(all_types_of_fields_come_back)
{
	struct ft1_fields fields;
	struct file_time time;
	uint8_t bytes[256], got[FT1_ID_SIZE], u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
	size_t len = write_all_types(bytes, sizeof(bytes));

	ck_assert_uint_eq(len, 12 + 5 + 8 + 8 + 12 + 16 + 4 + 20 + 6);
	ck_assert_uint_eq(bytes[3], len - FT1_HEADER_SIZE);
	ft1_fields_begin(&fields, bytes + FT1_HEADER_SIZE,
	    len - FT1_HEADER_SIZE);
	expect_field(&fields, FT1_TAG_ECHO);
	ck_assert(ft1_get_u8(&fields, &u8) && u8 == 1);
	expect_field(&fields, FT1_TAG_TICKET_SECONDS);
	ck_assert(ft1_get_u32(&fields, &u32) && u32 == 0xfffffffe);
	expect_field(&fields, FT1_TAG_PATH);
	ck_assert_uint_eq(fields.len, 4);
	ck_assert_mem_eq(fields.value, "/a/b", 4);
	expect_field(&fields, FT1_TAG_SIZE);
	ck_assert(ft1_get_u64(&fields, &u64) && u64 == UINT64_MAX);
	expect_field(&fields, FT1_TAG_MTIME);
	ck_assert(ft1_get_time(&fields, &time) && time.seconds == -1 &&
	    time.nanoseconds == 999999999);
	expect_field(&fields, FT1_TAG_IF_ABSENT);
	ck_assert_uint_eq(fields.len, 0);
	expect_field(&fields, FT1_TAG_IF_VERSION);
	ck_assert(ft1_get_id(&fields, got));
	ck_assert_mem_eq(got, id, sizeof(id));
	expect_field(&fields, FT1_TAG_CODE);
	ck_assert(ft1_get_u16(&fields, &u16) && u16 == 0xfffe);
	ck_assert_int_eq(ft1_field_next(&fields), FT1_END);
	ck_assert_int_eq(ft1_field_next(&fields), FT1_END);
}
END_TEST

START_TEST(a_field_of_another_size_is_refused)
{
	static const uint8_t payload[] = { 0, 1, 0, 3, 'a', 'b', 'c' };
	struct ft1_fields fields;
	struct file_time time;
	uint8_t u8, got[FT1_ID_SIZE];
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	ft1_fields_begin(&fields, payload, sizeof(payload));
	ck_assert_int_eq(ft1_field_next(&fields), FT1_FIELD);
	ck_assert(!ft1_get_u8(&fields, &u8));
	ck_assert(!ft1_get_u16(&fields, &u16));
	ck_assert(!ft1_get_u32(&fields, &u32));
	ck_assert(!ft1_get_u64(&fields, &u64));
	ck_assert(!ft1_get_id(&fields, got));
	ck_assert(!ft1_get_time(&fields, &time));
}
END_TEST

START_TEST(a_second_has_less_than_10_9_nanoseconds)
{
	struct ft1_fields fields;
	struct ft1_frame frame;
	struct file_time time;
	uint8_t bytes[64];
	size_t len;

	ft1_frame_begin(&frame, bytes, sizeof(bytes), &header);
	ft1_put_time(&frame, FT1_TAG_MTIME,
	    (struct file_time){ 0, 1000000000 });
	len = ft1_frame_end(&frame);
	ft1_fields_begin(&fields, bytes + FT1_HEADER_SIZE,
	    len - FT1_HEADER_SIZE);
	ck_assert_int_eq(ft1_field_next(&fields), FT1_FIELD);
	ck_assert(!ft1_get_time(&fields, &time));
}
END_TEST

/* How reading a row of fields ends, and after how many. */
static enum ft1_next
read_fields(const uint8_t *payload, size_t len, int *count)
{
	/* Memory of that size alone, so that a sanitizer sees each step. */
	uint8_t *copy = malloc(len == 0 ? 1 : len);
	struct ft1_fields fields;
	enum ft1_next next;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, payload, len);
	ft1_fields_begin(&fields, copy, len);
	for (*count = 0; (next = ft1_field_next(&fields)) == FT1_FIELD;
	    (*count)++)
		ck_assert(fields.len == 0 || (fields.value >= copy &&
		    fields.value + fields.len <= copy + len));
	free(copy);
	return next;
}

START_TEST(fields_that_are_cut_anywhere_are_broken)
{
	/* Where one ends and the next begins, the row is whole. */
	static const size_t whole[] = { 0, 5, 13, 21, 33, 49, 53, 73, 79 };
	uint8_t bytes[256];
	size_t cut, at = 0, len = write_all_types(bytes, sizeof(bytes)) -
	    FT1_HEADER_SIZE;
	int count;

	for (cut = 0; cut <= len; cut++)
		if (cut == whole[at]) {
			ck_assert_int_eq(read_fields(bytes + FT1_HEADER_SIZE,
			    cut, &count), FT1_END);
			ck_assert_int_eq(count, (int)at++);
		} else
			ck_assert_int_eq(read_fields(bytes + FT1_HEADER_SIZE,
			    cut, &count), FT1_BROKEN);
	ck_assert_uint_eq(at, sizeof(whole) / sizeof(whole[0]));
}
END_TEST

START_TEST(tags_ascend)
{
	static const uint8_t twice[] = { 0, 2, 0, 0, 0, 2, 0, 0 };
	static const uint8_t down[] = { 0, 2, 0, 0, 0, 1, 0, 0 };
	static const uint8_t up[] = { 0, 0, 0, 0, 0xff, 0xff, 0, 0 };
	static const uint8_t behind_last[] = { 0xff, 0xff, 0, 0, 0, 0, 0, 0 };
	int count;

	ck_assert_int_eq(read_fields(twice, 8, &count), FT1_BROKEN);
	ck_assert_int_eq(read_fields(down, 8, &count), FT1_BROKEN);
	ck_assert_int_eq(read_fields(behind_last, 8, &count), FT1_BROKEN);
	ck_assert_int_eq(read_fields(up, 8, &count), FT1_END);
	ck_assert_int_eq(count, 2);
}
END_TEST

START_TEST(a_frame_that_does_not_fit_is_told)
{
	uint8_t bytes[256], *exact;
	size_t room, len = write_all_types(bytes, sizeof(bytes));

	for (room = 0; room <= len; room++) {
		exact = malloc(room == 0 ? 1 : room);
		ck_assert_ptr_nonnull(exact);
		ck_assert_uint_eq(write_all_types(exact, room),
		    room < len ? 0 : len);
		free(exact);
	}
}
END_TEST

START_TEST(a_value_of_over_64_KiB_does_not_fit)
{
	uint8_t *big = calloc(1, 200000);
	struct ft1_frame frame;

	ck_assert_ptr_nonnull(big);
	ft1_frame_begin(&frame, big, 100000, &header);
	ft1_put_bytes(&frame, FT1_TAG_TEXT, big + 100000, 65536);
	ck_assert_uint_eq(ft1_frame_end(&frame), 0);
	free(big);
}
END_TEST

static const struct ft1_entry entry = { .type = 'f', .mode = 0640,
	.size = 0x123456789a, .mtime = { -5, 7 }, .version = { 9, 8, 7 },
	.name = "na\nme\xff", .name_len = 6 };

static void
expect_entry(const struct ft1_entry *found)
{
	ck_assert_int_eq(found->type, entry.type);
	ck_assert_uint_eq(found->mode, entry.mode);
	ck_assert_uint_eq(found->size, entry.size);
	ck_assert_int_eq(found->mtime.seconds, entry.mtime.seconds);
	ck_assert_uint_eq(found->mtime.nanoseconds, entry.mtime.nanoseconds);
	ck_assert_mem_eq(found->version, entry.version, FT1_ID_SIZE);
	ck_assert_uint_eq(found->name_len, entry.name_len);
	ck_assert_mem_eq(found->name, entry.name, entry.name_len);
}

START_TEST(entries_come_back_in_a_row)
{
	uint8_t bytes[256];
	const uint8_t *at = bytes;
	size_t i, size = ft1_entry_size(&entry), left = 3 * size;
	struct ft1_entry found;

	ck_assert_uint_eq(size, 2 + 42 + 6);
	for (i = 0; i < 3; i++)
		ft1_entry_write(bytes + i * size, &entry);
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(ft1_entry_next(&found, &at, &left),
		    FT1_FIELD);
		expect_entry(&found);
	}
	ck_assert_int_eq(ft1_entry_next(&found, &at, &left), FT1_END);
}
END_TEST

START_TEST(an_entry_in_a_field_comes_back)
{
	struct ft1_fields fields;
	struct ft1_frame frame;
	struct ft1_entry found;
	uint8_t bytes[256];
	size_t len;

	ft1_frame_begin(&frame, bytes, sizeof(bytes), &header);
	ft1_put_entry(&frame, &entry);
	len = ft1_frame_end(&frame);
	ft1_fields_begin(&fields, bytes + FT1_HEADER_SIZE,
	    len - FT1_HEADER_SIZE);
	expect_field(&fields, FT1_TAG_ENTRY);
	ck_assert(ft1_entry_read(&found, fields.value, fields.len));
	expect_entry(&found);
}
END_TEST

START_TEST(an_entry_that_is_cut_anywhere_is_broken)
{
	size_t cut, left, size = ft1_entry_size(&entry);
	struct ft1_entry found;
	uint8_t bytes[64], *exact;
	const uint8_t *at;

	ft1_entry_write(bytes, &entry);
	for (cut = 1; cut < size; cut++) {
		exact = malloc(cut);
		ck_assert_ptr_nonnull(exact);
		memcpy(exact, bytes, cut);
		at = exact;
		left = cut;
		ck_assert_int_eq(ft1_entry_next(&found, &at, &left),
		    FT1_BROKEN);
		if (cut > 2)
			ck_assert(!ft1_entry_read(&found, exact + 2,
			    cut - 2));
		free(exact);
	}
}
END_TEST

START_TEST(what_later_versions_append_to_an_entry_is_skipped)
{
	size_t left, size = ft1_entry_size(&entry);
	struct ft1_entry found;
	uint8_t bytes[64];
	const uint8_t *at = bytes;

	ft1_entry_write(bytes, &entry);
	memcpy(bytes + size, "new", 3);
	bytes[1] = (uint8_t)(bytes[1] + 3);
	left = size + 3;
	ck_assert_int_eq(ft1_entry_next(&found, &at, &left), FT1_FIELD);
	expect_entry(&found);
	ck_assert_uint_eq(left, 0);
}
END_TEST

START_TEST(an_entry_of_an_unknown_kind_or_time_is_broken)
{
	struct ft1_entry found;
	uint8_t bytes[64];
	size_t len = ft1_entry_size(&entry) - 2;

	ft1_entry_write(bytes, &entry);
	ck_assert(ft1_entry_read(&found, bytes + 2, len));
	bytes[2] = 'x';
	ck_assert(!ft1_entry_read(&found, bytes + 2, len));
	bytes[2] = '\0';
	ck_assert(!ft1_entry_read(&found, bytes + 2, len));
	bytes[2] = 'd';
	memset(bytes + 2 + 20, 0xff, 4);
	ck_assert(!ft1_entry_read(&found, bytes + 2, len));
}
END_TEST

START_TEST(members_come_back_in_a_row)
{
	static const uint8_t digest[FT1_ID_SIZE] = { 1, 2, 3 };
	struct ft1_member member = { .kind = FT1_MEMBER_WHOLE, .entry = {
	    .type = 'f', .size = 4, .name = "d/f", .name_len = 3 } }, found;
	const uint8_t *at;
	uint8_t bytes[512];
	size_t left;

	memcpy(ft1_member_write(bytes, &member), "text", 4);
	ft1_member_seal(bytes, digest);
	left = ft1_member_size(&member);
	member = (struct ft1_member){ .kind = FT1_MEMBER_FAILED, .code = 7,
	    .class = 1, .entry = { .name = "g", .name_len = 1 },
	    .text = "why", .text_len = 3 };
	(void)ft1_member_write(bytes + left, &member);
	left += ft1_member_size(&member);
	member = (struct ft1_member){ .kind = FT1_MEMBER_TOTAL,
	    .files = 3, .bytes = UINT64_MAX };
	(void)ft1_member_write(bytes + left, &member);
	left += ft1_member_size(&member);
	at = bytes;
	ck_assert_int_eq(ft1_member_next(&found, &at, &left), FT1_FIELD);
	ck_assert_int_eq(found.kind, FT1_MEMBER_WHOLE);
	ck_assert_mem_eq(found.content, "text", 4);
	ck_assert_mem_eq(found.entry.name, "d/f", 3);
	ck_assert_mem_eq(found.digest, digest, sizeof(digest));
	ck_assert_int_eq(ft1_member_next(&found, &at, &left), FT1_FIELD);
	ck_assert_int_eq(found.kind, FT1_MEMBER_FAILED);
	ck_assert_uint_eq(found.code, 7);
	ck_assert_mem_eq(found.text, "why", found.text_len);
	ck_assert_int_eq(ft1_member_next(&found, &at, &left), FT1_FIELD);
	ck_assert_int_eq(found.kind, FT1_MEMBER_TOTAL);
	ck_assert_uint_eq(found.files, 3);
	ck_assert(found.bytes == UINT64_MAX);
	ck_assert_int_eq(ft1_member_next(&found, &at, &left), FT1_END);
}
END_TEST

START_TEST(a_member_that_is_cut_anywhere_is_broken)
{
	struct ft1_member member = { .kind = FT1_MEMBER_WHOLE, .entry = {
	    .type = 'f', .size = 4, .name = "f", .name_len = 1 } }, found;
	uint8_t bytes[512] = { 0 };
	size_t len = ft1_member_size(&member), left, cut;
	const uint8_t *at;

	(void)ft1_member_write(bytes, &member);
	for (cut = 1; cut < len; cut++) {
		/* Short of its length, or with a length that is short of it. */
		at = bytes;
		left = cut;
		ck_assert_int_eq(ft1_member_next(&found, &at, &left),
		    FT1_BROKEN);
		if (cut < 2)
			continue;
		bytes[1] = (uint8_t)(cut - 2);
		ck_assert_int_eq(ft1_member_next(&found, &at, &left),
		    FT1_BROKEN);
		bytes[1] = (uint8_t)(len - 2);
	}
}
END_TEST

START_TEST(types_have_words)
{
	ck_assert_str_eq(ft1_type_word(FT1_GET), "GET");
	ck_assert_str_eq(ft1_type_word(FT1_BEGUN), "BEGUN");
	ck_assert_ptr_null(ft1_type_word(0));
	ck_assert_ptr_null(ft1_type_word(0x50));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_header_is_twelve_bytes_big_endian,
		integers_are_big_endian,
		all_types_of_fields_come_back,
		a_field_of_another_size_is_refused,
		a_second_has_less_than_10_9_nanoseconds,
		fields_that_are_cut_anywhere_are_broken,
		tags_ascend,
		a_frame_that_does_not_fit_is_told,
		a_value_of_over_64_KiB_does_not_fit,
		entries_come_back_in_a_row,
		an_entry_in_a_field_comes_back,
		an_entry_that_is_cut_anywhere_is_broken,
		what_later_versions_append_to_an_entry_is_skipped,
		an_entry_of_an_unknown_kind_or_time_is_broken,
		members_come_back_in_a_row,
		a_member_that_is_cut_anywhere_is_broken,
		types_have_words,
		NULL
	};

	return check_main("ft1", tests, NULL, NULL);
}
