/* SPDX-License-Identifier: ISC */
/* What the flush line makes of batches, on a real base. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "batch_support.h"

#define SESSIONS 12

/*
 * In the place of the C library's: counts, and fails for the folder that a test
 * names (and works for all else).
 */
static atomic_uint fsyncs, syncfses;
static atomic_bool syncfs_fails;
static char broken_folder[WALK_PATH_ROOM];

int
fsync(int fd)
{
	char link[64], path[WALK_PATH_ROOM] = "";

	atomic_fetch_add(&fsyncs, 1);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (broken_folder[0] != '\0' &&
	    readlink(link, path, sizeof(path) - 1) > 0 &&
	    strcmp(path, broken_folder) == 0) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

int
syncfs(int fd)
{
	atomic_fetch_add(&syncfses, 1);
	if (atomic_load(&syncfs_fails)) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_syncfs, fd);
}

static void
reset(void)
{
	set_up();
	atomic_store(&fsyncs, 0);
	atomic_store(&syncfses, 0);
	atomic_store(&syncfs_fails, false);
	broken_folder[0] = '\0';
}

START_TEST(commit_flushes_and_async_does_not)
{
	open_line(1, DURABILITY_ASYNC, 100);
	atomic_store(&fsyncs, 0);
	atomic_store(&syncfses, 0);
	ck_assert_int_eq(add(&one, 1, "/a", "1", false), STATUS_OK);
	batch_former_send(one.former);
	ck_assert_str_eq(outcomes(&one), "1 ok");
	ck_assert_uint_eq(fsyncs + syncfses, 0);
	tear_down();
	open_line(1, DURABILITY_COMMIT, 100);
	atomic_store(&fsyncs, 0);
	ck_assert_int_eq(add(&one, 1, "/a", "1", false), STATUS_OK);
	ck_assert_int_eq(add(&one, 2, "/b", "1", false), STATUS_OK);
	batch_former_send(one.former);
	ck_assert_str_eq(outcomes(&one), "1 ok, 2 ok");
	/* Both files, and their folder once. */
	ck_assert_uint_eq(fsyncs, 3);
	ck_assert_uint_eq(syncfses, 0);
}
END_TEST

static void
add_many(uint32_t count)
{
	char path[16];

	for (uint32_t i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "/f%u", i);
		ck_assert_int_eq(add(&one, i, path, "1", false), STATUS_OK);
	}
}

START_TEST(many_files_share_one_flush)
{
	open_line(1, DURABILITY_COMMIT, 100);
	if (!base_has_syncfs(store.base))
		return;
	atomic_store(&fsyncs, 0);
	add_many(20);
	batch_former_send(one.former);
	batch_free(wait_for(&one));
	batch_former_done(one.former, false);
	ck_assert_uint_eq(syncfses, 1);
	ck_assert_uint_eq(fsyncs, 1);
}
END_TEST

START_TEST(a_file_that_is_older_than_its_batch_is_flushed_alone_too)
{
	struct upload_plan plan = { .path = "/old", .has_size = true };
	struct batch_entry entry = { .who = &one.who, .id = 99 };

	open_line(1, DURABILITY_COMMIT, 100);
	if (!base_has_syncfs(store.base))
		return;
	entry.began_us = clock_us();
	entry.upload = store_begin(&store, &plan);
	ck_assert_int_eq(store_seal(entry.upload, ""), STATUS_OK);
	while (clock_us() == entry.began_us)
		continue;
	atomic_store(&fsyncs, 0);
	add_many(20);
	ck_assert_int_eq(batch_former_add(one.former, &entry), STATUS_OK);
	batch_former_send(one.former);
	batch_free(wait_for(&one));
	batch_former_done(one.former, false);
	ck_assert_uint_eq(syncfses, 1);
	ck_assert_uint_eq(fsyncs, 2);
}
END_TEST

START_TEST(when_the_shared_flush_fails_each_file_is_flushed_alone)
{
	open_line(1, DURABILITY_COMMIT, 100);
	if (!base_has_syncfs(store.base))
		return;
	atomic_store(&fsyncs, 0);
	atomic_store(&syncfs_fails, true);
	add_many(8);
	batch_former_send(one.former);
	ck_assert_str_eq(outcomes(&one), "0 ok, 1 ok, 2 ok, 3 ok, 4 ok, "
	    "5 ok, 6 ok, 7 ok");
	ck_assert_uint_eq(syncfses, 1);
	ck_assert_uint_eq(fsyncs, 9);
}
END_TEST

START_TEST(nothing_is_acknowledged_in_a_folder_that_cannot_be_flushed)
{
	open_line(1, DURABILITY_COMMIT, 100);
	store_mkdir(&store, "d");
	snprintf(broken_folder, sizeof(broken_folder), "%s/d", store.path);
	ck_assert_int_eq(add(&one, 1, "/d/a", "1", false), STATUS_OK);
	batch_former_send(one.former);
	ck_assert_str_eq(outcomes(&one), "1 io");
}
END_TEST

START_TEST(nor_if_many_other_folders_come_behind_it)
{
	char path[32];
	struct batch *batch;

	open_line(1, DURABILITY_COMMIT, 1000);
	snprintf(broken_folder, sizeof(broken_folder), "%s/d0", store.path);
	for (uint32_t i = 0; i < 150; i++) {
		snprintf(path, sizeof(path), "d%u", i);
		store_mkdir(&store, path);
		snprintf(path, sizeof(path), "/d%u/f", i);
		ck_assert_int_eq(add(&one, i, path, "1", false), STATUS_OK);
	}
	batch_former_send(one.former);
	batch = wait_for(&one);
	ck_assert_uint_eq(batch->count, 150);
	ck_assert_int_eq(batch->member[0].st, STATUS_IO);
	batch_free(batch);
	batch_former_done(one.former, true);
}
END_TEST

START_TEST(a_folder_that_is_gone_meanwhile_fails_its_files_only)
{
	open_line(1, DURABILITY_COMMIT, 100);
	store_mkdir(&store, "d");
	ck_assert_int_eq(add(&one, 1, "/d/a", "1", false), STATUS_OK);
	ck_assert_int_eq(add(&one, 2, "/b", "2", false), STATUS_OK);
	ck_assert_int_eq(unlinkat(base_fd(store.base), "d", AT_REMOVEDIR), 0);
	batch_former_send(one.former);
	ck_assert_str_eq(outcomes(&one), "1 not-found, 2 ok");
}
END_TEST

START_TEST(a_folder_that_was_moved_away_gets_nothing)
{
	open_line(1, DURABILITY_COMMIT, 100);
	store_mkdir(&store, "d");
	ck_assert_int_eq(add(&one, 1, "/d/a", "1", false), STATUS_OK);
	ck_assert_int_eq(renameat(base_fd(store.base), "d",
	    base_fd(store.base), "old"), 0);
	store_mkdir(&store, "d");
	batch_former_send(one.former);
	ck_assert_str_eq(outcomes(&one), "1 ok");
	ck_assert(store_has(&store, "d/a", "1"));
	ck_assert(store_lacks(&store, "old/a"));
}
END_TEST

START_TEST(many_sessions_share_the_line)
{
	static struct session sessions[SESSIONS];
	char path[32];

	open_line(4, DURABILITY_COMMIT, 1000);
	for (uint32_t round = 0; round < 10; round++) {
		for (uint32_t i = 0; i < SESSIONS; i++) {
			if (round == 0)
				session_open(&sessions[i]);
			snprintf(path, sizeof(path), "/s%u-%u", i, round);
			ck_assert_int_eq(add(&sessions[i], round, path, "1",
			    false), STATUS_OK);
			batch_former_send(sessions[i].former);
		}
		for (uint32_t i = 0; i < SESSIONS; i++) {
			snprintf(path, sizeof(path), "%u ok", round);
			ck_assert_str_eq(outcomes(&sessions[i]), path);
			snprintf(path, sizeof(path), "s%u-%u", i, round);
			ck_assert(store_has(&store, path, "1"));
		}
	}
	for (uint32_t i = 0; i < SESSIONS; i++) {
		session_close(&sessions[i]);
		sem_destroy(&sessions[i].letters);
	}
}
END_TEST

START_TEST(two_sessions_that_want_one_free_name_do_not_both_get_it)
{
	struct upload_plan plan = { .path = "/f", .has_size = true,
	    .if_absent = true };
	struct batch_entry entry = { .id = 1 };
	struct session *sessions[2], other;
	struct batch *batch;
	unsigned int good = 0;

	open_line(2, DURABILITY_COMMIT, 100);
	session_open(&other);
	sessions[0] = &one;
	sessions[1] = &other;
	for (int i = 0; i < 2; i++) {
		entry.who = &sessions[i]->who;
		entry.upload = store_begin(&store, &plan);
		ck_assert_int_eq(store_seal(entry.upload, ""), STATUS_OK);
		ck_assert_int_eq(batch_former_add(sessions[i]->former,
		    &entry), STATUS_OK);
	}
	for (int i = 0; i < 2; i++)
		batch_former_send(sessions[i]->former);
	for (int i = 0; i < 2; i++) {
		batch = wait_for(sessions[i]);
		good += batch->member[0].st == STATUS_OK;
		ck_assert(batch->member[0].st == STATUS_OK ||
		    batch->member[0].st == STATUS_EXISTS);
		batch_free(batch);
	}
	ck_assert_uint_eq(good, 1);
	session_close(&other);
	sem_destroy(&other.letters);
}
END_TEST

/* A job that runs until it is let go. */
struct test_job {
	struct flush_job job;
	sem_t		 running, go, done;
	bool		 is_cancelled;
};

static void
await(sem_t *sem)
{
	while (sem_wait(sem) != 0)
		continue;
}

static void
run_test_job(struct flush_job *job, struct kit *kit)
{
	struct test_job *it = (struct test_job *)job;

	ck_assert_ptr_nonnull(kit);
	sem_post(&it->running);
	await(&it->go);
}

static void
test_job_done(struct flush_job *job, bool is_cancelled)
{
	struct test_job *it = (struct test_job *)job;

	it->is_cancelled = is_cancelled;
	sem_post(&it->done);
}

static void
submit_job(struct test_job *it, const void *owner, uint32_t id)
{
	*it = (struct test_job){ .job = { .run = run_test_job,
	    .done = test_job_done, .owner = owner, .id = id } };
	sem_init(&it->running, 0, 0);
	sem_init(&it->go, 0, 0);
	sem_init(&it->done, 0, 0);
	flush_line_submit_job(line, &it->job);
}

START_TEST(jobs_are_run_beside_batches_and_told_that_nobody_wants_them)
{
	struct test_job jobs[3];
	const int alice = 0, bob = 0;

	open_line(1, DURABILITY_COMMIT, 100);
	submit_job(&jobs[0], &alice, 1);
	await(&jobs[0].running);
	submit_job(&jobs[1], &alice, 2);
	submit_job(&jobs[2], &bob, 1);
	ck_assert_int_eq(add(&one, 1, "/a", "text", false), STATUS_OK);
	batch_former_send(one.former);
	flush_line_cancel(line, &alice, 1);
	for (int i = 0; i < 3; i++) {
		sem_post(&jobs[i].go);
		await(&jobs[i].done);
	}
	ck_assert(jobs[0].is_cancelled);
	ck_assert(!jobs[1].is_cancelled);
	ck_assert(!jobs[2].is_cancelled);
	flush_line_cancel(line, &alice, 0);
	ck_assert_str_eq(outcomes(&one), "1 ok");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		commit_flushes_and_async_does_not,
		many_files_share_one_flush,
		a_file_that_is_older_than_its_batch_is_flushed_alone_too,
		when_the_shared_flush_fails_each_file_is_flushed_alone,
		nothing_is_acknowledged_in_a_folder_that_cannot_be_flushed,
		nor_if_many_other_folders_come_behind_it,
		a_folder_that_is_gone_meanwhile_fails_its_files_only,
		a_folder_that_was_moved_away_gets_nothing,
		many_sessions_share_the_line,
		two_sessions_that_want_one_free_name_do_not_both_get_it,
		jobs_are_run_beside_batches_and_told_that_nobody_wants_them,
		NULL
	};

	return check_main("flush_line", tests, reset, tear_down);
}
