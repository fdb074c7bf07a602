/* SPDX-License-Identifier: ISC */
/* What is on disk about a long upload. */
#include "config.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_main.h"
#include "stage.h"
#include "store_support.h"
#include "upload_record.h"

static struct store store;
static struct record *record;
static const uint8_t id[UPLOAD_ID_SIZE] = "0123456789abcde";
static const uint8_t first[DIGEST_SIZE] = "first", other[DIGEST_SIZE] = "other";

static struct record_facts
facts_of(const char *path)
{
	return (struct record_facts){ .user = "alice", .root = "home/a",
		.plan = { .path = path, .has_size = true,
		.size = 5 * DIGEST_PIECE, .has_mode = true, .mode = 0640,
		.has_mtime = true, .mtime = { -5, 6 },
		.taken = UPLOAD_FRESH, .if_version = true,
		.version = "version" } };
}

static void
set_up(void)
{
	const struct record_facts facts = facts_of("/box/f");

	store_open(&store, DURABILITY_ASYNC);
	ck_assert_int_eq(record_make(&record, store.base, id, &facts),
	    STATUS_OK);
}

static void
tear_down(void)
{
	record_close(record);
	store_close(&store);
}

/* As somebody else finds it. */
static void
reopen(void)
{
	record_close(record);
	ck_assert_int_eq(record_open(&record, store.base, id), STATUS_OK);
}

static enum record_held
held(uint64_t piece, const uint8_t *digest)
{
	struct record_piece out;

	ck_assert_int_eq(record_look(record, piece, 1, &out), STATUS_OK);
	if (digest != NULL)
		ck_assert_mem_eq(out.digest, digest, DIGEST_SIZE);
	return out.held;
}

START_TEST(what_was_asked_for_is_found_again)
{
	const struct record_facts *found;

	reopen();
	found = record_facts(record);
	ck_assert_mem_eq(record_id(record), id, sizeof(id));
	ck_assert_str_eq(found->user, "alice");
	ck_assert_str_eq(found->root, "home/a");
	ck_assert_str_eq(found->plan.path, "/box/f");
	ck_assert(!found->is_tree && found->plan.has_size &&
	    found->plan.has_mode && found->plan.has_mtime);
	ck_assert_uint_eq(found->plan.size, 5 * DIGEST_PIECE);
	ck_assert_uint_eq(found->plan.mode, 0640);
	ck_assert_int_eq(found->plan.mtime.seconds, -5);
	ck_assert_uint_eq(found->plan.mtime.nanoseconds, 6);
	ck_assert_int_eq(found->plan.taken, UPLOAD_FRESH);
	ck_assert(found->plan.if_version && !found->plan.if_absent);
	ck_assert_str_eq((const char *)found->plan.version, "version");
}
END_TEST

START_TEST(an_id_is_given_once)
{
	const struct record_facts facts = facts_of("/g");
	struct record *again;

	ck_assert_int_ne(record_make(&again, store.base, id, &facts),
	    STATUS_OK);
	ck_assert_ptr_null(again);
	reopen();
	ck_assert_str_eq(record_facts(record)->plan.path, "/box/f");
}
END_TEST

START_TEST(a_path_of_full_length_fits)
{
	static const uint8_t mine[UPLOAD_ID_SIZE] = "long";
	char path[WALK_PATH_ROOM];
	struct record_facts facts;
	struct record *one;

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	facts = facts_of(path);
	facts.root = path + 1;
	ck_assert_int_eq(record_make(&one, store.base, mine, &facts),
	    STATUS_OK);
	record_close(one);
	ck_assert_int_eq(record_open(&one, store.base, mine), STATUS_OK);
	ck_assert_str_eq(record_facts(one)->plan.path, path);
	ck_assert_str_eq(record_facts(one)->root, path + 1);
	record_close(one);
}
END_TEST

START_TEST(what_makes_no_sense_is_no_record)
{
	struct record *none;
	char name[DIGEST_HEX_SIZE];
	struct stat sb;
	uint8_t byte;
	off_t at;

	ck_assert_int_eq(record_open(&none, store.base, other),
	    STATUS_NOT_FOUND);
	/* Each byte that never changes is covered by the check. */
	for (at = 100; at < 400; at += 7) {
		ck_assert_int_eq(pread(record_fd(record), &byte, 1, at), 1);
		byte ^= 1;
		ck_assert_int_eq(pwrite(record_fd(record), &byte, 1, at), 1);
		ck_assert_int_eq(record_open(&none, store.base, id),
		    STATUS_NOT_FOUND);
		byte ^= 1;
		ck_assert_int_eq(pwrite(record_fd(record), &byte, 1, at), 1);
	}
	reopen();
	ck_assert_int_eq(fstat(record_fd(record), &sb), 0);
	ck_assert_int_eq(ftruncate(record_fd(record), sb.st_size - 1), 0);
	ck_assert_int_eq(record_open(&none, store.base, id),
	    STATUS_NOT_FOUND);
	/* A link to something else is none either. */
	digest_hex(name, id);
	ck_assert_int_eq(unlinkat(base_uploads_fd(store.base), name, 0), 0);
	ck_assert_int_eq(symlinkat("/etc/passwd",
	    base_uploads_fd(store.base), name), 0);
	ck_assert_int_eq(record_open(&none, store.base, id),
	    STATUS_NOT_FOUND);
}
END_TEST

START_TEST(a_record_that_cannot_be_opened_is_not_said_to_be_missing)
{
	char name[DIGEST_HEX_SIZE];
	struct record *none;

	digest_hex(name, id);
	ck_assert_int_eq(unlinkat(base_uploads_fd(store.base), name, 0), 0);
	ck_assert_int_eq(mkdirat(base_uploads_fd(store.base), name, 0700), 0);
	ck_assert_int_eq(record_open(&none, store.base, id),
	    STATUS_IS_A_FOLDER);
	ck_assert_int_eq(unlinkat(base_uploads_fd(store.base), name,
	    AT_REMOVEDIR), 0);
}
END_TEST

START_TEST(pieces_are_held_as_they_were_noted)
{
	uint64_t pieces;

	ck_assert_int_eq(record_extent(record, &pieces), STATUS_OK);
	ck_assert_uint_eq(pieces, 0);
	ck_assert_int_eq(record_note(record, 0, 1, first), STATUS_OK);
	ck_assert_int_eq(record_note(record, 2, 3000, other), STATUS_OK);
	reopen();
	ck_assert_int_eq(held(0, first), RECORD_SURE);
	ck_assert_int_eq(held(1, NULL), RECORD_NONE);
	ck_assert_int_eq(held(2, other), RECORD_SURE);
	ck_assert_int_eq(held(3001, other), RECORD_SURE);
	ck_assert_int_eq(held(3002, NULL), RECORD_NONE);
	ck_assert_int_eq(record_extent(record, &pieces), STATUS_OK);
	ck_assert_uint_eq(pieces, 3002);
	ck_assert_int_eq(record_spoil(record, 2), STATUS_OK);
	ck_assert_int_eq(held(2, NULL), RECORD_NONE);
	ck_assert_int_eq(record_note(record, 2, 1, first), STATUS_OK);
	ck_assert_int_eq(held(2, first), RECORD_SURE);
}
END_TEST

START_TEST(what_was_passed_is_a_hole_if_that_can_be_proved)
{
	uint8_t hole[DIGEST_SIZE];
	uint64_t pieces;

	digest_of_hole(hole);
	ck_assert_int_eq(record_spoil(record, 1), STATUS_OK);
	ck_assert_int_eq(record_pass(record, 3 * DIGEST_PIECE + 1),
	    STATUS_OK);
	/* It never goes back. */
	ck_assert_int_eq(record_pass(record, 1), STATUS_OK);
	reopen();
	ck_assert_int_eq(held(0, hole), RECORD_UNSURE);
	ck_assert_int_eq(held(1, NULL), RECORD_NONE);
	ck_assert_int_eq(held(2, hole), RECORD_UNSURE);
	ck_assert_int_eq(held(3, NULL), RECORD_NONE);
	ck_assert_int_eq(record_extent(record, &pieces), STATUS_OK);
	ck_assert_uint_eq(pieces, 3);
}
END_TEST

/* Somebody who has booted since; see base_tag. */
static void
note_as_another(uint64_t piece)
{
	uint8_t slot[DIGEST_SIZE + BASE_TAG_SIZE];
	struct stat sb;
	off_t at;

	ck_assert_int_eq(record_note(record, piece, 1, first), STATUS_OK);
	ck_assert_int_eq(fstat(record_fd(record), &sb), 0);
	at = sb.st_size - (off_t)sizeof(slot);
	ck_assert_int_eq(pread(record_fd(record), slot, sizeof(slot), at),
	    sizeof(slot));
	ck_assert_mem_eq(slot + DIGEST_SIZE, base_tag(store.base),
	    BASE_TAG_SIZE);
	slot[DIGEST_SIZE] ^= 1;
	ck_assert_int_eq(pwrite(record_fd(record), slot, sizeof(slot), at),
	    sizeof(slot));
}

START_TEST(what_another_boot_noted_is_unsure)
{
	note_as_another(4);
	ck_assert_int_eq(held(4, first), RECORD_UNSURE);
	ck_assert_int_eq(record_note(record, 4, 1, first), STATUS_OK);
	ck_assert_int_eq(held(4, first), RECORD_SURE);
}
END_TEST

START_TEST(its_state_and_receipt_stay)
{
	const struct upload_receipt sealed = { .size = 7, .digest = "digest",
		.version = "now", .time = { 100, 200 } };
	struct upload_receipt receipt;
	enum record_state state;
	uint64_t ino;

	ck_assert_int_eq(record_state(record, &state, &receipt, &ino),
	    STATUS_OK);
	ck_assert_int_eq(state, RECORD_OPEN);
	ck_assert_int_eq(record_seal(record, &sealed, 42), STATUS_OK);
	reopen();
	ck_assert_int_eq(record_state(record, &state, &receipt, &ino),
	    STATUS_OK);
	ck_assert_int_eq(state, RECORD_SEALED);
	ck_assert_uint_eq(ino, 42);
	ck_assert_int_eq(record_reopen(record), STATUS_OK);
	ck_assert_int_eq(record_state(record, &state, &receipt, &ino),
	    STATUS_OK);
	ck_assert_int_eq(state, RECORD_OPEN);
	ck_assert_int_eq(record_finish(record, &sealed), STATUS_OK);
	reopen();
	ck_assert_int_eq(record_state(record, &state, &receipt, &ino),
	    STATUS_OK);
	ck_assert_int_eq(state, RECORD_DONE);
	ck_assert_mem_eq(receipt.id, id, sizeof(id));
	ck_assert_uint_eq(receipt.size, 7);
	ck_assert_mem_eq(receipt.digest, sealed.digest, DIGEST_SIZE);
	ck_assert_mem_eq(receipt.version, sealed.version, VERSION_SIZE);
	ck_assert_int_eq(receipt.time.seconds, 100);
	ck_assert_uint_eq(receipt.time.nanoseconds, 200);
}
END_TEST

START_TEST(who_has_it_open_sees_that_it_is_gone)
{
	struct record *same;

	ck_assert_int_eq(record_open(&same, store.base, id), STATUS_OK);
	ck_assert(!record_is_gone(same));
	record_remove(record);
	ck_assert(record_is_gone(same) && record_is_gone(record));
	record_close(same);
	ck_assert_int_eq(record_open(&same, store.base, id),
	    STATUS_NOT_FOUND);
}
END_TEST

START_TEST(each_raise_gives_a_higher_number)
{
	uint64_t one, two;

	ck_assert_int_eq(record_raise(record, &one), STATUS_OK);
	reopen();
	ck_assert_int_eq(record_raise(record, &two), STATUS_OK);
	ck_assert_uint_gt(two, one);
	/* What never changes has not changed. */
	reopen();
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_was_asked_for_is_found_again,
		an_id_is_given_once,
		a_path_of_full_length_fits,
		what_makes_no_sense_is_no_record,
		a_record_that_cannot_be_opened_is_not_said_to_be_missing,
		pieces_are_held_as_they_were_noted,
		what_was_passed_is_a_hole_if_that_can_be_proved,
		what_another_boot_noted_is_unsure,
		its_state_and_receipt_stay,
		who_has_it_open_sees_that_it_is_gone,
		each_raise_gives_a_higher_number,
		NULL
	};

	return check_main("upload_record", tests, set_up, tear_down);
}
