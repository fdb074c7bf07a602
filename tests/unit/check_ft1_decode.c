/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <string.h>

#include "check_main.h"
#include "ft1_decode.h"

/* Each field that a client's frame can hold, with a good value. */
static const struct field {
	enum ft1_tag	 tag;
	const char	*value;
	size_t		 len;
	size_t		 wrong;		/* a length that it cannot have */
} fields[] = {
	{ FT1_TAG_VERSIONS, "\0\1\0\1", 4, 3 },
	{ FT1_TAG_USER, "alice", 5, 0 },
	{ FT1_TAG_METHOD, "password", 8, 0 },
	{ FT1_TAG_RESPONSE, "secret", 6, 4097 },
	{ FT1_TAG_TICKET_SECONDS, "\0\0\1\0", 4, 8 },
	{ FT1_TAG_PATH, "a", 1, 4096 },
	{ FT1_TAG_TARGET, "b", 1, 0 },
	{ FT1_TAG_OFFSET, "\0\0\0\0\0\0\0\1", 8, 4 },
	{ FT1_TAG_LENGTH, "\0\0\0\0\0\0\0\2", 8, 9 },
	{ FT1_TAG_SIZE, "\0\0\0\0\0\0\0\3", 8, 0 },
	{ FT1_TAG_MODE, "\0\0\1\xa4", 4, 2 },
	{ FT1_TAG_MTIME, "\0\0\0\0\0\0\0\5\0\0\0\6", 12, 8 },
	{ FT1_TAG_TAKEN, "\1", 1, 2 },
	{ FT1_TAG_IF_ABSENT, "", 0, 1 },
	{ FT1_TAG_IF_VERSION, "vvvvvvvvvvvvvvvv", 16, 15 },
	{ FT1_TAG_DIGEST, "dddddddddddddddd", 16, 17 },
	{ FT1_TAG_UPLOAD, "uuuuuuuuuuuuuuuu", 16, 15 },
	{ FT1_TAG_WAIT_LOCK, "\0\0\xe\x10", 4, 2 },
	{ FT1_TAG_SHARED, "", 0, 1 },
	{ FT1_TAG_RECURSIVE, "", 0, 1 },
	{ FT1_TAG_PARENTS, "", 0, 2 },
	{ FT1_TAG_PATTERN, "*.c", 3, 256 },
	{ FT1_TAG_KIND, "f", 1, 0 },
	{ FT1_TAG_SIZE_LEAST, "\0\0\0\0\0\0\0\7", 8, 7 },
	{ FT1_TAG_SIZE_MOST, "\0\0\0\0\0\0\0\10", 8, 16 },
	{ FT1_TAG_NEWER, "\0\0\0\0\0\0\0\11\0\0\0\1", 12, 8 },
	{ FT1_TAG_OLDER, "\0\0\0\0\0\0\0\12\0\0\0\2", 12, 13 },
	{ FT1_TAG_DEPTH, "\0\0\0\13", 4, 8 },
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

#define BIT(tag) (1ull << (tag))	/* all tags above are below 64 */

#define IF_ANY (BIT(FT1_TAG_IF_ABSENT) | BIT(FT1_TAG_IF_VERSION))

/* What ft-protocol(7) says of each type. */
static const struct rule {
	enum ft1_type	 type;
	uint64_t	 must, may;
	uint64_t	 other;		/* leads to another form of it */
} rules[] = {
	{ FT1_HELLO, BIT(FT1_TAG_VERSIONS), 0, 0 },
	{ FT1_LOGIN, BIT(FT1_TAG_USER) | BIT(FT1_TAG_METHOD),
	    BIT(FT1_TAG_RESPONSE) | BIT(FT1_TAG_TICKET_SECONDS), 0 },
	{ FT1_RESPONSE, BIT(FT1_TAG_RESPONSE), 0, 0 },
	{ FT1_PING, 0, 0, 0 },
	{ FT1_CANCEL, 0, 0, 0 },
	{ FT1_ABORT, 0, 0, 0 },
	{ FT1_COMMIT, BIT(FT1_TAG_SIZE) | BIT(FT1_TAG_DIGEST), 0, 0 },
	{ FT1_LIST, 0, BIT(FT1_TAG_PATH), 0 },
	{ FT1_STAT, BIT(FT1_TAG_PATH), 0, 0 },
	{ FT1_GET, BIT(FT1_TAG_PATH), BIT(FT1_TAG_OFFSET) |
	    BIT(FT1_TAG_LENGTH) | BIT(FT1_TAG_IF_VERSION) |
	    BIT(FT1_TAG_WAIT_LOCK), 0 },
	/* one that begins, and one that is taken up, or a part of it */
	{ FT1_PUT, BIT(FT1_TAG_PATH), BIT(FT1_TAG_SIZE) | BIT(FT1_TAG_MODE) |
	    BIT(FT1_TAG_MTIME) | BIT(FT1_TAG_TAKEN) |
	    BIT(FT1_TAG_IF_ABSENT) | BIT(FT1_TAG_IF_VERSION) |
	    BIT(FT1_TAG_WAIT_LOCK), BIT(FT1_TAG_UPLOAD) },
	{ FT1_PUT, BIT(FT1_TAG_UPLOAD), BIT(FT1_TAG_PATH) |
	    BIT(FT1_TAG_WAIT_LOCK), 0 },
	{ FT1_PUT, BIT(FT1_TAG_UPLOAD), BIT(FT1_TAG_PATH) |
	    BIT(FT1_TAG_OFFSET) | BIT(FT1_TAG_LENGTH) |
	    BIT(FT1_TAG_WAIT_LOCK), 0 },
	{ FT1_CD, BIT(FT1_TAG_PATH), 0, 0 },
	{ FT1_PWD, 0, 0, 0 },
	{ FT1_MKDIR, BIT(FT1_TAG_PATH), BIT(FT1_TAG_MODE) | IF_ANY |
	    BIT(FT1_TAG_PARENTS), 0 },
	{ FT1_RMDIR, BIT(FT1_TAG_PATH), 0, 0 },
	{ FT1_RM, BIT(FT1_TAG_PATH), IF_ANY |
	    BIT(FT1_TAG_RECURSIVE) | BIT(FT1_TAG_WAIT_LOCK), 0 },
	{ FT1_MV, BIT(FT1_TAG_PATH) | BIT(FT1_TAG_TARGET),
	    BIT(FT1_TAG_TAKEN) | IF_ANY | BIT(FT1_TAG_WAIT_LOCK), 0 },
	{ FT1_LOCK, BIT(FT1_TAG_PATH), BIT(FT1_TAG_OFFSET) |
	    BIT(FT1_TAG_LENGTH) | BIT(FT1_TAG_SHARED) |
	    BIT(FT1_TAG_WAIT_LOCK), 0 },
	{ FT1_UNLOCK, BIT(FT1_TAG_PATH),
	    BIT(FT1_TAG_OFFSET) | BIT(FT1_TAG_LENGTH), 0 },
	{ FT1_LOCKS, 0, BIT(FT1_TAG_PATH), 0 },
	{ FT1_UPLOADS, 0, BIT(FT1_TAG_PATH), 0 },
	{ FT1_DISCARD, BIT(FT1_TAG_UPLOAD), BIT(FT1_TAG_PATH), 0 },
	{ FT1_APPEND, BIT(FT1_TAG_PATH), BIT(FT1_TAG_SIZE) |
	    IF_ANY | BIT(FT1_TAG_WAIT_LOCK), 0 },
	{ FT1_WRITE, BIT(FT1_TAG_PATH) | BIT(FT1_TAG_OFFSET),
	    BIT(FT1_TAG_LENGTH) | IF_ANY | BIT(FT1_TAG_WAIT_LOCK), 0 },
	{ FT1_TRUNCATE, BIT(FT1_TAG_PATH) | BIT(FT1_TAG_SIZE),
	    IF_ANY | BIT(FT1_TAG_WAIT_LOCK), 0 },
	{ FT1_CP, BIT(FT1_TAG_PATH) | BIT(FT1_TAG_TARGET),
	    BIT(FT1_TAG_TAKEN) | IF_ANY, 0 },
	{ FT1_SUM, BIT(FT1_TAG_METHOD) | BIT(FT1_TAG_PATH),
	    BIT(FT1_TAG_OFFSET) | BIT(FT1_TAG_LENGTH), 0 },
	{ FT1_FIND, 0, BIT(FT1_TAG_PATH) | BIT(FT1_TAG_PATTERN) |
	    BIT(FT1_TAG_KIND) | BIT(FT1_TAG_SIZE_LEAST) |
	    BIT(FT1_TAG_SIZE_MOST) | BIT(FT1_TAG_NEWER) |
	    BIT(FT1_TAG_OLDER) | BIT(FT1_TAG_DEPTH), 0 },
	{ FT1_DU, 0, BIT(FT1_TAG_PATH), 0 },
	{ FT1_DF, 0, BIT(FT1_TAG_PATH), 0 },
	{ FT1_TOUCH, BIT(FT1_TAG_PATH), BIT(FT1_TAG_MTIME) | IF_ANY, 0 },
	{ FT1_PIECES, BIT(FT1_TAG_PATH), BIT(FT1_TAG_OFFSET) |
	    BIT(FT1_TAG_LENGTH) | BIT(FT1_TAG_IF_VERSION), 0 },
};
#define RULES (sizeof(rules) / sizeof(rules[0]))

/* A frame that is being made, and what has been read of it. */
static uint8_t bytes[70000];
static struct ft1_frame frame;
static struct ft1_header header;
static struct request request;
static struct ft1_login login;
static struct ft1_commit commit;
static struct request_bytes response;
static uint16_t least, most;

static void
begin(unsigned int type, unsigned int flags)
{
	header = (struct ft1_header){ .type = (uint8_t)type,
	    .flags = (uint8_t)flags, .id = 7 };
	ft1_frame_begin(&frame, bytes, sizeof(bytes), &header);
}

static enum ft1_verdict
decode(void)
{
	const uint8_t *payload = bytes + FT1_HEADER_SIZE;

	ck_assert_uint_gt(ft1_frame_end(&frame), 0);
	ft1_header_read(&header, bytes);
	if (ft1_is_request(header.type))
		return ft1_decode_request(&request, &header, payload);
	switch (header.type) {
	case FT1_HELLO:
		return ft1_decode_hello(&least, &most, &header, payload);
	case FT1_LOGIN:
		return ft1_decode_login(&login, &header, payload);
	case FT1_RESPONSE:
		return ft1_decode_response(&response, &header, payload);
	case FT1_COMMIT:
		return ft1_decode_commit(&commit, &header, payload);
	}
	return ft1_decode_nothing(&header, payload);
}

/* A frame with all these fields; that of `wrong` has a wrong length. */
static enum ft1_verdict
try(const struct rule *rule, uint64_t tags, uint64_t wrong)
{
	static const char zeros[5000];

	begin(rule->type, 0);
	for (size_t i = 0; i < FIELDS; i++)
		if ((BIT(fields[i].tag) & wrong) != 0)
			ft1_put_bytes(&frame, fields[i].tag, zeros,
			    fields[i].wrong);
		else if ((BIT(fields[i].tag) & tags) != 0)
			ft1_put_bytes(&frame, fields[i].tag, fields[i].value,
			    fields[i].len);
	return decode();
}

START_TEST(each_frame_may_hold_all_that_it_may)
{
	for (size_t i = 0; i < RULES; i++) {
		ck_assert_int_eq(try(&rules[i], rules[i].must, 0), FT1_GOOD);
		ck_assert_int_eq(try(&rules[i],
		    rules[i].must | rules[i].may, 0), FT1_GOOD);
	}
}
END_TEST

START_TEST(each_frame_must_hold_all_that_it_must)
{
	for (size_t i = 0; i < RULES; i++)
		for (size_t n = 0; n < FIELDS; n++)
			if ((rules[i].must & BIT(fields[n].tag)) != 0)
				ck_assert_int_eq(try(&rules[i],
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
				ck_assert_int_eq(try(&rules[i],
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
				ck_assert_int_eq(try(&rules[i], all,
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
	const struct rule rule = { .type = type };

	ck_assert_int_eq(try(&rule, tags, 0), FT1_GOOD);
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
	const struct rule put = { .type = FT1_PUT };
	uint64_t tags = BIT(FT1_TAG_UPLOAD);

	ck_assert_int_eq(try(&put, tags | BIT(FT1_TAG_OFFSET), 0),
	    FT1_UNKNOWN);
	ck_assert_int_eq(try(&put, tags | BIT(FT1_TAG_LENGTH), 0),
	    FT1_UNKNOWN);
	ck_assert_int_eq(try(&put, 0, 0), FT1_BAD);
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

START_TEST(requests_are_told_from_other_frames)
{
	for (unsigned int type = 0; type < 256; type++)
		ck_assert_int_eq(ft1_is_request((uint8_t)type),
		    type >= 0x10 && type <= 0x5f && type != FT1_COMMIT &&
		    type != FT1_ABORT);
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
		values_that_make_no_sense_break_the_protocol,
		a_folder_as_one_is_begun_or_taken_up,
		members_are_files_and_folders_without_conditions,
		a_request_says_what_its_frame_says,
		newer_requests_say_what_their_frames_say,
		a_part_of_an_upload_needs_both_its_ends,
		a_wait_has_a_bound,
		a_path_may_be_empty_and_hold_any_bytes,
		a_login_may_hold_its_response,
		requests_are_told_from_other_frames,
		NULL
	};

	return check_main("ft1_decode", tests, NULL, NULL);
}
