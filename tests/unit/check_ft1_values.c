/* SPDX-License-Identifier: ISC */
/* What the fields of a frame say. */
#include "config.h"

#include "decode_support.h"

START_TEST(values_that_make_no_sense_break_the_protocol)
{
	begin(FT1_HELLO, 0);
	ft1_put_bytes(&frame, FT1_TAG_VERSIONS, "\0\2\0\1", 4);
	ck_assert_int_eq(decode(), FT1_BAD);
	begin(FT1_PUT, 0);
	ft1_put_string(&frame, FT1_TAG_PATH, "a");
	ft1_put_bytes(&frame, FT1_TAG_MTIME,
	    "\0\0\0\0\0\0\0\0\x3b\x9a\xca\0", 12);
	ck_assert_int_eq(decode(), FT1_BAD);
	begin(FT1_PUT, 0);
	ft1_put_string(&frame, FT1_TAG_PATH, "a");
	ft1_put_u8(&frame, FT1_TAG_TAKEN, 3);
	ck_assert_int_eq(decode(), FT1_BAD);
	/* Known, but not for every request. */
	begin(FT1_PUT, 0);
	ft1_put_string(&frame, FT1_TAG_PATH, "a");
	ft1_put_u8(&frame, FT1_TAG_TAKEN, 2);
	ck_assert_int_eq(decode(), FT1_GOOD);
	begin(FT1_MV, 0);
	ft1_put_string(&frame, FT1_TAG_PATH, "a");
	ft1_put_string(&frame, FT1_TAG_TARGET, "b");
	ft1_put_u8(&frame, FT1_TAG_TAKEN, 2);
	ck_assert_int_eq(decode(), FT1_UNKNOWN);
}
END_TEST

static enum ft1_verdict
tree(const char *path, unsigned int taken, const char *id)
{
	begin(FT1_TREE, 0);
	if (path != NULL)
		ft1_put_string(&frame, FT1_TAG_PATH, path);
	if (taken != UINT8_MAX)
		ft1_put_u8(&frame, FT1_TAG_TAKEN, (uint8_t)taken);
	if (id != NULL)
		ft1_put_bytes(&frame, FT1_TAG_UPLOAD, id, strlen(id));
	return decode();
}

START_TEST(a_folder_as_one_is_begun_or_taken_up)
{
	static const char id[] = "iiiiiiiiiiiiiiii";

	ck_assert_int_eq(tree("a", 1, NULL), FT1_GOOD);
	ck_assert_int_eq(tree("a", 2, NULL), FT1_GOOD);
	ck_assert_int_eq(tree("a", UINT8_MAX, NULL), FT1_GOOD);
	ck_assert_int_eq(tree(NULL, UINT8_MAX, id), FT1_GOOD);
	ck_assert_int_eq(request.verb, VERB_TREE);
	ck_assert(request.has_upload);
	ck_assert_int_eq(tree("a", 0, NULL), FT1_UNKNOWN);
	ck_assert_int_eq(tree("a", UINT8_MAX, id), FT1_UNKNOWN);
	ck_assert_int_eq(tree(NULL, 1, NULL), FT1_BAD);
	ck_assert_int_eq(tree(NULL, UINT8_MAX, "short"), FT1_BAD);
	begin(FT1_TREE_COMMIT, 0);
	ft1_put_bytes(&frame, FT1_TAG_DIGEST, "dddddddddddddddd", 16);
	ft1_put_bytes(&frame, FT1_TAG_UPLOAD, id, 16);
	ft1_put_u64(&frame, FT1_TAG_COUNT, 5);
	ck_assert_int_eq(decode(), FT1_GOOD);
	ck_assert_uint_eq(request.count, 5);
	ck_assert_mem_eq(request.digest, "dddddddddddddddd", 16);
	begin(FT1_TREE_COMMIT, 0);
	ft1_put_bytes(&frame, FT1_TAG_UPLOAD, id, 16);
	ck_assert_int_eq(decode(), FT1_BAD);
}
END_TEST

START_TEST(members_are_files_and_folders_without_conditions)
{
	static const char id[] = "iiiiiiiiiiiiiiii";
	static const enum ft1_type types[] = { FT1_PUT, FT1_MKDIR };

	for (size_t i = 0; i < 2; i++) {
		begin(types[i], 0);
		ft1_put_string(&frame, FT1_TAG_PATH, "a");
		ft1_put_bytes(&frame, FT1_TAG_TREE, id, 16);
		ck_assert_int_eq(decode(), FT1_GOOD);
		ck_assert(request.has_tree);
		ck_assert_mem_eq(request.tree, id, 16);
	}
	begin(FT1_PUT, 0);
	ft1_put_string(&frame, FT1_TAG_PATH, "a");
	ft1_put_u8(&frame, FT1_TAG_TAKEN, 1);
	ft1_put_bytes(&frame, FT1_TAG_TREE, id, 16);
	ck_assert_int_eq(decode(), FT1_UNKNOWN);
	begin(FT1_MKDIR, 0);
	ft1_put_string(&frame, FT1_TAG_PATH, "a");
	ft1_put_bytes(&frame, FT1_TAG_PARENTS, "", 0);
	ft1_put_bytes(&frame, FT1_TAG_TREE, id, 16);
	ck_assert_int_eq(decode(), FT1_UNKNOWN);
	begin(FT1_RM, 0);
	ft1_put_string(&frame, FT1_TAG_PATH, "a");
	ft1_put_bytes(&frame, FT1_TAG_TREE, id, 16);
	ck_assert_int_eq(decode(), FT1_UNKNOWN);
	begin(FT1_PUT, 0);
	ft1_put_string(&frame, FT1_TAG_PATH, "a");
	ft1_put_bytes(&frame, FT1_TAG_TREE, id, 15);
	ck_assert_int_eq(decode(), FT1_BAD);
}
END_TEST

START_TEST(a_request_says_what_its_frame_says)
{
	begin(FT1_PUT, FT1_CHAINED);
	for (size_t i = 0; i < FIELDS; i++)
		if (fields[i].tag == FT1_TAG_PATH ||
		    (fields[i].tag >= FT1_TAG_SIZE &&
		    fields[i].tag <= FT1_TAG_IF_VERSION))
			ft1_put_bytes(&frame, fields[i].tag, fields[i].value,
			    fields[i].len);
	ck_assert_int_eq(decode(), FT1_GOOD);
	ck_assert_int_eq(request.verb, VERB_PUT);
	ck_assert_uint_eq(request.id, 7);
	ck_assert(request.chained);
	ck_assert_uint_eq(request.path.len, 1);
	ck_assert_mem_eq(request.path.at, "a", 1);
	ck_assert_ptr_null(request.target.at);
	ck_assert(!request.has_offset && !request.has_length);
	ck_assert(request.has_size && request.has_mode && request.has_mtime);
	ck_assert_uint_eq(request.size, 3);
	ck_assert_uint_eq(request.mode, 0644);
	ck_assert_int_eq(request.mtime.seconds, 5);
	ck_assert_uint_eq(request.mtime.nanoseconds, 6);
	ck_assert_uint_eq(request.taken, 1);
	ck_assert(request.if_absent && request.if_version);
	ck_assert_mem_eq(request.version, "vvvvvvvvvvvvvvvv", 16);
}
END_TEST

/* With each field but those of login. */
static void
decode_with_all(enum ft1_type type, uint64_t tags)
{
	ck_assert_int_eq(try(type, tags, 0), FT1_GOOD);
}

START_TEST(newer_requests_say_what_their_frames_say)
{
	decode_with_all(FT1_FIND, BIT(FT1_TAG_PATTERN) | BIT(FT1_TAG_KIND) |
	    BIT(FT1_TAG_SIZE_LEAST) | BIT(FT1_TAG_SIZE_MOST) |
	    BIT(FT1_TAG_NEWER) | BIT(FT1_TAG_OLDER) | BIT(FT1_TAG_DEPTH));
	ck_assert_int_eq(request.verb, VERB_FIND);
	ck_assert_uint_eq(request.pattern.len, 3);
	ck_assert_mem_eq(request.pattern.at, "*.c", 3);
	ck_assert_uint_eq(request.kind, 'f');
	ck_assert(request.has_size_least && request.has_size_most &&
	    request.has_newer && request.has_older && request.has_depth);
	ck_assert_uint_eq(request.size_least, 7);
	ck_assert_uint_eq(request.size_most, 8);
	ck_assert_int_eq(request.newer.seconds, 9);
	ck_assert_int_eq(request.older.seconds, 10);
	ck_assert_uint_eq(request.older.nanoseconds, 2);
	ck_assert_uint_eq(request.depth, 11);
	decode_with_all(FT1_LOCK, BIT(FT1_TAG_PATH) | BIT(FT1_TAG_OFFSET) |
	    BIT(FT1_TAG_LENGTH) | BIT(FT1_TAG_SHARED) |
	    BIT(FT1_TAG_WAIT_LOCK));
	ck_assert_int_eq(request.verb, VERB_LOCK);
	ck_assert(request.shared && request.has_offset && request.has_length);
	ck_assert_uint_eq(request.wait, 3600);
	decode_with_all(FT1_SUM, BIT(FT1_TAG_PATH) | BIT(FT1_TAG_METHOD));
	ck_assert_int_eq(request.verb, VERB_SUM);
	ck_assert_mem_eq(request.method.at, "password", 8);
	decode_with_all(FT1_RM, BIT(FT1_TAG_PATH) | BIT(FT1_TAG_RECURSIVE));
	ck_assert(request.recursive && !request.parents && !request.shared);
	decode_with_all(FT1_MKDIR, BIT(FT1_TAG_PATH) | BIT(FT1_TAG_PARENTS));
	ck_assert(request.parents && !request.recursive);
	decode_with_all(FT1_DISCARD, BIT(FT1_TAG_UPLOAD));
	ck_assert_int_eq(request.verb, VERB_DISCARD);
	ck_assert(request.has_upload);
	ck_assert_mem_eq(request.upload, "uuuuuuuuuuuuuuuu", 16);
}
END_TEST

START_TEST(a_part_of_an_upload_needs_both_its_ends)
{
	uint64_t tags = BIT(FT1_TAG_UPLOAD);

	ck_assert_int_eq(try(FT1_PUT, tags | BIT(FT1_TAG_OFFSET), 0),
	    FT1_UNKNOWN);
	ck_assert_int_eq(try(FT1_PUT, tags | BIT(FT1_TAG_LENGTH), 0),
	    FT1_UNKNOWN);
	ck_assert_int_eq(try(FT1_PUT, 0, 0), FT1_BAD);
}
END_TEST

START_TEST(a_wait_has_a_bound)
{
	begin(FT1_LOCK, 0);
	ft1_put_string(&frame, FT1_TAG_PATH, "a");
	ft1_put_u32(&frame, FT1_TAG_WAIT_LOCK, FT1_LOCK_WAIT_MAX);
	ck_assert_int_eq(decode(), FT1_GOOD);
	begin(FT1_LOCK, 0);
	ft1_put_string(&frame, FT1_TAG_PATH, "a");
	ft1_put_u32(&frame, FT1_TAG_WAIT_LOCK, FT1_LOCK_WAIT_MAX + 1);
	ck_assert_int_eq(decode(), FT1_BAD);
}
END_TEST

START_TEST(a_path_may_be_empty_and_hold_any_bytes)
{
	begin(FT1_STAT, 0);
	ft1_put_bytes(&frame, FT1_TAG_PATH, "", 0);
	ck_assert_int_eq(decode(), FT1_GOOD);
	ck_assert_ptr_nonnull(request.path.at);
	ck_assert_uint_eq(request.path.len, 0);
	begin(FT1_STAT, 0);
	ft1_put_bytes(&frame, FT1_TAG_PATH, "a\0\xff\n", 4);
	ck_assert_int_eq(decode(), FT1_GOOD);
	ck_assert_uint_eq(request.path.len, 4);
	begin(FT1_LIST, 0);
	ck_assert_int_eq(decode(), FT1_GOOD);
	ck_assert_ptr_null(request.path.at);
}
END_TEST

START_TEST(a_login_may_hold_its_response)
{
	begin(FT1_LOGIN, 0);
	ft1_put_string(&frame, FT1_TAG_USER, "alice");
	ft1_put_string(&frame, FT1_TAG_METHOD, "password");
	ck_assert_int_eq(decode(), FT1_GOOD);
	ck_assert_ptr_null(login.response.at);
	begin(FT1_LOGIN, 0);
	ft1_put_string(&frame, FT1_TAG_USER, "alice");
	ft1_put_string(&frame, FT1_TAG_METHOD, "password");
	ft1_put_string(&frame, FT1_TAG_RESPONSE, "");
	ck_assert_int_eq(decode(), FT1_GOOD);
	ck_assert_ptr_nonnull(login.response.at);
	ck_assert_uint_eq(login.response.len, 0);
	ck_assert_mem_eq(login.user.at, "alice", 5);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		values_that_make_no_sense_break_the_protocol,
		a_folder_as_one_is_begun_or_taken_up,
		members_are_files_and_folders_without_conditions,
		a_request_says_what_its_frame_says,
		newer_requests_say_what_their_frames_say,
		a_part_of_an_upload_needs_both_its_ends,
		a_wait_has_a_bound,
		a_path_may_be_empty_and_hold_any_bytes,
		a_login_may_hold_its_response,
		NULL
	};

	return check_main("ft1_values", tests, NULL, NULL);
}
