/* SPDX-License-Identifier: ISC */
/* list, stat and get, by a stub face. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check_main.h"
#include "log.h"
#include "stub_face.h"

#define BIG 200000

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

static int
open_file(const char *name, int flags)
{
	int fd = openat(base_fd(desk.store.base), name,
	    flags | O_CREAT | O_CLOEXEC, 0644);

	ck_assert_int_ne(fd, -1);
	return fd;
}

/* A file whose bytes tell where they stand. */
static void
put_big(const char *name)
{
	static char bytes[BIG];
	int fd = open_file(name, O_WRONLY);

	for (size_t i = 0; i < BIG; i++)
		bytes[i] = (char)(i * 7 + i / 256);
	ck_assert_int_eq(write(fd, bytes, BIG), BIG);
	close(fd);
}

static bool
is_big(uint64_t offset, size_t len)
{
	for (size_t i = (size_t)offset; i < offset + len; i++)
		if (desk.face.content[i] != (uint8_t)(i * 7 + i / 256))
			return false;
	return true;
}

static enum status
get_range(const char *path, uint64_t offset, uint64_t length)
{
	struct request request = desk_request(VERB_GET, path);

	request.has_offset = request.has_length = true;
	request.offset = offset;
	request.length = length;
	return desk_ask(&desk, &request);
}

START_TEST(list_tells_what_is_in_a_folder)
{
	store_mkdir(&desk.store, "d");
	store_put(&desk.store, "f", "text");
	store_link(&desk.store, "nowhere", "l");
	ck_assert_int_eq(mkfifoat(base_fd(desk.store.base), "p", 0600), 0);
	ck_assert_int_eq(desk_do(&desk, VERB_LIST, NULL), STATUS_OK);
	ck_assert(desk.face.outcome.has_count);
	ck_assert_uint_eq(desk.face.outcome.count, 4);
	ck_assert_uint_eq(desk.face.entry_count, 4);
	ck_assert(desk_lists(&desk, "dd"));
	ck_assert(desk_lists(&desk, "ff"));
	ck_assert(desk_lists(&desk, "ll"));
	ck_assert(desk_lists(&desk, "op"));
}
END_TEST

START_TEST(list_waits_for_room_and_forgets_no_name)
{
	struct request request = desk_request(VERB_LIST, "/");
	unsigned int pulls = 1;
	char name[16];

	for (int i = 0; i < 35; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		store_put(&desk.store, name, "");
	}
	desk_run(&desk, &request);
	while (desk_pull(&desk))
		pulls++;
	ck_assert_uint_eq(pulls, 4);
	ck_assert_uint_eq(desk.face.outcome.count, 35);
	for (int i = 0; i < 35; i++) {
		snprintf(name, sizeof(name), "ff%d", i);
		ck_assert(desk_lists(&desk, name));
	}
}
END_TEST

START_TEST(list_of_a_file_has_that_one_entry)
{
	store_put(&desk.store, "f", "text");
	store_put(&desk.store, "g", "text");
	ck_assert_int_eq(desk_do(&desk, VERB_LIST, "f"), STATUS_OK);
	ck_assert_uint_eq(desk.face.outcome.count, 1);
	ck_assert(desk_lists(&desk, "ff"));
}
END_TEST

START_TEST(list_of_nothing_fails_at_once)
{
	ck_assert_int_eq(desk_do(&desk, VERB_LIST, "x"), STATUS_NOT_FOUND);
	ck_assert_uint_eq(desk.face.entry_count, 0);
}
END_TEST

START_TEST(list_can_be_given_up)
{
	struct request request = desk_request(VERB_LIST, "/");

	store_put(&desk.store, "f", "");
	desk_run(&desk, &request);
	ck_assert_ptr_nonnull(desk.face.producer);
	/* The face frees it, and desk_close finds nothing left open. */
}
END_TEST

START_TEST(stat_tells_the_facts_of_a_file)
{
	uint8_t version[VERSION_SIZE];

	store_mkdir(&desk.store, "d");
	store_put(&desk.store, "d/f", "text");
	store_version(&desk.store, "d/f", version);
	ck_assert_int_eq(desk_do(&desk, VERB_STAT, "d/f"), STATUS_OK);
	ck_assert(desk.face.has_entry);
	ck_assert_str_eq(desk.face.name, "f");
	ck_assert_int_eq(desk.face.facts.type, 'f');
	ck_assert_uint_eq(desk.face.facts.size, 4);
	ck_assert_uint_eq(desk.face.facts.mode, 0644);
	ck_assert_mem_eq(desk.face.facts.version, version, VERSION_SIZE);
	ck_assert_int_eq(desk_do(&desk, VERB_STAT, "d"), STATUS_OK);
	ck_assert_int_eq(desk.face.facts.type, 'd');
	ck_assert_uint_eq(desk.face.facts.size, 0);
	ck_assert_int_eq(desk_do(&desk, VERB_STAT, "/"), STATUS_OK);
	ck_assert_int_eq(desk_do(&desk, VERB_STAT, "x"), STATUS_NOT_FOUND);
}
END_TEST

START_TEST(get_gives_a_whole_file_as_there_is_room)
{
	static char bytes[BIG];
	uint8_t digest[DIGEST_SIZE], version[VERSION_SIZE];
	struct request request = desk_request(VERB_GET, "f");
	unsigned int pulls = 1;

	put_big("f");
	store_version(&desk.store, "f", version);
	desk_run(&desk, &request);
	ck_assert(desk.face.has_begun_get);
	ck_assert_uint_eq(desk.face.facts.size, BIG);
	ck_assert_mem_eq(desk.face.facts.version, version, VERSION_SIZE);
	while (desk_pull(&desk))
		pulls++;
	ck_assert_uint_eq(pulls, BIG / STUB_ROOM + 1);
	ck_assert_int_eq(desk.face.st, STATUS_OK);
	ck_assert_uint_eq(desk.face.received, BIG);
	ck_assert(is_big(0, BIG));
	ck_assert(desk.face.outcome.has_content);
	ck_assert_uint_eq(desk.face.outcome.size, BIG);
	ck_assert_mem_eq(desk.face.outcome.version, version, VERSION_SIZE);
	memcpy(bytes, desk.face.content, BIG);
	digest_of(digest, bytes, BIG);
	ck_assert_mem_eq(desk.face.outcome.digest, digest, DIGEST_SIZE);
}
END_TEST

START_TEST(get_of_an_empty_file_has_no_data)
{
	uint8_t digest[DIGEST_SIZE];

	store_put(&desk.store, "f", "");
	ck_assert_int_eq(desk_do(&desk, VERB_GET, "f"), STATUS_OK);
	ck_assert(desk.face.has_begun_get);
	ck_assert_uint_eq(desk.face.received, 0);
	digest_of(digest, "", 0);
	ck_assert_mem_eq(desk.face.outcome.digest, digest, DIGEST_SIZE);
}
END_TEST

START_TEST(get_gives_a_range)
{
	put_big("f");
	ck_assert_int_eq(get_range("f", 1000, 50000), STATUS_OK);
	ck_assert_uint_eq(desk.face.facts.size, BIG);
	ck_assert_uint_eq(desk.face.received, 50000);
	ck_assert_uint_eq(desk.face.outcome.size, 50000);
	ck_assert(is_big(1000, 50000));
	ck_assert_uint_eq(desk.face.content[999], 0);
}
END_TEST

START_TEST(get_cuts_a_range_at_the_end_of_the_file)
{
	put_big("f");
	ck_assert_int_eq(get_range("f", BIG - 10, UINT64_MAX), STATUS_OK);
	ck_assert_uint_eq(desk.face.outcome.size, 10);
	ck_assert_int_eq(get_range("f", BIG, 5), STATUS_OK);
	ck_assert_uint_eq(desk.face.outcome.size, 0);
	ck_assert_int_eq(get_range("f", 5, 0), STATUS_OK);
	ck_assert_uint_eq(desk.face.outcome.size, 0);
	ck_assert_int_eq(get_range("f", BIG + 1, 0), STATUS_BAD_REQUEST);
	ck_assert(!desk.face.has_begun_get);
	ck_assert_int_eq(get_range("f", UINT64_MAX, UINT64_MAX),
	    STATUS_BAD_REQUEST);
}
END_TEST

START_TEST(get_that_is_refused_moved_no_bytes_on_record)
{
	char line[1000];
	int fds[2], old = dup(STDERR_FILENO);
	ssize_t n;

	put_big("f");
	log_set_level(LOG_LEVEL_NOTICE);
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	ck_assert_int_eq(get_range("f", BIG + 1, 0), STATUS_BAD_REQUEST);
	ck_assert_int_eq(dup2(old, STDERR_FILENO), STDERR_FILENO);
	log_set_level(LOG_LEVEL_ERROR);
	ck_assert_int_gt(n = read(fds[0], line, sizeof(line) - 1), 0);
	line[n] = '\0';
	ck_assert_ptr_nonnull(strstr(line, " bytes=0 "));
	close(old);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(get_jumps_over_holes_and_digests_them_as_zeros)
{
	static const uint8_t zeros[BIG];
	static uint8_t whole[BIG];
	uint8_t digest[DIGEST_SIZE];
	int fd = open_file("f", O_WRONLY);

	ck_assert_int_eq(ftruncate(fd, BIG), 0);
	ck_assert_int_eq(pwrite(fd, "middle", 6, 100000), 6);
	close(fd);
	ck_assert_int_eq(desk_do(&desk, VERB_GET, "f"), STATUS_OK);
	ck_assert_uint_lt(desk.face.received, BIG / 2);
	ck_assert_mem_eq(desk.face.content + 100000, "middle", 6);
	memcpy(whole, zeros, BIG);
	memcpy(whole + 100000, "middle", 6);
	digest_of(digest, whole, BIG);
	ck_assert_mem_eq(desk.face.outcome.digest, digest, DIGEST_SIZE);
	ck_assert_uint_eq(desk.face.outcome.size, BIG);
	/* Nothing but a hole. */
	ck_assert_int_eq(get_range("f", 150000, 50000), STATUS_OK);
	ck_assert_uint_eq(desk.face.received, 0);
	digest_of(digest, zeros, 50000);
	ck_assert_mem_eq(desk.face.outcome.digest, digest, DIGEST_SIZE);
}
END_TEST

START_TEST(get_tells_that_the_file_was_changed_underneath)
{
	struct request request = desk_request(VERB_GET, "f");
	int fd;

	put_big("f");
	desk_run(&desk, &request);
	ck_assert(desk_pull(&desk));
	fd = open_file("f", O_WRONLY);
	ck_assert_int_eq(pwrite(fd, "x", 1, BIG - 1), 1);
	close(fd);
	while (desk_pull(&desk))
		continue;
	ck_assert_uint_eq(desk.face.finals, 1);
	ck_assert_int_eq(desk.face.st, STATUS_CHANGED);
}
END_TEST

START_TEST(get_tells_that_the_file_was_cut_short_underneath)
{
	struct request request = desk_request(VERB_GET, "f");
	int fd;

	put_big("f");
	desk_run(&desk, &request);
	ck_assert(desk_pull(&desk));
	fd = open_file("f", O_WRONLY);
	ck_assert_int_eq(ftruncate(fd, 50000), 0);
	close(fd);
	while (desk_pull(&desk))
		continue;
	ck_assert_int_eq(desk.face.st, STATUS_CHANGED);
}
END_TEST

START_TEST(get_reads_the_old_file_to_its_end_when_it_is_replaced)
{
	struct request request = desk_request(VERB_GET, "f");

	put_big("f");
	store_put(&desk.store, "new", "new");
	desk_run(&desk, &request);
	ck_assert(desk_pull(&desk));
	ck_assert_int_eq(renameat(base_fd(desk.store.base), "new",
	    base_fd(desk.store.base), "f"), 0);
	while (desk_pull(&desk))
		continue;
	ck_assert_int_eq(desk.face.st, STATUS_OK);
	ck_assert(is_big(0, BIG));
}
END_TEST

START_TEST(get_gives_only_the_version_that_is_meant)
{
	struct request request = desk_request(VERB_GET, "f");

	store_put(&desk.store, "f", "old");
	store_version(&desk.store, "f", request.version);
	request.if_version = true;
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_OK);
	store_put(&desk.store, "f", "newer");
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_PRECONDITION);
	ck_assert(!desk.face.has_begun_get);
}
END_TEST

START_TEST(get_respects_the_lock_of_another_program)
{
	struct holder holder;

	put_big("f");
	holder_begin(&holder, &desk.store, "f", classic(F_WRLCK, 1000, 1000));
	ck_assert_int_eq(desk_do(&desk, VERB_GET, "f"), STATUS_LOCKED);
	/* What is not locked can be had. */
	ck_assert_int_eq(get_range("f", 0, 1000), STATUS_OK);
	ck_assert_int_eq(get_range("f", 2000, 1000), STATUS_OK);
	ck_assert_int_eq(get_range("f", 1999, 1), STATUS_LOCKED);
	holder_end(&holder);
	holder_begin(&holder, &desk.store, "f", classic(F_RDLCK, 0, 0));
	ck_assert_int_eq(desk_do(&desk, VERB_GET, "f"), STATUS_OK);
	holder_end(&holder);
}
END_TEST

/* In another process: can it write-lock the file? */
static bool
can_lock(struct store *store)
{
	struct flock lock = classic(F_WRLCK, 0, 0);
	int fd = openat(base_fd(store->base), "f", O_RDWR | O_CLOEXEC);

	return fd != -1 && fcntl(fd, F_SETLK, &lock) == 0;
}

START_TEST(get_holds_its_lock_until_its_end)
{
	struct request request = desk_request(VERB_GET, "f");

	put_big("f");
	desk_run(&desk, &request);
	ck_assert(desk_pull(&desk));
	ck_assert(!apart(&desk.store, can_lock));
	while (desk_pull(&desk))
		continue;
	ck_assert_int_eq(desk.face.st, STATUS_OK);
	ck_assert(apart(&desk.store, can_lock));
}
END_TEST

START_TEST(get_serves_nothing_but_files)
{
	store_mkdir(&desk.store, "d");
	ck_assert_int_eq(mkfifoat(base_fd(desk.store.base), "p", 0600), 0);
	store_put(&desk.store, "f", "text");
	store_link(&desk.store, "f", "l");
	ck_assert_int_eq(desk_do(&desk, VERB_GET, "d"), STATUS_IS_A_FOLDER);
	ck_assert_int_eq(desk_do(&desk, VERB_GET, "p"), STATUS_NOT_A_FILE);
	ck_assert_int_eq(desk_do(&desk, VERB_GET, "x"), STATUS_NOT_FOUND);
	ck_assert_int_eq(desk_do(&desk, VERB_GET, "l"), STATUS_OK);
	ck_assert_mem_eq(desk.face.content, "text", 4);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		list_tells_what_is_in_a_folder,
		list_waits_for_room_and_forgets_no_name,
		list_of_a_file_has_that_one_entry,
		list_of_nothing_fails_at_once,
		list_can_be_given_up,
		stat_tells_the_facts_of_a_file,
		get_gives_a_whole_file_as_there_is_room,
		get_of_an_empty_file_has_no_data,
		get_gives_a_range,
		get_cuts_a_range_at_the_end_of_the_file,
		get_that_is_refused_moved_no_bytes_on_record,
		get_jumps_over_holes_and_digests_them_as_zeros,
		get_tells_that_the_file_was_changed_underneath,
		get_tells_that_the_file_was_cut_short_underneath,
		get_reads_the_old_file_to_its_end_when_it_is_replaced,
		get_gives_only_the_version_that_is_meant,
		get_respects_the_lock_of_another_program,
		get_holds_its_lock_until_its_end,
		get_serves_nothing_but_files,
		NULL
	};

	return check_main("handlers_get", tests, set_up, tear_down);
}
