/* SPDX-License-Identifier: ISC */
/* Who may write to a long upload, here and in other processes. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "check_main.h"
#include "claim.h"
#include "claim_table.h"
#include "parcel_state.h"
#include "store_support.h"

static struct store store;
static struct folder folder;
static const char *const name = "f";

static void
set_up(void)
{
	const char *last;

	store_open(&store, DURABILITY_ASYNC);
	ck_assert_int_eq(walk_parent(&folder, &last, &store.place, "/f"),
	    STATUS_OK);
}

static void
tear_down(void)
{
	folder_close(&folder);
	store_close(&store);
}

/* A record of its own, or one more look at it. */
static struct record *
record_of(uint8_t which, bool is_new)
{
	const struct record_facts facts = { .user = "alice", .root = "",
		.plan = { .path = "/f" } };
	uint8_t id[UPLOAD_ID_SIZE] = { which };
	struct record *record;

	ck_assert_int_eq(is_new ?
	    record_make(&record, store.base, id, &facts) :
	    record_open(&record, store.base, id), STATUS_OK);
	return record;
}

static enum status
take(struct claim **out, struct record *record, enum claim_kind kind,
    const char *path)
{
	const struct claim_plan plan = { .kind = kind, .base = store.base,
		.record = record, .folder = &folder, .name = path };

	return claim_take(out, &plan);
}

/* The first to claim the path. */
static struct claim *
take_new(struct record *record)
{
	struct claim *claim;

	ck_assert_int_eq(take(&claim, record, CLAIM_NEW, name), STATUS_OK);
	return claim;
}

/* May it write now? */
static bool
writes(struct claim *claim)
{
	if (claim_enter(claim) != STATUS_OK)
		return false;
	claim_leave(claim);
	return true;
}

START_TEST(one_upload_has_the_path)
{
	struct record *one = record_of(1, true), *two = record_of(2, true);
	struct claim *first, *second;

	first = take_new(one);
	ck_assert_int_eq(take(&second, two, CLAIM_NEW, name),
	    STATUS_LOCKED);
	ck_assert_ptr_null(second);
	ck_assert_int_eq(take(&second, two, CLAIM_NEW, "g"), STATUS_OK);
	claim_free(second);
	/* Who takes any name claims none. */
	ck_assert_int_eq(take(&second, two, CLAIM_NEW, NULL), STATUS_OK);
	claim_free(second);
	ck_assert(writes(first));
	claim_free(first);
	second = take_new(two);
	claim_free(second);
	record_close(one);
	record_close(two);
}
END_TEST

START_TEST(a_resume_sends_older_holders_away)
{
	struct record *one = record_of(1, true), *same = record_of(1, false);
	struct claim *old, *young;

	old = take_new(one);
	ck_assert_int_eq(take(&young, same, CLAIM_RESUME, name), STATUS_OK);
	ck_assert(!writes(old));
	ck_assert(writes(young));
	ck_assert(!claim_is_alone(old));
	ck_assert(claim_is_alone(young));
	claim_free(old);
	ck_assert(writes(young));
	claim_free(young);
	record_close(one);
	record_close(same);
}
END_TEST

START_TEST(segments_hold_it_together_and_a_commit_alone)
{
	struct record *one = record_of(1, true), *same = record_of(1, false);
	struct claim *whole, *part;

	whole = take_new(one);
	ck_assert_int_eq(take(&part, same, CLAIM_JOIN, name), STATUS_OK);
	ck_assert(writes(whole) && writes(part));
	ck_assert(!claim_is_alone(whole));
	ck_assert_int_eq(claim_close(whole), STATUS_OK);
	/* It was ours to send away. */
	ck_assert(!writes(part));
	ck_assert(writes(whole));
	claim_free(part);
	ck_assert_int_eq(take(&part, same, CLAIM_JOIN, name), STATUS_BUSY);
	ck_assert_int_eq(take(&part, same, CLAIM_RESUME, name), STATUS_BUSY);
	ck_assert(writes(whole));
	claim_free(whole);
	record_close(one);
	record_close(same);
}
END_TEST

START_TEST(a_segment_needs_who_holds_the_whole)
{
	struct record *one = record_of(1, true), *same = record_of(1, false);
	struct claim *whole, *part;

	ck_assert_int_eq(take(&part, same, CLAIM_JOIN, name), STATUS_BUSY);
	whole = take_new(one);
	ck_assert_int_eq(take(&part, same, CLAIM_JOIN, name), STATUS_OK);
	/* What it sends is heard for the whole as well. */
	whole->heard -= CLAIM_SILENCE * 1000u;
	claim_table_tick(base_claims(store.base));
	ck_assert(writes(part) && writes(whole));
	/* Its room is no longer reserved. */
	claim_free(whole);
	claim_table_tick(base_claims(store.base));
	ck_assert(!writes(part));
	claim_free(part);
	record_close(one);
	record_close(same);
}
END_TEST

START_TEST(each_segment_has_its_range)
{
	struct record *one = record_of(1, true), *same = record_of(1, false);
	struct record *again = record_of(1, false);
	struct claim *whole, *part, *other;

	whole = take_new(one);
	ck_assert_int_eq(take(&part, same, CLAIM_JOIN, name), STATUS_OK);
	ck_assert_int_eq(take(&other, again, CLAIM_JOIN, name), STATUS_OK);
	ck_assert_int_eq(claim_range(whole, 0, 1), STATUS_OK);
	ck_assert_int_eq(claim_range(whole, 1, 2), STATUS_OK);
	ck_assert_int_eq(claim_range(part, 2, 4), STATUS_OK);
	ck_assert_int_eq(claim_range(other, 4, 9), STATUS_OK);
	ck_assert(writes(whole) && writes(part) && writes(other));
	/* The whole keeps what it sent. */
	ck_assert_int_eq(claim_range(other, 0, 1), STATUS_BUSY);
	ck_assert(writes(whole));
	/* Who is sent twice goes over the younger connection. */
	ck_assert_int_eq(claim_range(other, 3, 4), STATUS_OK);
	ck_assert(!writes(part));
	ck_assert(writes(whole) && writes(other));
	ck_assert_int_eq(claim_range(whole, 3, 4), STATUS_OK);
	ck_assert(!writes(other));
	claim_free(other);
	claim_free(part);
	claim_free(whole);
	record_close(one);
	record_close(same);
	record_close(again);
}
END_TEST

START_TEST(what_is_removed_is_claimed_by_nobody)
{
	struct record *one = record_of(1, true), *same = record_of(1, false);
	struct claim *claim;

	record_remove(one);
	ck_assert_int_eq(take(&claim, same, CLAIM_RESUME, name),
	    STATUS_NOT_FOUND);
	record_close(one);
	record_close(same);
}
END_TEST

START_TEST(silence_makes_a_holder_let_go)
{
	struct record *one = record_of(1, true);
	struct claim *claim = take_new(one);

	claim_table_tick(base_claims(store.base));
	ck_assert(writes(claim));
	/* Heard while the tick waited. */
	claim->heard += 500u;
	claim_table_tick(base_claims(store.base));
	ck_assert(writes(claim));
	claim->heard -= CLAIM_SILENCE * 1000u - 500u;
	claim_table_tick(base_claims(store.base));
	ck_assert(writes(claim));	/* which is heard */
	claim->heard -= CLAIM_SILENCE * 1000u;
	claim_table_tick(base_claims(store.base));
	ck_assert(!writes(claim));
	claim_free(claim);
	record_close(one);
}
END_TEST

START_TEST(who_commits_is_not_silent)
{
	struct record *one = record_of(1, true);
	struct claim *claim = take_new(one);

	ck_assert_int_eq(claim_close(claim), STATUS_OK);
	claim->heard -= CLAIM_SILENCE * 1000u;
	claim_table_tick(base_claims(store.base));
	ck_assert(writes(claim));
	claim_free(claim);
	record_close(one);
}
END_TEST

/* Another server; the test's own claims are not among its. */
static enum status
take_there(struct claim **out, struct store *mine, enum claim_kind kind)
{
	struct claim_plan plan = { .kind = kind, .folder = &folder,
		.name = name };
	const uint8_t id[UPLOAD_ID_SIZE] = { 1 };
	enum status st;

	if ((st = base_open(&mine->base, "test", mine->path,
	    DURABILITY_ASYNC)) != STATUS_OK ||
	    (st = record_open(&plan.record, mine->base, id)) != STATUS_OK)
		return st;
	plan.base = mine->base;
	return claim_take(out, &plan);
}

static bool
resume_there(struct store *mine)
{
	struct claim *claim;

	return take_there(&claim, mine, CLAIM_RESUME) == STATUS_BUSY;
}

START_TEST(a_resume_elsewhere_is_seen_within_a_second)
{
	struct record *one = record_of(1, true);
	struct claim *claim = take_new(one);

	ck_assert(apart(&store, resume_there));
	claim_table_tick(base_claims(store.base));
	ck_assert(!writes(claim));
	claim_free(claim);
	record_close(one);
}
END_TEST

/* Another server's connection sends MiB 3 of the same upload. */
static bool
send_there(struct store *mine)
{
	struct claim *claim;

	return take_there(&claim, mine, CLAIM_JOIN) == STATUS_OK &&
	    claim_range(claim, 3, 4) == STATUS_BUSY &&
	    claim_range(claim, 4, 5) == STATUS_OK;
}

START_TEST(a_range_holds_against_other_servers)
{
	struct record *one = record_of(1, true), *same = record_of(1, false);
	struct claim *whole = take_new(one), *part;

	ck_assert_int_eq(take(&part, same, CLAIM_JOIN, name), STATUS_OK);
	ck_assert_int_eq(claim_range(part, 2, 4), STATUS_OK);
	ck_assert(apart(&store, send_there));
	ck_assert(writes(part) && writes(whole));
	claim_free(part);
	claim_free(whole);
	record_close(one);
	record_close(same);
}
END_TEST

START_TEST(a_commit_here_is_not_disturbed_from_elsewhere)
{
	struct record *one = record_of(1, true);
	struct claim *claim = take_new(one);

	ck_assert_int_eq(claim_close(claim), STATUS_OK);
	ck_assert(apart(&store, resume_there));
	claim_table_tick(base_claims(store.base));
	ck_assert(writes(claim));
	claim_free(claim);
	record_close(one);
}
END_TEST

START_TEST(a_long_member_keeps_its_folder)
{
	const struct upload_plan whole = { .path = "/t", .user = "alice" };
	const struct upload_plan plan = { .path = "/a", .user = "alice" };
	struct parcel *parcel;
	struct upload *upload;
	struct folder inside;
	const char *last;

	ck_assert_int_eq(parcel_begin(&parcel, &store.place, &whole, 0),
	    STATUS_OK);
	ck_assert_int_eq(walk_parent(&inside, &last, parcel_place(parcel),
	    "/a"), STATUS_OK);
	ck_assert_int_eq(upload_begin(&upload, parcel_place(parcel), &inside,
	    &plan), STATUS_OK);
	folder_close(&inside);
	parcel->claim->heard = 0;
	ck_assert_int_eq(upload_write(upload, 0, "x", 1), STATUS_OK);
	ck_assert_uint_ne(parcel->claim->heard, 0);
	/* Lost by a silence before, it is taken back. */
	claim_let_go(parcel->claim);
	ck_assert_int_eq(upload_write(upload, 1, "y", 1), STATUS_OK);
	ck_assert(writes(parcel->claim));
	upload_free(upload);
	parcel_unref(parcel);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		one_upload_has_the_path,
		a_resume_sends_older_holders_away,
		segments_hold_it_together_and_a_commit_alone,
		a_segment_needs_who_holds_the_whole,
		each_segment_has_its_range,
		what_is_removed_is_claimed_by_nobody,
		silence_makes_a_holder_let_go,
		who_commits_is_not_silent,
		a_resume_elsewhere_is_seen_within_a_second,
		a_range_holds_against_other_servers,
		a_commit_here_is_not_disturbed_from_elsewhere,
		a_long_member_keeps_its_folder,
		NULL
	};

	return check_main("claim", tests, set_up, tear_down);
}
