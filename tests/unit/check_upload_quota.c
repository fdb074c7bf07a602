/* SPDX-License-Identifier: ISC */
/* What uploads reserve of a quota, and what comes of it. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check_main.h"
#include "in_place.h"
#include "quota.h"
#include "store_support.h"

#define MIB	1048576u

static struct store store;
static uint8_t *zeros;		/* 2 MiB of them */

static void
set_up(void)
{
	store_open(&store, DURABILITY_ASYNC);
	store.place.quota.bytes = 100;
	store.place.quota.files = 2;
	ck_assert_ptr_nonnull(zeros = calloc(2, MIB));
}

static void
tear_down(void)
{
	free(zeros);
	ck_assert_int_eq(store_stages(&store), 0);
	store_close(&store);
}

static struct upload_plan
plan_for(const char *path, uint64_t size)
{
	return (struct upload_plan){ .path = path, .user = "alice",
		.has_size = true, .size = size };
}

static struct upload *
begin(const char *path, uint64_t size)
{
	struct upload_plan plan = plan_for(path, size);

	return store_begin(&store, &plan);
}

static enum status
refusal(const char *path, uint64_t size)
{
	struct upload_plan plan = plan_for(path, size);

	return store_begin_status(&store, &plan);
}

static enum status
put(const char *path, const char *text)
{
	struct upload_plan plan = plan_for(path, strlen(text));

	return store_upload(&store, &plan, text);
}

static void
note(int64_t bytes, int64_t files)
{
	struct quota_hold hold;

	quota_expect(&hold, &store.place, "/f");
	quota_settle(&hold, bytes, files);
}

/* All that has come are zeros. */
static enum status
seal(struct upload *upload, uint64_t size)
{
	uint8_t digest[DIGEST_SIZE];

	digest_of(digest, zeros, size);
	return upload_seal(upload, size, digest);
}

static bool
used(uint64_t bytes, uint64_t files)
{
	struct quota_usage usage;

	ck_assert_int_eq(quota_look(&usage, &store.place), STATUS_OK);
	return usage.bytes_used == bytes && usage.files_used == files;
}

START_TEST(a_known_size_is_reserved_at_the_start)
{
	struct upload *one = begin("/a", 60);

	ck_assert_int_eq(refusal("/b", 41), STATUS_QUOTA);
	ck_assert_int_eq(refusal("/b", 101), STATUS_TOO_LARGE);
	ck_assert_int_eq(refusal("/b", 40), STATUS_OK);
	upload_free(one);
	ck_assert_int_eq(refusal("/b", 100), STATUS_OK);
	ck_assert(used(0, 0));
}
END_TEST

START_TEST(names_are_reserved_too)
{
	struct upload *one = begin("/a", 0), *two = begin("/b", 0);

	ck_assert_int_eq(refusal("/c", 0), STATUS_QUOTA);
	upload_free(two);
	ck_assert_int_eq(refusal("/c", 0), STATUS_OK);
	upload_free(one);
}
END_TEST

START_TEST(what_replaces_a_file_needs_what_it_is_larger)
{
	ck_assert_int_eq(put("/a", "0123456789"), STATUS_OK);
	ck_assert(used(10, 1));
	ck_assert_int_eq(refusal("/a", 100), STATUS_OK);
	ck_assert_int_eq(refusal("/a", 101), STATUS_QUOTA);
	ck_assert_int_eq(refusal("/a", 111), STATUS_TOO_LARGE);
	ck_assert_int_eq(put("/b", "x"), STATUS_OK);
	ck_assert_int_eq(refusal("/c", 1), STATUS_QUOTA);
	ck_assert_int_eq(put("/a", "012"), STATUS_OK);
	ck_assert(used(4, 2));
}
END_TEST

START_TEST(the_commit_counts_by_what_is_there_then)
{
	struct upload *upload = begin("/a", 90);
	struct upload_receipt receipt;

	ck_assert_int_eq(upload_write(upload, 0, zeros, 90), STATUS_OK);
	ck_assert_int_eq(put("/a", "0123456789"), STATUS_OK);
	ck_assert_int_eq(seal(upload, 90), STATUS_OK);
	ck_assert_int_eq(store_publish(&store, upload, &receipt), STATUS_OK);
	upload_free(upload);
	ck_assert(used(90, 1));
}
END_TEST

START_TEST(a_file_that_is_gone_by_then_gives_no_room)
{
	struct upload *upload;
	struct upload_receipt receipt;

	ck_assert_int_eq(put("/a", "0123456789"), STATUS_OK);
	upload = begin("/a", 100);
	ck_assert_int_eq(upload_write(upload, 0, zeros, 100), STATUS_OK);
	ck_assert_int_eq(seal(upload, 100), STATUS_OK);
	ck_assert_int_eq(unlinkat(base_fd(store.base), "a", 0), 0);
	note(-10, -1);
	ck_assert_int_eq(put("/b", "x"), STATUS_OK);
	ck_assert_int_eq(store_publish(&store, upload, &receipt),
	    STATUS_QUOTA);
	upload_free(upload);
	ck_assert(used(1, 1));
	ck_assert(store_lacks(&store, "a"));
}
END_TEST

/* An upload whose size nobody knows, of 1 MiB so far. */
static struct upload *
begin_unknown(uint8_t id[UPLOAD_ID_SIZE])
{
	struct upload_plan plan = { .path = "/a", .user = "alice" };
	struct upload *upload = store_begin(&store, &plan);

	memcpy(id, upload_id(upload), UPLOAD_ID_SIZE);
	ck_assert_int_eq(upload_write(upload, 0, zeros, MIB), STATUS_OK);
	return upload;
}

START_TEST(a_size_that_nobody_knows_is_reserved_as_it_comes)
{
	uint8_t id[UPLOAD_ID_SIZE];
	struct upload *upload;

	store.place.quota.bytes = MIB + 100;
	upload = begin_unknown(id);
	ck_assert_int_eq(refusal("/b", 101), STATUS_QUOTA);
	ck_assert_int_eq(refusal("/b", 100), STATUS_OK);
	ck_assert_int_eq(upload_write(upload, MIB, zeros, 100), STATUS_OK);
	ck_assert_int_eq(refusal("/b", 1), STATUS_QUOTA);
	upload_abandon(upload);
	upload_free(upload);
	ck_assert_int_eq(refusal("/b", 101), STATUS_OK);
}
END_TEST

START_TEST(a_spent_quota_keeps_what_has_come_for_later)
{
	struct upload_ticket ticket = { .user = "alice" };
	struct upload_receipt receipt;
	struct upload *upload;

	store.place.quota.bytes = MIB + 100;
	ck_assert_int_eq(put("/b", "0123456789"), STATUS_OK);
	upload = begin_unknown(ticket.id);
	ck_assert_int_eq(upload_write(upload, MIB, zeros, 91), STATUS_QUOTA);
	upload_free(upload);
	ck_assert_int_eq(store_stages(&store), 1);
	/* What is kept beside is not counted, and holds up nobody. */
	ck_assert(used(10, 1));
	ck_assert_int_eq(put("/b", "0"), STATUS_OK);
	ck_assert_int_eq(upload_resume(&upload, &store.place, &ticket,
	    &receipt), STATUS_OK);
	ck_assert_int_eq(upload_write(upload, MIB, zeros, 91), STATUS_OK);
	ck_assert_int_eq(seal(upload, MIB + 91), STATUS_OK);
	ck_assert_int_eq(store_publish(&store, upload, &receipt), STATUS_OK);
	upload_free(upload);
	ck_assert(used(MIB + 92, 2));
}
END_TEST

START_TEST(a_resume_needs_room_as_a_beginning_does)
{
	struct upload_ticket ticket = { .user = "alice" };
	struct upload_receipt receipt;
	struct upload *upload;

	store.place.quota.bytes = 2 * MIB;
	upload = begin("/a", 2 * MIB);
	memcpy(ticket.id, upload_id(upload), sizeof(ticket.id));
	ck_assert_int_eq(upload_write(upload, 0, zeros, MIB), STATUS_OK);
	upload_free(upload);
	ck_assert_int_eq(put("/b", "x"), STATUS_OK);
	ck_assert_int_eq(upload_resume(&upload, &store.place, &ticket,
	    &receipt), STATUS_QUOTA);
	ck_assert_int_eq(store_stages(&store), 1);
	ck_assert_int_eq(put("/b", ""), STATUS_OK);
	ck_assert_int_eq(upload_resume(&upload, &store.place, &ticket,
	    &receipt), STATUS_OK);
	ck_assert_int_eq(refusal("/b", 1), STATUS_QUOTA);
	upload_abandon(upload);
	upload_free(upload);
}
END_TEST

/* Look at what is kept until it is so much, in MiB. */
static void
await_kept(uint64_t mibs)
{
	struct quota_usage usage = { .bytes_used = 0 };
	int i;

	for (i = 0; i < 1000 && usage.bytes_used / MIB != mibs; i++) {
		usleep(10000);
		quota_table_tick(store.base, false);
		ck_assert_int_eq(quota_look(&usage, &store.place), STATUS_OK);
	}
	ck_assert_uint_eq(usage.bytes_used / MIB, mibs);
}

/* Two are kept, of 1 MiB each, and one is taken up again. */
START_TEST(what_others_keep_is_room_that_a_resume_does_not_have)
{
	struct upload_ticket ticket = { .user = "alice" };
	struct upload_receipt receipt;
	uint8_t other_id[UPLOAD_ID_SIZE];
	struct upload *one, *other;

	store.place.quota.bytes = 3 * MIB;
	one = begin_unknown(ticket.id);
	other = begin("/b", 2 * MIB);
	memcpy(other_id, upload_id(other), sizeof(other_id));
	ck_assert_int_eq(upload_write(other, 0, zeros, MIB), STATUS_OK);
	upload_free(one);
	upload_free(other);
	await_kept(2);
	ck_assert_int_eq(upload_resume(&one, &store.place, &ticket, &receipt),
	    STATUS_OK);
	/* It does not stand in its own way. */
	ck_assert_int_eq(upload_write(one, MIB, zeros, 1), STATUS_OK);
	await_kept(1);
	ck_assert_int_eq(upload_write(one, MIB + 1, zeros, MIB), STATUS_QUOTA);
	upload_abandon(one);
	upload_free(one);
	ck_assert_int_eq(upload_discard(&store.place, "alice", other_id),
	    STATUS_OK);
}
END_TEST

START_TEST(segments_reserve_nothing_beside_the_whole)
{
	struct upload_ticket ticket = { .user = "alice" };
	struct upload *upload, *segment;
	struct upload_receipt receipt;

	store.place.quota.bytes = 4 * MIB;
	upload = begin("/a", 2 * MIB);
	memcpy(ticket.id, upload_id(upload), sizeof(ticket.id));
	ck_assert_int_eq(upload_share(upload), STATUS_OK);
	ticket.is_segment = true;
	ticket.first = MIB;
	ticket.end = 2 * MIB;
	ck_assert_int_eq(upload_resume(&segment, &store.place, &ticket,
	    &receipt), STATUS_OK);
	ck_assert_int_eq(refusal("/b", 2 * MIB), STATUS_OK);
	upload_free(segment);
	ck_assert_int_eq(refusal("/b", 2 * MIB + 1), STATUS_QUOTA);
	upload_abandon(upload);
	upload_free(upload);
	ck_assert(used(0, 0));
}
END_TEST

START_TEST(what_is_changed_in_place_counts)
{
	const struct in_place_want append = { .use = IN_PLACE_APPEND };
	struct in_place file;

	ck_assert_int_eq(put("/a", "0123456789"), STATUS_OK);
	ck_assert_int_eq(in_place_open(&file, &store.place, "/a", &append),
	    STATUS_OK);
	ck_assert_int_eq(in_place_write(&file, 10, zeros, 91), STATUS_QUOTA);
	ck_assert_int_eq(in_place_write(&file, 10, zeros, 50), STATUS_OK);
	ck_assert_int_eq(refusal("/b", 41), STATUS_QUOTA);
	in_place_close(&file);
	ck_assert(used(60, 1));
	ck_assert_int_eq(refusal("/b", 40), STATUS_OK);
}
END_TEST

/* Each locks its range only, and all are open at the same time. */
START_TEST(what_others_grow_is_not_counted_twice)
{
	struct in_place_want write = { .use = IN_PLACE_WRITE,
	    .has_length = true, .length = 10 };
	struct in_place file[3];
	int i;

	ck_assert_int_eq(put("/a", "0123456789"), STATUS_OK);
	for (i = 0; i < 3; i++) {
		write.offset = 10 * (uint64_t)i;
		ck_assert_int_eq(in_place_open(&file[i], &store.place, "/a",
		    &write), STATUS_OK);
	}
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(in_place_write(&file[i], 10 * (uint64_t)i,
		    zeros, 10), STATUS_OK);
	in_place_close(&file[0]);
	in_place_close(&file[2]);
	in_place_close(&file[1]);
	ck_assert(used(30, 1));
	ck_assert_int_eq(refusal("/b", 70), STATUS_OK);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_known_size_is_reserved_at_the_start,
		names_are_reserved_too,
		what_replaces_a_file_needs_what_it_is_larger,
		the_commit_counts_by_what_is_there_then,
		a_file_that_is_gone_by_then_gives_no_room,
		a_size_that_nobody_knows_is_reserved_as_it_comes,
		a_spent_quota_keeps_what_has_come_for_later,
		a_resume_needs_room_as_a_beginning_does,
		what_others_keep_is_room_that_a_resume_does_not_have,
		segments_reserve_nothing_beside_the_whole,
		what_is_changed_in_place_counts,
		what_others_grow_is_not_counted_twice,
		NULL
	};

	return check_main("upload_quota", tests, set_up, tear_down);
}
