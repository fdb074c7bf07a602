/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_main.h"
#include "collect.h"
#include "manifest.h"
#include "parcel_state.h"
#include "stage.h"
#include "store_support.h"

static struct store store;
static struct parcel *parcel;
static struct upload_receipt receipt;

static void
set_up(void)
{
	store_open(&store, DURABILITY_COMMIT);
	parcel = NULL;
}

static void
tear_down(void)
{
	parcel_unref(parcel);
	store_close(&store);
}

static enum status
begin(const char *path, enum upload_taken taken)
{
	const struct upload_plan plan = { .path = path, .user = "alice",
	    .taken = taken };

	return parcel_begin(&parcel, &store.place, &plan, 0);
}

/* A member with that content, up to its place in the parcel. */
static enum status
add(const char *path, const char *text)
{
	const struct upload_plan plan = { .path = path, .user = "alice",
	    .has_size = true, .size = strlen(text) };
	const struct place *place = parcel_place(parcel);
	struct upload_receipt member;
	struct folder folder;
	struct upload *upload;
	const char *name;
	enum status st;

	if ((st = walk_parent(&folder, &name, place, path)) != STATUS_OK)
		return st;
	if ((st = upload_begin(&upload, place, &folder, &plan)) ==
	    STATUS_OK) {
		ck_assert_int_eq(upload_write(upload, 0, text, strlen(text)),
		    STATUS_OK);
		ck_assert_int_eq(store_seal(upload, text), STATUS_OK);
		st = parcel_publish_member(upload, store.names, &folder,
		    &member);
		upload_free(upload);
	}
	folder_close(&folder);
	return st;
}

static void
survey(void)
{
	bool more = true;

	while (more)
		ck_assert_int_eq(parcel_survey(parcel, &more), STATUS_OK);
}

/* Commit what the manifest of "a" (with that text) and the folder "d" says. */
static enum status
commit(const char *text, uint64_t count)
{
	static const uint8_t zeros[DIGEST_SIZE];
	struct manifest *manifest = manifest_begin();
	uint8_t digest[DIGEST_SIZE];
	enum status st;

	digest_of(digest, text, strlen(text));
	manifest_add(manifest, "a", false, strlen(text), digest);
	manifest_add(manifest, "d", true, 0, zeros);
	manifest_end(manifest, digest);
	if ((st = parcel_close(parcel)) != STATUS_OK)
		return st;
	survey();
	return parcel_publish(parcel, store.names, count, digest, &receipt);
}

static void
fill(const char *text)
{
	ck_assert_int_eq(add("/a", text), STATUS_OK);
	ck_assert_int_eq(parcel_mkdir(parcel, "/d", false, 0), STATUS_OK);
}

START_TEST(nothing_is_there_before_the_commit_and_all_of_it_after)
{
	ck_assert_int_eq(begin("/t", UPLOAD_REFUSE), STATUS_OK);
	fill("one");
	ck_assert(store_lacks(&store, "t"));
	ck_assert_int_eq(commit("one", 2), STATUS_OK);
	ck_assert(store_has(&store, "t/a", "one"));
	ck_assert_uint_ne(store_mode(&store, "t/d"), 0);
	ck_assert_uint_eq(receipt.size, 3);
	ck_assert_int_eq(store_stages(&store), 0);
}
END_TEST

START_TEST(another_manifest_publishes_nothing_and_leaves_nothing)
{
	ck_assert_int_eq(begin("/t", UPLOAD_REFUSE), STATUS_OK);
	fill("one");
	ck_assert_int_eq(commit("two", 2), STATUS_DIGEST);
	ck_assert(store_lacks(&store, "t"));
	ck_assert_int_eq(store_stages(&store), 0);
	parcel_unref(parcel);
	ck_assert_int_eq(begin("/t", UPLOAD_REFUSE), STATUS_OK);
	fill("one");
	ck_assert_int_eq(commit("one", 3), STATUS_DIGEST);
	ck_assert_int_eq(store_stages(&store), 0);
}
END_TEST

START_TEST(a_taken_name_is_refused_or_a_fresh_one_found)
{
	store_put(&store, "t", "old");
	ck_assert_int_eq(begin("/t", UPLOAD_REFUSE), STATUS_EXISTS);
	ck_assert_int_eq(begin("/t", UPLOAD_FRESH), STATUS_OK);
	fill("one");
	ck_assert_int_eq(commit("one", 2), STATUS_OK);
	ck_assert(store_has(&store, "t", "old"));
	ck_assert_ptr_nonnull(parcel_fresh_name(parcel));
	ck_assert_int_eq(strncmp(parcel_fresh_name(parcel), "t-", 2), 0);
}
END_TEST

START_TEST(without_renameat2_a_folder_is_published_too)
{
	ck_assert_int_eq(begin("/t", UPLOAD_REFUSE), STATUS_OK);
	fill("one");
	if (!forbid_noreplace())
		return;
	ck_assert_int_eq(commit("one", 2), STATUS_OK);
	ck_assert(store_has(&store, "t/a", "one"));
}
END_TEST

START_TEST(it_is_taken_up_by_its_id_with_what_was_noted)
{
	const struct parcel_log *log;
	char stray[128], hex[DIGEST_HEX_SIZE];
	uint8_t id[UPLOAD_ID_SIZE];

	ck_assert_int_eq(begin("/t", UPLOAD_REFUSE), STATUS_OK);
	fill("one");
	memcpy(id, parcel_id(parcel), sizeof(id));
	parcel_unref(parcel);
	parcel = NULL;
	digest_hex(hex, id);
	snprintf(stray, sizeof(stray), BASE_PRIVATE "/stage/%s/stray", hex);
	store_put(&store, stray, "x");
	ck_assert_int_eq(parcel_resume(&parcel, &store.place, "bob", id,
	    &receipt), STATUS_NOT_FOUND);
	ck_assert_int_eq(parcel_resume(&parcel, &store.place, "alice", id,
	    &receipt), STATUS_OK);
	survey();
	ck_assert(store_lacks(&store, stray));
	log = parcel_members(parcel);
	ck_assert_uint_eq(log->len, 2);
	ck_assert_str_eq(log->at[0].path, "a");
	ck_assert_str_eq(log->at[1].path, "d");
	ck_assert_int_eq(commit("one", 2), STATUS_OK);
	parcel_unref(parcel);
	ck_assert_int_eq(parcel_resume(&parcel, &store.place, "alice", id,
	    &receipt), STATUS_OK);
	ck_assert_ptr_null(parcel);
	ck_assert_uint_eq(receipt.size, 3);
}
END_TEST

/* As if the server had died between the rename and the receipt. */
static void
rename_and_die(const uint8_t id[UPLOAD_ID_SIZE])
{
	char stage[256], target[256], hex[DIGEST_HEX_SIZE];
	const struct upload_receipt sealed = { .size = 3 };
	struct record *record;
	struct stat st;

	digest_hex(hex, id);
	snprintf(stage, sizeof(stage), "%s/" BASE_PRIVATE "/stage/%s",
	    store.path, hex);
	snprintf(target, sizeof(target), "%s/t", store.path);
	ck_assert_int_eq(record_open(&record, store.base, id), STATUS_OK);
	ck_assert_int_eq(stat(stage, &st), 0);
	ck_assert_int_eq(record_seal(record, &sealed, (uint64_t)st.st_ino),
	    STATUS_OK);
	record_close(record);
	ck_assert_int_eq(rename(stage, target), 0);
}

START_TEST(a_rename_before_a_crash_is_told_and_finished)
{
	uint8_t id[UPLOAD_ID_SIZE];

	ck_assert_int_eq(begin("/t", UPLOAD_REFUSE), STATUS_OK);
	ck_assert_int_eq(add("/a", "one"), STATUS_OK);
	ck_assert_int_eq(parcel_mkdir(parcel, "/d", true, 0500), STATUS_OK);
	memcpy(id, parcel_id(parcel), sizeof(id));
	parcel_unref(parcel);
	rename_and_die(id);
	ck_assert_int_eq(parcel_resume(&parcel, &store.place, "alice", id,
	    &receipt), STATUS_OK);
	ck_assert_ptr_null(parcel);
	ck_assert_uint_eq(receipt.size, 3);
	ck_assert_uint_eq(store_mode(&store, "t/d") & 0777, 0500);
}
END_TEST

START_TEST(members_that_come_again_and_again_are_refused_at_last)
{
	uint8_t id[UPLOAD_ID_SIZE];

	ck_assert_int_eq(begin("/t", UPLOAD_REFUSE), STATUS_OK);
	fill("one");
	fill("one");
	memcpy(id, parcel_id(parcel), sizeof(id));
	parcel_unref(parcel);
	ck_assert_int_eq(parcel_resume(&parcel, &store.place, "alice", id,
	    &receipt), STATUS_OK);
	ck_assert_uint_eq(parcel->rows, 4);
	parcel->rows = PARCEL_ROWS - 1;
	ck_assert_int_eq(add("/a", "one"), STATUS_OK);
	ck_assert_int_eq(add("/a", "two"), STATUS_TOO_LARGE);
	ck_assert_int_eq(parcel_mkdir(parcel, "/d", false, 0),
	    STATUS_TOO_LARGE);
	ck_assert_int_eq(commit("one", 2), STATUS_OK);
}
END_TEST

START_TEST(who_lost_it_can_add_nothing_any_more)
{
	struct parcel *old;
	uint8_t id[UPLOAD_ID_SIZE];

	ck_assert_int_eq(begin("/t", UPLOAD_REFUSE), STATUS_OK);
	old = parcel;
	memcpy(id, parcel_id(parcel), sizeof(id));
	ck_assert_int_eq(parcel_resume(&parcel, &store.place, "alice", id,
	    &receipt), STATUS_OK);
	fill("one");
	ck_assert_int_eq(parcel_mkdir(old, "/x", false, 0), STATUS_LOCKED);
	parcel_unref(old);
	ck_assert_int_eq(commit("one", 2), STATUS_OK);
}
END_TEST

START_TEST(a_row_that_was_cut_off_is_forgotten_with_all_behind_it)
{
	char path[128], hex[DIGEST_HEX_SIZE];
	uint8_t id[UPLOAD_ID_SIZE];
	struct stat st;

	ck_assert_int_eq(begin("/t", UPLOAD_REFUSE), STATUS_OK);
	fill("one");
	ck_assert_int_eq(add("/z", "last"), STATUS_OK);
	memcpy(id, parcel_id(parcel), sizeof(id));
	parcel_unref(parcel);
	parcel = NULL;
	digest_hex(hex, id);
	snprintf(path, sizeof(path), "%s/" BASE_PRIVATE "/uploads/%s",
	    store.path, hex);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(truncate(path, st.st_size - 1), 0);
	ck_assert_int_eq(parcel_resume(&parcel, &store.place, "alice", id,
	    &receipt), STATUS_OK);
	survey();
	ck_assert_uint_eq(parcel_members(parcel)->len, 2);
	ck_assert_int_eq(commit("one", 2), STATUS_OK);
	ck_assert(store_lacks(&store, "t/z"));
}
END_TEST

/* From now on all that was noted before was noted by another boot. */
static void
become_another(void)
{
	((uint8_t *)(uintptr_t)base_tag(store.base))[0] ^= 1;
}

START_TEST(what_another_boot_noted_is_read_and_compared)
{
	char path[128], hex[DIGEST_HEX_SIZE];
	uint8_t id[UPLOAD_ID_SIZE];

	ck_assert_int_eq(begin("/t", UPLOAD_REFUSE), STATUS_OK);
	fill("one");
	ck_assert_int_eq(add("/z", "last"), STATUS_OK);
	memcpy(id, parcel_id(parcel), sizeof(id));
	parcel_unref(parcel);
	parcel = NULL;
	become_another();
	/* The same file and size, and other bytes, as after a power cut. */
	digest_hex(hex, id);
	snprintf(path, sizeof(path), BASE_PRIVATE "/stage/%s/z", hex);
	store_put(&store, path, "lost");
	ck_assert_int_eq(parcel_resume(&parcel, &store.place, "alice", id,
	    &receipt), STATUS_OK);
	survey();
	ck_assert_uint_eq(parcel_members(parcel)->len, 2);
	ck_assert(store_lacks(&store, path));
	ck_assert_int_eq(commit("one", 2), STATUS_OK);
	ck_assert(store_has(&store, "t/a", "one"));
}
END_TEST

/* Taken up with "a" noted by another boot, and surveyed up to its proof. */
static void
survey_half(uint8_t id[UPLOAD_ID_SIZE])
{
	bool more;

	ck_assert_int_eq(begin("/t", UPLOAD_REFUSE), STATUS_OK);
	ck_assert_int_eq(add("/a", "one"), STATUS_OK);
	memcpy(id, parcel_id(parcel), UPLOAD_ID_SIZE);
	parcel_unref(parcel);
	parcel = NULL;
	become_another();
	ck_assert_int_eq(parcel_resume(&parcel, &store.place, "alice", id,
	    &receipt), STATUS_OK);
	ck_assert_int_eq(parcel_survey(parcel, &more), STATUS_OK);
	ck_assert(more);
}

START_TEST(who_lost_it_removes_nothing_that_came_since)
{
	uint8_t id[UPLOAD_ID_SIZE];
	struct parcel *old;
	bool more;

	survey_half(id);
	old = parcel;
	ck_assert_int_eq(parcel_resume(&parcel, &store.place, "alice", id,
	    &receipt), STATUS_OK);
	ck_assert_int_eq(parcel_mkdir(parcel, "/d", false, 0), STATUS_OK);
	ck_assert_int_eq(parcel_survey(old, &more), STATUS_LOCKED);
	parcel_unref(old);
	ck_assert_int_eq(commit("one", 2), STATUS_OK);
}
END_TEST

START_TEST(a_commit_sees_what_came_after_a_survey_that_was_cancelled)
{
	uint8_t id[UPLOAD_ID_SIZE];

	survey_half(id);
	ck_assert_int_eq(parcel_mkdir(parcel, "/d", false, 0), STATUS_OK);
	ck_assert_int_eq(commit("one", 2), STATUS_OK);
	ck_assert_uint_ne(store_mode(&store, "t/d"), 0);
}
END_TEST

/* Collect until something that was made just now is old enough. */
static void
collect_older(void)
{
	struct stage witness;

	ck_assert_int_eq(stage_make(&witness, base_stage_fd(store.base),
	    0600), STATUS_OK);
	while (faccessat(base_stage_fd(store.base), witness.name, F_OK, 0) ==
	    0)
		(void)collect_stages(store.base, 0);
	stage_drop(&witness, base_stage_fd(store.base));
}

/* How many stages wait to be removed. */
static unsigned int
names_gone(void)
{
	int fd = openat(base_gone_fd(store.base), ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fdopendir(fd);
	unsigned int count = 0;
	struct dirent *entry;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

START_TEST(nobody_collects_it_while_it_is_held)
{
	ck_assert_int_eq(begin("/t", UPLOAD_REFUSE), STATUS_OK);
	fill("one");
	collect_older();
	ck_assert_int_eq(commit("one", 2), STATUS_OK);
}
END_TEST

START_TEST(left_alone_it_is_collected_whole)
{
	ck_assert_int_eq(begin("/t", UPLOAD_REFUSE), STATUS_OK);
	fill("one");
	parcel_unref(parcel);
	parcel = NULL;
	ck_assert_uint_eq(collect_stages(store.base, 3600), 0);
	ck_assert_int_eq(store_stages(&store), 1);
	collect_older();
	ck_assert_int_eq(store_stages(&store), 0);
	/* What is in it goes later, without anybody who waits for that. */
	ck_assert_uint_eq(names_gone(), 1);
	collect_gone(store.base);
	ck_assert_uint_eq(names_gone(), 0);
}
END_TEST

START_TEST(paths_of_members_go_down)
{
	static const char *const bad[] = { "", ".", "/a", "../a", "a/..",
	    "a//b", "a/" };
	char path[WALK_PATH_ROOM];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(parcel_member_path(path, bad[i],
		    strlen(bad[i])), STATUS_BAD_PATH);
	ck_assert_int_eq(parcel_member_path(path, "a/b", 3), STATUS_OK);
	ck_assert_str_eq(path, "/a/b");
}
END_TEST

START_TEST(given_up_it_is_gone)
{
	ck_assert_int_eq(begin("/t", UPLOAD_REFUSE), STATUS_OK);
	fill("one");
	ck_assert_int_eq(upload_discard(&store.place, "alice",
	    parcel_id(parcel)), STATUS_OK);
	ck_assert_int_eq(store_stages(&store), 0);
	ck_assert_int_ne(add("/b", "late"), STATUS_OK);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		nothing_is_there_before_the_commit_and_all_of_it_after,
		another_manifest_publishes_nothing_and_leaves_nothing,
		a_taken_name_is_refused_or_a_fresh_one_found,
		without_renameat2_a_folder_is_published_too,
		it_is_taken_up_by_its_id_with_what_was_noted,
		a_rename_before_a_crash_is_told_and_finished,
		members_that_come_again_and_again_are_refused_at_last,
		who_lost_it_can_add_nothing_any_more,
		who_lost_it_removes_nothing_that_came_since,
		a_row_that_was_cut_off_is_forgotten_with_all_behind_it,
		what_another_boot_noted_is_read_and_compared,
		a_commit_sees_what_came_after_a_survey_that_was_cancelled,
		nobody_collects_it_while_it_is_held,
		left_alone_it_is_collected_whole,
		paths_of_members_go_down,
		given_up_it_is_gone,
		NULL
	};

	return check_main("parcel", tests, set_up, tear_down);
}
