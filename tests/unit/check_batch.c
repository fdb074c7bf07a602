/* SPDX-License-Identifier: ISC */
/* batch, batch_former and flush_line together, on a real base. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "batch_former.h"
#include "check_main.h"
#include "clock.h"
#include "log.h"
#include "store_support.h"

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

/* What a session has of it. */
struct session {
	struct audit_who who;
	struct mailbox	*mailbox;
	struct batch_former *former;
	sem_t		 letters;
};

static struct store store;
static struct base *bases[1];
static struct flush_line *line;
static struct session one;

static void
wake(void *ctx)
{
	sem_post(ctx);
}

static void
session_open(struct session *session)
{
	memset(session, 0, sizeof(*session));
	ck_assert_int_eq(sem_init(&session->letters, 0, 0), 0);
	session->mailbox = mailbox_new(wake, &session->letters);
	session->former = batch_former_new(line, session->mailbox);
	ck_assert_ptr_nonnull(session->former);
	strcpy(session->who.user, "alice");
	strcpy(session->who.address, "192.0.2.1:1");
}

static void
session_close(struct session *session)
{
	mailbox_close(session->mailbox);
	batch_former_free(session->former);
	mailbox_unref(session->mailbox);
}

static void
open_line(unsigned int threads, enum durability durability, size_t stages)
{
	struct flush_line_plan plan = { .bases = bases, .base_count = 1,
	    .threads = threads, .max_stages = stages };

	store_open(&store, durability);
	bases[0] = store.base;
	ck_assert_int_eq(flush_line_new(&line, &plan), STATUS_OK);
	session_open(&one);
}

static void
set_up(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	atomic_store(&fsyncs, 0);
	atomic_store(&syncfses, 0);
	atomic_store(&syncfs_fails, false);
	broken_folder[0] = '\0';
	line = NULL;
}

static void
tear_down(void)
{
	session_close(&one);
	flush_line_free(line);
	sem_destroy(&one.letters);
	ck_assert_int_eq(store_stages(&store), 0);
	store_close(&store);
}

/* An upload of `text` joins the batch of the session. */
static enum status
add(struct session *session, uint32_t id, const char *path, const char *text,
    bool chained)
{
	struct batch_entry entry = { .who = &session->who, .id = id,
	    .chained = chained };
	struct upload_plan plan = { .path = path, .has_size = true,
	    .size = strlen(text) };
	const struct folder *folder;
	const char *name;
	enum status st;

	st = batch_former_prepare(session->former, &session->who,
	    &store.place, path, &folder, &name);
	if (st != STATUS_OK)
		return st;
	ck_assert_str_eq(name, strrchr(path, '/') + 1);
	entry.began_us = clock_us();
	ck_assert_int_eq(upload_begin(&entry.upload, &store.place, folder,
	    &plan), STATUS_OK);
	ck_assert_int_eq(upload_write(entry.upload, 0, text, strlen(text)),
	    STATUS_OK);
	ck_assert_int_eq(store_seal(entry.upload, text), STATUS_OK);
	return batch_former_add(session->former, &entry);
}

static struct batch *
wait_for(struct session *session)
{
	struct batch *batch;

	while (sem_wait(&session->letters) != 0)
		continue;
	batch = (struct batch *)mailbox_take(session->mailbox);
	ck_assert_ptr_nonnull(batch);
	return batch;
}

/* The outcomes of the batch that comes next, as words. */
static const char *
outcomes(struct session *session)
{
	struct batch *batch = wait_for(session);
	static char text[4096];
	enum status st = STATUS_OK;
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < batch->count; i++) {
		st = batch->member[i].st;
		ck_assert_ptr_null(batch->member[i].upload);
		ck_assert_int_eq(st == STATUS_OK,
		    batch->member[i].text == NULL);
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s%u %s", i > 0 ? ", " : "", batch->member[i].id,
		    st == STATUS_OK ? "ok" : status_word(st));
	}
	batch_former_done(session->former, st != STATUS_OK);
	batch_free(batch);
	return text;
}

START_TEST(outcomes_come_in_the_order_of_the_requests)
{
	open_line(1, DURABILITY_COMMIT, 100);
	store_mkdir(&store, "d");
	ck_assert_int_eq(add(&one, 1, "/a", "1", false), STATUS_OK);
	ck_assert_int_eq(add(&one, 2, "/d", "2", false), STATUS_OK);
	ck_assert(batch_former_fail(one.former, 3, false, STATUS_SIZE));
	ck_assert_int_eq(add(&one, 4, "/d/b", "4", false), STATUS_OK);
	batch_former_send(one.former);
	/* The failure has sent the first ones off. */
	ck_assert_str_eq(outcomes(&one), "1 ok, 2 is-a-folder, 3 size");
	batch_former_send(one.former);
	ck_assert_str_eq(outcomes(&one), "4 ok");
	ck_assert(store_has(&store, "a", "1"));
	ck_assert(store_has(&store, "d/b", "4"));
}
END_TEST

START_TEST(what_is_chained_behind_a_failure_is_skipped)
{
	open_line(1, DURABILITY_COMMIT, 100);
	store_mkdir(&store, "d");
	ck_assert_int_eq(add(&one, 1, "/d", "1", false), STATUS_OK);
	ck_assert_int_eq(add(&one, 2, "/a", "2", true), STATUS_OK);
	ck_assert_int_eq(add(&one, 3, "/b", "3", true), STATUS_OK);
	ck_assert_int_eq(add(&one, 4, "/c", "4", false), STATUS_OK);
	ck_assert_int_eq(add(&one, 5, "/e", "5", true), STATUS_OK);
	batch_former_send(one.former);
	ck_assert_str_eq(outcomes(&one),
	    "1 is-a-folder, 2 skipped, 3 skipped, 4 ok, 5 ok");
	ck_assert(store_lacks(&store, "a"));
	ck_assert(store_lacks(&store, "b"));
}
END_TEST

START_TEST(a_failure_is_remembered_from_batch_to_batch)
{
	open_line(1, DURABILITY_COMMIT, 100);
	store_mkdir(&store, "d");
	ck_assert_int_eq(add(&one, 1, "/d", "1", false), STATUS_OK);
	batch_former_send(one.former);
	ck_assert_int_eq(add(&one, 2, "/a", "2", true), STATUS_OK);
	ck_assert_str_eq(outcomes(&one), "1 is-a-folder");
	batch_former_send(one.former);
	ck_assert_str_eq(outcomes(&one), "2 skipped");
	/* And told by others, who answered in between. */
	batch_former_set_failed(one.former, false);
	ck_assert_int_eq(add(&one, 3, "/a", "3", true), STATUS_OK);
	batch_former_send(one.former);
	ck_assert_str_eq(outcomes(&one), "3 ok");
}
END_TEST

START_TEST(a_failure_with_nothing_before_it_is_answered_at_once)
{
	open_line(1, DURABILITY_COMMIT, 100);
	ck_assert(!batch_former_is_busy(one.former));
	ck_assert(!batch_former_fail(one.former, 1, false, STATUS_SIZE));
	ck_assert(!batch_former_is_busy(one.former));
}
END_TEST

START_TEST(one_batch_is_formed_while_one_is_under_way)
{
	open_line(1, DURABILITY_COMMIT, 100);
	ck_assert_int_eq(add(&one, 1, "/a", "1", false), STATUS_OK);
	batch_former_send(one.former);
	ck_assert_int_eq(add(&one, 2, "/b", "2", false), STATUS_OK);
	batch_former_send(one.former);
	ck_assert(batch_former_is_busy(one.former));
	ck_assert_str_eq(outcomes(&one), "1 ok");
	ck_assert(batch_former_is_busy(one.former));
	ck_assert(store_lacks(&store, "b"));
	batch_former_send(one.former);
	ck_assert_str_eq(outcomes(&one), "2 ok");
	ck_assert(!batch_former_is_busy(one.former));
}
END_TEST

START_TEST(a_full_batch_goes_off_by_itself_and_then_there_is_no_room)
{
	char path[16];
	struct batch *batch;

	open_line(1, DURABILITY_ASYNC, 1000);
	for (uint32_t i = 0; i < 2 * BATCH_MAX; i++) {
		ck_assert(batch_former_has_room(one.former));
		snprintf(path, sizeof(path), "/f%u", i);
		ck_assert_int_eq(add(&one, i, path, "1", false), STATUS_OK);
	}
	ck_assert(!batch_former_has_room(one.former));
	batch = wait_for(&one);
	ck_assert_uint_eq(batch->count, BATCH_MAX);
	batch_free(batch);
	/* The next one is full already. */
	batch_former_done(one.former, false);
	ck_assert(batch_former_has_room(one.former));
	batch = wait_for(&one);
	ck_assert_uint_eq(batch->member[0].id, BATCH_MAX);
	batch_free(batch);
	batch_former_done(one.former, false);
	ck_assert(!batch_former_is_busy(one.former));
}
END_TEST

START_TEST(a_long_upload_goes_off_by_itself)
{
	struct batch_entry entry = { .who = &one.who, .id = 2,
	    .is_long = true };
	struct upload_plan plan = { .path = "/long" };

	open_line(1, DURABILITY_COMMIT, 100);
	ck_assert_int_eq(add(&one, 1, "/a", "1", false), STATUS_OK);
	entry.upload = store_begin(&store, &plan);
	entry.began_us = clock_us();
	ck_assert_int_eq(store_seal(entry.upload, ""), STATUS_OK);
	ck_assert_int_eq(batch_former_add(one.former, &entry), STATUS_OK);
	ck_assert_str_eq(outcomes(&one), "1 ok, 2 ok");
	ck_assert(store_has(&store, "long", ""));
}
END_TEST

START_TEST(no_upload_begins_while_stages_are_short)
{
	struct session other;

	open_line(1, DURABILITY_COMMIT, 2);
	session_open(&other);
	ck_assert_int_eq(add(&one, 1, "/a", "1", false), STATUS_OK);
	ck_assert(batch_former_has_room(one.former));
	ck_assert_int_eq(add(&one, 2, "/b", "2", false), STATUS_OK);
	ck_assert(flush_line_is_short(line));
	ck_assert(!batch_former_has_room(one.former));
	/* But nobody starves: who has none may have one. */
	ck_assert(batch_former_has_room(other.former));
	batch_former_send(one.former);
	ck_assert_str_eq(outcomes(&one), "1 ok, 2 ok");
	ck_assert(!flush_line_is_short(line));
	session_close(&other);
	sem_destroy(&other.letters);
}
END_TEST

START_TEST(a_session_that_goes_gives_its_stages_back)
{
	struct session other;

	open_line(1, DURABILITY_COMMIT, 2);
	session_open(&other);
	ck_assert_int_eq(add(&other, 1, "/a", "1", false), STATUS_OK);
	ck_assert_int_eq(add(&other, 2, "/b", "2", false), STATUS_OK);
	ck_assert(flush_line_is_short(line));
	session_close(&other);
	sem_destroy(&other.letters);
	ck_assert(!flush_line_is_short(line));
	ck_assert_int_eq(store_stages(&store), 0);
}
END_TEST

START_TEST(what_is_under_way_ends_though_its_session_is_gone)
{
	struct session other;

	open_line(1, DURABILITY_COMMIT, 100);
	session_open(&other);
	ck_assert_int_eq(add(&other, 1, "/a", "1", false), STATUS_OK);
	batch_former_send(other.former);
	session_close(&other);
	flush_line_free(line);
	line = NULL;
	sem_destroy(&other.letters);
	ck_assert(store_has(&store, "a", "1"));
}
END_TEST

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

START_TEST(another_root_is_another_folder)
{
	const struct folder *folder;
	const char *name;
	ino_t ino;

	open_line(1, DURABILITY_COMMIT, 100);
	store_mkdir(&store, "alice");
	store.place.root = "alice";
	ck_assert_int_eq(batch_former_prepare(one.former, &one.who,
	    &store.place, "/f", &folder, &name), STATUS_OK);
	ino = folder->ino;
	store.place.root = "";
	ck_assert_int_eq(batch_former_prepare(one.former, &one.who,
	    &store.place, "/f", &folder, &name), STATUS_OK);
	ck_assert_uint_ne(folder->ino, ino);
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

int
main(void)
{
	const TTest *const tests[] = {
		outcomes_come_in_the_order_of_the_requests,
		what_is_chained_behind_a_failure_is_skipped,
		a_failure_is_remembered_from_batch_to_batch,
		a_failure_with_nothing_before_it_is_answered_at_once,
		one_batch_is_formed_while_one_is_under_way,
		a_full_batch_goes_off_by_itself_and_then_there_is_no_room,
		a_long_upload_goes_off_by_itself,
		no_upload_begins_while_stages_are_short,
		a_session_that_goes_gives_its_stages_back,
		what_is_under_way_ends_though_its_session_is_gone,
		commit_flushes_and_async_does_not,
		many_files_share_one_flush,
		a_file_that_is_older_than_its_batch_is_flushed_alone_too,
		when_the_shared_flush_fails_each_file_is_flushed_alone,
		nothing_is_acknowledged_in_a_folder_that_cannot_be_flushed,
		nor_if_many_other_folders_come_behind_it,
		a_folder_that_is_gone_meanwhile_fails_its_files_only,
		a_folder_that_was_moved_away_gets_nothing,
		another_root_is_another_folder,
		many_sessions_share_the_line,
		two_sessions_that_want_one_free_name_do_not_both_get_it,
		NULL
	};

	return check_main("batch", tests, set_up, tear_down);
}
