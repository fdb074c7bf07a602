/* SPDX-License-Identifier: ISC */
/* put, by a stub face. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "check_main.h"
#include "stub_face.h"

#define LONG (2u << 20)

static struct desk desk;

static void
set_up(void)
{
	desk_open(&desk, DURABILITY_COMMIT);
}

static void
tear_down(void)
{
	desk_close(&desk);
}

static struct request
put_request(const char *path, uint64_t size)
{
	struct request request = desk_request(VERB_PUT, path);

	request.has_size = true;
	request.size = size;
	return request;
}

static void
begin(const struct request *request)
{
	desk_run(&desk, request);
	ck_assert_uint_eq(desk.face.finals, 0);
	ck_assert_ptr_nonnull(desk.face.consumer);
}

static enum status
feed(uint64_t offset, const void *bytes, size_t len)
{
	struct consumer *consumer = desk.face.consumer;

	return consumer->ops->feed(consumer, offset, bytes, len);
}

static enum status
commit(const char *text)
{
	struct consumer *consumer = desk.face.consumer;
	uint8_t digest[DIGEST_SIZE];
	enum status st;

	digest_of(digest, text, strlen(text));
	st = consumer->ops->commit(consumer, strlen(text), digest);
	consumer->ops->free(consumer);
	desk.face.consumer = NULL;
	return st;
}

/* All of it but the flush. */
static enum status
put(const struct request *request, const char *text)
{
	enum status st;

	begin(request);
	if (*text != '\0' && (st = feed(0, text, strlen(text))) != STATUS_OK)
		return st;
	return commit(text);
}

/* Send what has been put, and see what came of its `n`-th member. */
static enum status
outcome(size_t n, struct upload_receipt *receipt)
{
	struct batch *batch;
	enum status st;

	batch_former_send(desk.former);
	batch = desk_batch(&desk);
	ck_assert_uint_gt(batch->count, n);
	ck_assert_str_eq(batch->who.user, "alice");
	st = batch->member[n].st;
	if (receipt != NULL)
		*receipt = batch->member[n].receipt;
	ck_assert(st == STATUS_OK || batch->member[n].words.text != NULL);
	batch_former_done(desk.former,
	    batch->member[batch->count - 1].st != STATUS_OK);
	batch_free(batch);
	return st;
}

static enum status
put_and_wait(const struct request *request, const char *text)
{
	enum status st = put(request, text);

	return st == STATUS_OK ? outcome(0, NULL) : st;
}

START_TEST(a_small_put_is_there_once_its_batch_is_back)
{
	struct request request = put_request("f", 4);
	struct upload_receipt receipt;
	uint8_t digest[DIGEST_SIZE], version[VERSION_SIZE];

	store_put(&desk.store, "f", "old");
	ck_assert_int_eq(put(&request, "text"), STATUS_OK);
	ck_assert(!desk.face.has_begun_put);
	ck_assert(store_has(&desk.store, "f", "old"));
	ck_assert_int_eq(outcome(0, &receipt), STATUS_OK);
	ck_assert(store_has(&desk.store, "f", "text"));
	digest_of(digest, "text", 4);
	store_version(&desk.store, "f", version);
	ck_assert_uint_eq(receipt.size, 4);
	ck_assert_mem_eq(receipt.digest, digest, DIGEST_SIZE);
	ck_assert_mem_eq(receipt.version, version, VERSION_SIZE);
	ck_assert_int_gt(receipt.time.seconds, 1700000000);
}
END_TEST

START_TEST(a_long_put_gets_an_id_at_once_that_is_on_its_receipt)
{
	struct request request = desk_request(VERB_PUT, "f");
	struct upload_receipt receipt;
	uint8_t id[UPLOAD_ID_SIZE];

	begin(&request);
	ck_assert(desk.face.has_begun_put);
	memcpy(id, desk.face.upload_id, sizeof(id));
	ck_assert_int_eq(feed(0, "te", 2), STATUS_OK);
	ck_assert_int_eq(feed(2, "xt", 2), STATUS_OK);
	ck_assert_int_eq(commit("text"), STATUS_OK);
	ck_assert_int_eq(outcome(0, &receipt), STATUS_OK);
	ck_assert_mem_eq(receipt.id, id, sizeof(id));
	ck_assert(store_has(&desk.store, "f", "text"));
	request = put_request("g", LONG);
	begin(&request);
	ck_assert(desk.face.has_begun_put);
}
END_TEST

START_TEST(the_modes_and_times_that_are_asked_for_are_set)
{
	struct request request = put_request("f", 0);
	struct stat sb;

	request.has_mode = request.has_mtime = true;
	request.mode = 0640;
	request.mtime.seconds = 1000000000;
	request.mtime.nanoseconds = 5;
	ck_assert_int_eq(put_and_wait(&request, ""), STATUS_OK);
	ck_assert_int_eq(fstatat(base_fd(desk.store.base), "f", &sb, 0), 0);
	ck_assert_uint_eq(sb.st_mode & 07777, 0640);
	ck_assert_int_eq(sb.st_mtim.tv_sec, 1000000000);
	ck_assert_int_eq(sb.st_mtim.tv_nsec, 5);
}
END_TEST

START_TEST(a_jump_leaves_a_hole)
{
	struct request request = desk_request(VERB_PUT, "f");
	static const char text[] = "a\0\0\0b";
	uint8_t digest[DIGEST_SIZE];
	struct consumer *consumer;
	struct stat sb;

	begin(&request);
	ck_assert_int_eq(feed(0, "a", 1), STATUS_OK);
	ck_assert_int_eq(feed(4, "b", 1), STATUS_OK);
	consumer = desk.face.consumer;
	digest_of(digest, text, 5);
	ck_assert_int_eq(consumer->ops->commit(consumer, 5, digest),
	    STATUS_OK);
	ck_assert_int_eq(outcome(0, NULL), STATUS_OK);
	ck_assert_int_eq(fstatat(base_fd(desk.store.base), "f", &sb, 0), 0);
	ck_assert_int_eq(sb.st_size, 5);
}
END_TEST

START_TEST(a_put_that_is_given_up_leaves_nothing)
{
	struct request request = put_request("f", 4);

	begin(&request);
	ck_assert_int_eq(feed(0, "te", 2), STATUS_OK);
	ck_assert_int_eq(store_stages(&desk.store), 1);
	desk.face.consumer->ops->free(desk.face.consumer);
	desk.face.consumer = NULL;
	ck_assert_int_eq(store_stages(&desk.store), 0);
	ck_assert(store_lacks(&desk.store, "f"));
	ck_assert(!batch_former_is_busy(desk.former));
}
END_TEST

START_TEST(content_that_is_not_what_was_said_is_refused)
{
	struct request request = put_request("f", 4);

	begin(&request);
	ck_assert_int_eq(feed(0, "longer", 6), STATUS_SIZE);
	desk.face.consumer->ops->free(desk.face.consumer);
	desk.face.consumer = NULL;
	begin(&request);
	ck_assert_int_eq(feed(0, "te", 2), STATUS_OK);
	ck_assert_int_eq(commit("te"), STATUS_SIZE);
	begin(&request);
	ck_assert_int_eq(feed(0, "text", 4), STATUS_OK);
	ck_assert_int_eq(commit("test"), STATUS_DIGEST);
	begin(&request);
	ck_assert_int_eq(feed(2, "xt", 2), STATUS_OK);
	ck_assert_int_eq(feed(0, "te", 2), STATUS_BAD_REQUEST);
	ck_assert_int_ne(commit("text"), STATUS_OK);
	ck_assert(store_lacks(&desk.store, "f"));
	ck_assert(!batch_former_is_busy(desk.former));
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_told_at_once)
{
	struct request request = put_request("no/f", 4);

	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_NOT_FOUND);
	ck_assert_ptr_null(desk.face.consumer);
	request = put_request("/", 4);
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_NOT_PERMITTED);
	request = put_request(BASE_PRIVATE "/f", 4);
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_NOT_FOUND);
}
END_TEST

START_TEST(a_long_put_onto_a_folder_is_told_at_once_a_small_one_in_the_end)
{
	struct request request = put_request("d", LONG);

	store_mkdir(&desk.store, "d");
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_IS_A_FOLDER);
	request = put_request("d", 4);
	ck_assert_int_eq(put_and_wait(&request, "text"), STATUS_IS_A_FOLDER);
}
END_TEST

START_TEST(a_put_can_insist_on_a_free_name)
{
	struct request request = put_request("f", 4);

	request.if_absent = true;
	ck_assert_int_eq(put_and_wait(&request, "text"), STATUS_OK);
	ck_assert_int_eq(put_and_wait(&request, "more"), STATUS_EXISTS);
	request.if_absent = false;
	request.taken = UPLOAD_REFUSE;
	ck_assert_int_eq(put_and_wait(&request, "more"), STATUS_EXISTS);
	ck_assert(store_has(&desk.store, "f", "text"));
	/* A long one is told before its bytes are sent. */
	request.size = LONG;
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_EXISTS);
}
END_TEST

START_TEST(a_put_can_insist_on_a_version)
{
	struct request request = put_request("f", 4);

	request.if_version = true;
	ck_assert_int_eq(put_and_wait(&request, "text"),
	    STATUS_PRECONDITION);
	store_put(&desk.store, "f", "old");
	ck_assert_int_eq(put_and_wait(&request, "text"),
	    STATUS_PRECONDITION);
	store_version(&desk.store, "f", request.version);
	ck_assert_int_eq(put_and_wait(&request, "text"), STATUS_OK);
	ck_assert(store_has(&desk.store, "f", "text"));
	request.if_absent = true;
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_BAD_REQUEST);
}
END_TEST

START_TEST(a_put_replaces_nothing_without_the_right_to_overwrite)
{
	struct request request = put_request("f", 4);

	desk.caller.rights = RIGHT_WRITE | RIGHT_LIST;
	ck_assert_int_eq(put_and_wait(&request, "text"), STATUS_OK);
	ck_assert_int_eq(put_and_wait(&request, "more"),
	    STATUS_NOT_PERMITTED);
	ck_assert(store_has(&desk.store, "f", "text"));
}
END_TEST

/* How many files the root holds besides "f". */
static unsigned int
others(void)
{
	struct request list = desk_request(VERB_LIST, "");
	unsigned int rights = desk.caller.rights;

	desk.caller.rights = RIGHTS_FULL;
	ck_assert_int_eq(desk_ask(&desk, &list), STATUS_OK);
	desk.caller.rights = rights;
	return (unsigned int)desk.face.entry_count - desk_lists(&desk, "ff");
}

START_TEST(a_dropped_file_gets_a_fresh_name_and_nobody_is_told)
{
	struct request request = put_request("f", 4);

	desk.caller.rights = RIGHTS_DROP;
	ck_assert_int_eq(put_and_wait(&request, "text"), STATUS_OK);
	ck_assert_uint_eq(others(), 0);
	ck_assert_int_eq(put_and_wait(&request, "more"), STATUS_OK);
	ck_assert(!desk.face.has_path);
	ck_assert(store_has(&desk.store, "f", "text"));
	ck_assert_uint_eq(others(), 1);
}
END_TEST

START_TEST(a_dropped_file_goes_beside_folders_and_links_too)
{
	struct request request = put_request("f", 4);

	desk.caller.rights = RIGHTS_DROP;
	store_mkdir(&desk.store, "f");
	ck_assert_int_eq(put_and_wait(&request, "text"), STATUS_OK);
	store_link(&desk.store, "elsewhere", "l");
	request = put_request("l", 4);
	ck_assert_int_eq(put_and_wait(&request, "text"), STATUS_OK);
	ck_assert(store_lacks(&desk.store, "elsewhere"));
}
END_TEST

START_TEST(who_only_drops_cannot_ask_what_is_there)
{
	struct request request = put_request("f", 4);

	store_put(&desk.store, "f", "old");
	store_mkdir(&desk.store, "d");
	desk.caller.rights = RIGHTS_DROP;
	request.if_absent = true;
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_NOT_PERMITTED);
	request = put_request("f", 4);
	request.taken = UPLOAD_REFUSE;
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_NOT_PERMITTED);
	request = put_request("d/f", 4);
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_NOT_PERMITTED);
	request = put_request("missing/f", 4);
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_NOT_PERMITTED);
}
END_TEST

START_TEST(a_put_respects_the_lock_of_another_program)
{
	struct request request = put_request("f", 4);
	struct holder holder;

	store_put(&desk.store, "f", "old");
	holder_begin(&holder, &desk.store, "f", classic(F_WRLCK, 0, 1));
	ck_assert_int_eq(put_and_wait(&request, "text"), STATUS_LOCKED);
	holder_end(&holder);
	ck_assert(store_has(&desk.store, "f", "old"));
	ck_assert_int_eq(put_and_wait(&request, "text"), STATUS_OK);
}
END_TEST

START_TEST(a_put_follows_no_link_at_its_name)
{
	struct request request = put_request("l", 4);

	store_put(&desk.store, "f", "old");
	store_link(&desk.store, "f", "l");
	ck_assert_int_eq(put_and_wait(&request, "text"), STATUS_EXISTS);
	ck_assert(store_has(&desk.store, "f", "old"));
}
END_TEST

START_TEST(puts_in_a_row_share_a_batch)
{
	struct request request = put_request("a", 4);
	struct batch *batch;

	ck_assert_int_eq(put(&request, "text"), STATUS_OK);
	request = put_request("b", 4);
	request.id = 2;
	ck_assert_int_eq(put(&request, "more"), STATUS_OK);
	ck_assert(batch_former_is_busy(desk.former));
	batch_former_send(desk.former);
	batch = desk_batch(&desk);
	ck_assert_uint_eq(batch->count, 2);
	ck_assert_uint_eq(batch->member[0].id, 1);
	ck_assert_uint_eq(batch->member[1].id, 2);
	batch_former_done(desk.former, false);
	batch_free(batch);
	ck_assert(!batch_former_is_busy(desk.former));
	ck_assert(store_has(&desk.store, "a", "text"));
	ck_assert(store_has(&desk.store, "b", "more"));
}
END_TEST

START_TEST(what_is_collected_is_dropped_with_its_session)
{
	struct request request = put_request("a", 4);

	ck_assert_int_eq(put(&request, "text"), STATUS_OK);
	ck_assert_int_eq(store_stages(&desk.store), 1);
	/* desk_close sees that no stage is left. */
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_small_put_is_there_once_its_batch_is_back,
		a_long_put_gets_an_id_at_once_that_is_on_its_receipt,
		the_modes_and_times_that_are_asked_for_are_set,
		a_jump_leaves_a_hole,
		a_put_that_is_given_up_leaves_nothing,
		content_that_is_not_what_was_said_is_refused,
		a_folder_that_is_not_there_is_told_at_once,
		a_long_put_onto_a_folder_is_told_at_once_a_small_one_in_the_end,
		a_put_can_insist_on_a_free_name,
		a_put_can_insist_on_a_version,
		a_put_replaces_nothing_without_the_right_to_overwrite,
		a_dropped_file_gets_a_fresh_name_and_nobody_is_told,
		a_dropped_file_goes_beside_folders_and_links_too,
		who_only_drops_cannot_ask_what_is_there,
		a_put_respects_the_lock_of_another_program,
		a_put_follows_no_link_at_its_name,
		puts_in_a_row_share_a_batch,
		what_is_collected_is_dropped_with_its_session,
		NULL
	};

	return check_main("handlers_put", tests, set_up, tear_down);
}
