/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_main.h"
#include "store_support.h"

static struct store store;

static void
set_up(void)
{
	store_open(&store, DURABILITY_COMMIT);
}

static void
tear_down(void)
{
	ck_assert_int_eq(store_stages(&store), 0);
	store_close(&store);
}

static struct upload_plan
plan_for(const char *path)
{
	return (struct upload_plan){ .path = path };
}

static struct upload *
begin_at(const char *path)
{
	struct upload_plan plan = plan_for(path);

	return store_begin(&store, &plan);
}

static enum status
put(const char *path, const char *text)
{
	struct upload_plan plan = plan_for(path);

	return store_upload(&store, &plan, text);
}

START_TEST(nothing_is_seen_before_the_commit)
{
	struct upload *upload = begin_at("/a");
	struct upload_receipt receipt;

	ck_assert(store_lacks(&store, "a"));
	ck_assert_int_eq(upload_write(upload, 0, "new", 3), STATUS_OK);
	ck_assert_int_eq(store_seal(upload, "new"), STATUS_OK);
	ck_assert_int_eq(upload_flush(upload), STATUS_OK);
	ck_assert(store_lacks(&store, "a"));
	ck_assert_int_eq(store_stages(&store), 1);
	ck_assert_int_eq(store_publish(&store, upload, &receipt),
	    STATUS_OK);
	ck_assert(store_has(&store, "a", "new"));
	ck_assert_int_eq(store_stages(&store), 0);
	upload_free(upload);
	ck_assert(store_has(&store, "a", "new"));
}
END_TEST

START_TEST(readers_see_the_old_file_until_commit)
{
	struct upload *upload;
	struct upload_receipt receipt;
	char buf[8];
	int fd;

	store_put(&store, "a", "old");
	fd = openat(base_fd(store.base), "a", O_RDONLY | O_CLOEXEC);
	upload = begin_at("/a");
	ck_assert_int_eq(upload_write(upload, 0, "new", 3), STATUS_OK);
	ck_assert_int_eq(store_seal(upload, "new"), STATUS_OK);
	ck_assert(store_has(&store, "a", "old"));
	ck_assert_int_eq(store_publish(&store, upload, &receipt),
	    STATUS_OK);
	ck_assert(store_has(&store, "a", "new"));
	ck_assert_int_eq(read(fd, buf, sizeof(buf)), 3);
	ck_assert_int_eq(memcmp(buf, "old", 3), 0);
	close(fd);
	upload_free(upload);
}
END_TEST

START_TEST(an_upload_that_is_dropped_leaves_nothing)
{
	struct upload *upload = begin_at("/a");

	ck_assert_int_eq(upload_write(upload, 0, "new", 3), STATUS_OK);
	ck_assert_int_eq(store_stages(&store), 1);
	upload_free(upload);
	ck_assert_int_eq(store_stages(&store), 0);
	ck_assert(store_lacks(&store, "a"));
	upload_free(NULL);
}
END_TEST

START_TEST(the_receipt_tells_what_was_stored)
{
	struct upload *upload = begin_at("/a");
	uint8_t digest[DIGEST_SIZE], version[VERSION_SIZE];
	struct upload_receipt receipt;
	uint8_t id[UPLOAD_ID_SIZE];

	memcpy(id, upload_id(upload), UPLOAD_ID_SIZE);
	ck_assert_int_eq(upload_write(upload, 0, "one", 3), STATUS_OK);
	ck_assert_int_eq(upload_write(upload, 3, "two", 3), STATUS_OK);
	ck_assert_uint_eq(upload_received(upload), 6);
	ck_assert_str_eq(upload_path(upload), "/a");
	ck_assert_int_eq(store_seal(upload, "onetwo"), STATUS_OK);
	ck_assert_int_eq(store_publish(&store, upload, &receipt),
	    STATUS_OK);
	digest_of(digest, "onetwo", 6);
	store_version(&store, "a", version);
	ck_assert_uint_eq(receipt.size, 6);
	ck_assert_mem_eq(receipt.digest, digest, DIGEST_SIZE);
	ck_assert_mem_eq(receipt.version, version, VERSION_SIZE);
	ck_assert_mem_eq(receipt.id, id, UPLOAD_ID_SIZE);
	ck_assert_int_gt(receipt.time.seconds, 1600000000);
	upload_free(upload);
}
END_TEST

START_TEST(an_empty_file_is_a_file)
{
	ck_assert_int_eq(put("/empty", ""), STATUS_OK);
	ck_assert(store_has(&store, "empty", ""));
}
END_TEST

START_TEST(a_wrong_digest_publishes_nothing)
{
	struct upload *upload;
	struct upload_receipt receipt;

	store_put(&store, "a", "old");
	upload = begin_at("/a");
	ck_assert_int_eq(upload_write(upload, 0, "new", 3), STATUS_OK);
	ck_assert_int_eq(store_seal(upload, "neW"), STATUS_DIGEST);
	ck_assert_int_eq(store_stages(&store), 0);
	ck_assert_int_eq(upload_flush(upload), STATUS_DIGEST);
	ck_assert_int_eq(store_publish(&store, upload, &receipt),
	    STATUS_DIGEST);
	ck_assert(store_has(&store, "a", "old"));
	upload_free(upload);
}
END_TEST

START_TEST(a_size_that_differs_is_refused)
{
	struct upload_plan plan = plan_for("/a");
	struct upload *upload;

	plan.has_size = true;
	plan.size = 3;
	upload = store_begin(&store, &plan);	/* more than announced */
	ck_assert_int_eq(upload_write(upload, 0, "abcd", 4), STATUS_SIZE);
	ck_assert_int_eq(upload_write(upload, 0, "abc", 3), STATUS_SIZE);
	upload_free(upload);
	upload = store_begin(&store, &plan);	/* less than announced */
	ck_assert_int_eq(upload_write(upload, 0, "ab", 2), STATUS_OK);
	ck_assert_int_eq(store_seal(upload, "ab"), STATUS_SIZE);
	upload_free(upload);
	upload = begin_at("/a");	/* commit of less than has come */
	ck_assert_int_eq(upload_write(upload, 0, "abc", 3), STATUS_OK);
	ck_assert_int_eq(store_seal(upload, "ab"), STATUS_SIZE);
	upload_free(upload);
	ck_assert(store_lacks(&store, "a"));
}
END_TEST

START_TEST(bytes_that_overlap_are_refused)
{
	struct upload *upload = begin_at("/a");

	ck_assert_int_eq(upload_write(upload, 0, "abc", 3), STATUS_OK);
	ck_assert_int_eq(upload_write(upload, 2, "abc", 3),
	    STATUS_BAD_REQUEST);
	ck_assert_int_eq(store_seal(upload, "abc"), STATUS_BAD_REQUEST);
	ck_assert_int_eq(store_stages(&store), 0);
	upload_free(upload);
}
END_TEST

START_TEST(too_large_is_refused_at_once)
{
	struct upload_plan plan = plan_for("/a");
	struct upload *upload = store_begin(&store, &plan);

	ck_assert_int_eq(upload_write(upload, UPLOAD_MOST, "x", 1),
	    STATUS_TOO_LARGE);
	upload_free(upload);
	upload = store_begin(&store, &plan);
	ck_assert_int_eq(upload_write(upload, UINT64_MAX, "xx", 2),
	    STATUS_TOO_LARGE);
	upload_free(upload);
	upload = store_begin(&store, &plan);
	ck_assert_int_eq(upload_seal(upload, UINT64_MAX,
	    (const uint8_t[DIGEST_SIZE]){ 0 }), STATUS_TOO_LARGE);
	upload_free(upload);
	plan.has_size = true;
	plan.size = UPLOAD_MOST + 1;
	ck_assert_int_eq(store_begin_status(&store, &plan), STATUS_TOO_LARGE);
}
END_TEST

#define GIB ((uint64_t)1 << 30)

START_TEST(a_sparse_file_of_3_GiB_is_stored_with_its_holes)
{
	struct upload *upload = begin_at("/sparse");
	uint8_t sum[DIGEST_SIZE];
	struct upload_receipt receipt;
	struct digest *digest;
	struct stat st;

	digest = digest_begin(0);
	digest_skip(digest, 2 * GIB + 5);
	digest_update(digest, "middle", 6);
	digest_skip(digest, GIB - 11);
	digest_end(digest, sum);
	ck_assert_int_eq(upload_write(upload, 2 * GIB + 5, "middle", 6),
	    STATUS_OK);
	ck_assert_int_eq(upload_seal(upload, 3 * GIB, sum), STATUS_OK);
	ck_assert_int_eq(upload_flush(upload), STATUS_OK);
	ck_assert_int_eq(store_publish(&store, upload, &receipt),
	    STATUS_OK);
	upload_free(upload);
	ck_assert_uint_eq(receipt.size, 3 * GIB);
	ck_assert_int_eq(fstatat(base_fd(store.base), "sparse", &st, 0), 0);
	ck_assert_int_eq(st.st_size, (off_t)(3 * GIB));
	ck_assert_int_lt(st.st_blocks, 1024);
}
END_TEST

START_TEST(a_long_upload_is_written_behind_and_whole)
{
	struct upload_plan plan = plan_for("/long");
	struct upload *upload;
	struct upload_receipt receipt;
	uint8_t sum[DIGEST_SIZE];
	size_t len = 20 << 20, done, n = 262144;
	uint8_t *bytes = malloc(len);

	ck_assert_ptr_nonnull(bytes);
	for (done = 0; done < len; done++)
		bytes[done] = (uint8_t)(done * 7 + (done >> 12));
	plan.has_size = true;
	plan.size = len;
	upload = store_begin(&store, &plan);
	for (done = 0; done < len; done += n)
		ck_assert_int_eq(upload_write(upload, done, bytes + done, n),
		    STATUS_OK);
	digest_of(sum, bytes, len);
	ck_assert_int_eq(upload_seal(upload, len, sum), STATUS_OK);
	ck_assert_int_eq(store_publish(&store, upload, &receipt),
	    STATUS_OK);
	upload_free(upload);
	free(bytes);
	ck_assert_mem_eq(receipt.digest, sum, DIGEST_SIZE);
}
END_TEST

START_TEST(times_are_kept_even_before_1970)
{
	struct upload_plan plan = plan_for("/a");
	struct stat st;

	plan.has_mtime = true;
	plan.mtime = (struct file_time){ -123456789, 987654321 };
	ck_assert_int_eq(store_upload(&store, &plan, "x"), STATUS_OK);
	ck_assert_int_eq(fstatat(base_fd(store.base), "a", &st, 0), 0);
	ck_assert_int_eq(st.st_mtim.tv_sec, -123456789);
	ck_assert_int_eq(st.st_mtim.tv_nsec, 987654321);
}
END_TEST

static mode_t
mode_after(const char *path, uint32_t mode)
{
	struct upload_plan plan = plan_for(path);

	plan.has_mode = true;
	plan.mode = mode;
	ck_assert_int_eq(store_upload(&store, &plan, "x"), STATUS_OK);
	return store_mode(&store, path + 1);
}

START_TEST(modes_lose_special_bits_and_the_umask)
{
	ck_assert_int_eq(put("/default", "x"), STATUS_OK);
	ck_assert_uint_eq(store_mode(&store, "default"), 0644);
	ck_assert_uint_eq(mode_after("/all", 07777), 0755);
	ck_assert_uint_eq(mode_after("/setuid", 04755), 0755);
	ck_assert_uint_eq(mode_after("/group", 0660), 0640);
	ck_assert_uint_eq(mode_after("/read", 0444), 0444);
	ck_assert_uint_eq(mode_after("/none", 0), 0);
	umask(077);
	ck_assert_uint_eq(mode_after("/own", 0777), 0700);
}
END_TEST

START_TEST(a_replaced_file_keeps_its_mode_unless_asked)
{
	store_put(&store, "a", "old");
	ck_assert_int_eq(fchmodat(base_fd(store.base), "a", 0604, 0), 0);
	ck_assert_int_eq(put("/a", "new"), STATUS_OK);
	ck_assert_uint_eq(store_mode(&store, "a"), 0604);
	ck_assert_uint_eq(mode_after("/a", 0640), 0640);
}
END_TEST

/* The file size limit stands for a file system that takes no more. */
static bool
hits_the_limit(struct store *mine)
{
	const struct rlimit limit = { 4096, 4096 };
	struct upload_plan plan = plan_for("/a");
	char text[8193];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	signal(SIGXFSZ, SIG_IGN);
	return setrlimit(RLIMIT_FSIZE, &limit) == 0 &&
	    store_upload(mine, &plan, text) == STATUS_TOO_LARGE &&
	    store_stages(mine) == 0;
}

START_TEST(a_write_that_fails_throws_the_stage_away)
{
	store_put(&store, "a", "old");
	ck_assert(apart(&store, hits_the_limit));
	ck_assert(store_has(&store, "a", "old"));
}
END_TEST

/* A tmpfs of 64 KiB over the base, seen by this process alone. */
static bool
fills_the_disk(struct store *mine)
{
	struct upload_plan plan = plan_for("/a");
	struct store small = *mine;
	static char text[262145];
	bool ok;

	if (unshare(CLONE_NEWNS) == -1)
		return errno == EPERM && hits_the_limit(mine);
	/* The root of a chroot is no mount, and others would see ours. */
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
		return errno == EINVAL && hits_the_limit(mine);
	if (mount("none", mine->path, "tmpfs", 0, "size=64k") == -1 ||
	    base_open(&small.base, "small", mine->path, DURABILITY_COMMIT) !=
	    STATUS_OK ||
	    names_open(&small.names, small.base) != STATUS_OK)
		return false;
	small.place.base = small.base;
	memset(text, 'x', sizeof(text) - 1);
	ok = store_upload(&small, &plan, "old") == STATUS_OK &&
	    store_upload(&small, &plan, text) == STATUS_NO_SPACE &&
	    store_stages(&small) == 0 && store_has(&small, "a", "old") &&
	    store_upload(&small, &plan, "new") == STATUS_OK &&
	    store_has(&small, "a", "new");
	/* One that could be taken up again goes, too: there is no room. */
	plan.user = "alice";
	ok = ok && store_upload(&small, &plan, text) == STATUS_NO_SPACE &&
	    store_stages(&small) == 0 && store_records(&small) == 0;
	names_close(small.names);
	base_close(small.base);
	return ok;
}

START_TEST(a_full_disk_leaves_the_old_file_whole)
{
	ck_assert(apart(&store, fills_the_disk));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		nothing_is_seen_before_the_commit,
		readers_see_the_old_file_until_commit,
		an_upload_that_is_dropped_leaves_nothing,
		the_receipt_tells_what_was_stored,
		an_empty_file_is_a_file,
		a_wrong_digest_publishes_nothing,
		a_size_that_differs_is_refused,
		bytes_that_overlap_are_refused,
		too_large_is_refused_at_once,
		a_sparse_file_of_3_GiB_is_stored_with_its_holes,
		a_long_upload_is_written_behind_and_whole,
		times_are_kept_even_before_1970,
		modes_lose_special_bits_and_the_umask,
		a_replaced_file_keeps_its_mode_unless_asked,
		a_write_that_fails_throws_the_stage_away,
		a_full_disk_leaves_the_old_file_whole,
		NULL
	};

	return check_main("upload", tests, set_up, tear_down);
}
