/* SPDX-License-Identifier: ISC */
/* tree and tree-commit, by a stub face. */
#include "config.h"

#include <string.h>

#include "check_main.h"
#include "manifest.h"
#include "parcel.h"
#include "stub_face.h"

static struct desk desk;
static struct parcel *parcel;

static void
set_up(void)
{
	desk_open(&desk, DURABILITY_COMMIT);
	parcel = NULL;
	desk.caller.parcel = &parcel;
}

static void
tear_down(void)
{
	parcel_unref(parcel);
	desk_close(&desk);
}

static enum status
begin(const char *path)
{
	return desk_do(&desk, VERB_TREE, path);
}

static enum status
make_folder(const char *path)
{
	struct request request = desk_request(VERB_MKDIR, path);

	request.has_tree = true;
	if (parcel != NULL)
		memcpy(request.tree, parcel_id(parcel), UPLOAD_ID_SIZE);
	return desk_ask(&desk, &request);
}

/* Of folders of those names, in their order. */
static enum status
commit(const char *a, const char *b)
{
	static const uint8_t zeros[DIGEST_SIZE];
	struct request request = desk_request(VERB_TREE_COMMIT, NULL);
	struct manifest *manifest = manifest_begin();

	manifest_add(manifest, a, true, 0, zeros);
	manifest_add(manifest, b, true, 0, zeros);
	manifest_end(manifest, request.digest);
	request.has_upload = true;
	request.count = 2;
	if (parcel != NULL)
		memcpy(request.upload, parcel_id(parcel), UPLOAD_ID_SIZE);
	return desk_ask(&desk, &request);
}

START_TEST(a_folder_is_begun_filled_and_committed)
{
	ck_assert_int_eq(begin("t"), STATUS_OK);
	ck_assert(desk.face.has_begun_put);
	ck_assert_mem_eq(desk.face.upload_id, parcel_id(parcel),
	    UPLOAD_ID_SIZE);
	ck_assert_int_eq(make_folder("a"), STATUS_OK);
	ck_assert_int_eq(make_folder("a/b"), STATUS_OK);
	ck_assert(store_lacks(&desk.store, "t"));
	ck_assert_int_eq(commit("a", "a/b"), STATUS_OK);
	ck_assert_ptr_null(parcel);
	ck_assert_int_ne(store_mode(&desk.store, "t/a/b"), 0);
}
END_TEST

START_TEST(one_that_was_taken_up_tells_its_members)
{
	struct request request = desk_request(VERB_TREE, NULL);

	ck_assert_int_eq(begin("t"), STATUS_OK);
	ck_assert_int_eq(make_folder("a"), STATUS_OK);
	ck_assert_int_eq(make_folder("a/b"), STATUS_OK);
	request.has_upload = true;
	memcpy(request.upload, parcel_id(parcel), UPLOAD_ID_SIZE);
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_OK);
	ck_assert(desk_lists(&desk, "da"));
	ck_assert(desk_lists(&desk, "da/b"));
	ck_assert_int_eq(commit("a", "a/b"), STATUS_OK);
}
END_TEST

START_TEST(members_need_a_folder_that_was_begun)
{
	ck_assert_int_eq(make_folder("a"), STATUS_NOT_FOUND);
	ck_assert_int_eq(begin("t"), STATUS_OK);
	ck_assert_int_eq(make_folder("../a"), STATUS_BAD_PATH);
	ck_assert_int_eq(make_folder("a/b"), STATUS_NOT_FOUND);
	ck_assert_int_eq(commit("a", "b"), STATUS_DIGEST);
	ck_assert_int_eq(make_folder("a"), STATUS_NOT_FOUND);
}
END_TEST

static void
discard_all(void)
{
	upload_discard_members(&desk.caller.place, desk.who.user);
}

START_TEST(who_may_not_write_or_make_folders_begins_none)
{
	desk.caller.rights = RIGHTS_FULL & ~(unsigned int)RIGHT_WRITE;
	ck_assert_int_eq(begin("t"), STATUS_NOT_PERMITTED);
	desk.caller.rights = RIGHTS_FULL & ~(unsigned int)RIGHT_MKDIR;
	ck_assert_int_eq(begin("t"), STATUS_NOT_PERMITTED);
	ck_assert_ptr_null(parcel);
	desk.caller.rights = RIGHTS_FULL;
	ck_assert_int_eq(begin("t"), STATUS_OK);
	desk.caller.rights = RIGHT_READ | RIGHT_LIST;
	ck_assert_int_eq(make_folder("a"), STATUS_NOT_PERMITTED);
	ck_assert_int_eq(commit("a", "b"), STATUS_NOT_PERMITTED);
	desk.caller.rights = RIGHTS_FULL;
	ck_assert_int_eq(store_stages(&desk.store), 1);
	discard_all();
}
END_TEST

START_TEST(who_only_drops_gets_a_fresh_name)
{
	store_put(&desk.store, "t", "old");
	ck_assert_int_eq(begin("t"), STATUS_EXISTS);
	desk.caller.rights = RIGHTS_DROP;
	ck_assert_int_eq(begin("t"), STATUS_OK);
	ck_assert_int_eq(make_folder("a"), STATUS_OK);
	ck_assert_int_eq(make_folder("b"), STATUS_OK);
	ck_assert_int_eq(commit("a", "b"), STATUS_OK);
	ck_assert(!desk.face.has_path);
	ck_assert(store_has(&desk.store, "t", "old"));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_folder_is_begun_filled_and_committed,
		one_that_was_taken_up_tells_its_members,
		members_need_a_folder_that_was_begun,
		who_may_not_write_or_make_folders_begins_none,
		who_only_drops_gets_a_fresh_name,
		NULL
	};

	return check_main("handlers_parcel", tests, set_up, tear_down);
}
