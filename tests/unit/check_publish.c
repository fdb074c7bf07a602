/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

START_TEST(a_taken_name_is_refused_when_asked)
{
	struct upload_plan plan = plan_for("/a");

	plan.taken = UPLOAD_REFUSE;
	ck_assert_int_eq(store_upload(&store, &plan, "one"), STATUS_OK);
	plan.has_size = true;		/* small: refused at the commit */
	plan.size = 3;
	ck_assert_int_eq(store_begin_status(&store, &plan), STATUS_OK);
	ck_assert_int_eq(store_upload(&store, &plan, "two"), STATUS_EXISTS);
	plan.has_size = false;		/* long: at once */
	ck_assert_int_eq(store_begin_status(&store, &plan), STATUS_EXISTS);
	plan.taken = UPLOAD_REPLACE;
	plan.if_absent = true;
	ck_assert_int_eq(store_begin_status(&store, &plan), STATUS_EXISTS);
	plan.has_size = true;
	ck_assert_int_eq(store_upload(&store, &plan, "two"), STATUS_EXISTS);
	ck_assert(store_has(&store, "a", "one"));
}
END_TEST

START_TEST(only_the_expected_version_is_replaced)
{
	struct upload_plan plan = plan_for("/a");

	plan.if_version = true;
	ck_assert_int_eq(store_begin_status(&store, &plan),
	    STATUS_PRECONDITION);
	plan.has_size = true;
	plan.size = 3;
	ck_assert_int_eq(store_upload(&store, &plan, "new"),
	    STATUS_PRECONDITION);
	ck_assert(store_lacks(&store, "a"));
	store_put(&store, "a", "old");
	store_version(&store, "a", plan.version);
	ck_assert_int_eq(store_upload(&store, &plan, "new"), STATUS_OK);
	ck_assert_int_eq(store_upload(&store, &plan, "two"),
	    STATUS_PRECONDITION);
	ck_assert(store_has(&store, "a", "new"));
	store_version(&store, "a", plan.version);
	store_put(&store, "a", "longer");
	ck_assert_int_eq(store_upload(&store, &plan, "two"),
	    STATUS_PRECONDITION);
	plan.if_absent = true;
	ck_assert_int_eq(store_begin_status(&store, &plan), STATUS_BAD_REQUEST);
}
END_TEST

static void
expect_refused(const char *path, enum status st)
{
	struct upload_plan plan = plan_for(path);

	ck_assert_int_eq(store_begin_status(&store, &plan), st);
	plan.has_size = true;
	plan.size = 3;
	ck_assert_int_eq(store_upload(&store, &plan, "new"), st);
}

START_TEST(what_is_no_file_is_not_replaced)
{
	store_mkdir(&store, "d");
	store_put(&store, "target", "old");
	store_link(&store, "target", "link");
	store_link(&store, "nowhere", "broken");
	ck_assert_int_eq(mkfifoat(base_fd(store.base), "fifo", 0600), 0);
	expect_refused("/d", STATUS_IS_A_FOLDER);
	expect_refused("/link", STATUS_EXISTS);
	expect_refused("/broken", STATUS_EXISTS);
	expect_refused("/fifo", STATUS_NOT_A_FILE);
	ck_assert(store_has(&store, "target", "old"));
	ck_assert(store_lacks(&store, "nowhere"));
}
END_TEST

START_TEST(the_private_folder_is_not_replaced_by_any_way)
{
	struct upload_plan plan = plan_for("/.FtServer");
	struct upload *upload;
	struct folder folder;

	ck_assert_int_eq(put("/.ftserver", "x"), STATUS_NOT_PERMITTED);
	ck_assert_int_eq(put("/.ftserver/stage/x", "x"), STATUS_NOT_FOUND);
	/* A folder may be open from an earlier upload. */
	ck_assert_int_eq(walk_folder(&folder, &store.place, "/"), STATUS_OK);
	ck_assert_int_eq(upload_begin(&upload, &store.place, &folder, &plan),
	    STATUS_NOT_PERMITTED);
	folder_close(&folder);
}
END_TEST

START_TEST(a_locked_file_is_not_replaced)
{
	struct holder holder;

	store_put(&store, "a", "old");
	holder_begin(&holder, &store, "a", classic(F_WRLCK, 0, 1));
	ck_assert_int_eq(put("/a", "new"), STATUS_LOCKED);
	holder_end(&holder);
	holder_begin(&holder, &store, "a", classic(F_RDLCK, 0, 0));
	ck_assert_int_eq(put("/a", "new"), STATUS_LOCKED);
	ck_assert(store_has(&store, "a", "old"));
	holder_end(&holder);
	ck_assert_int_eq(put("/a", "new"), STATUS_OK);
}
END_TEST

START_TEST(readers_do_not_hold_up_replacing)
{
	struct holder holder;

	store_put(&store, "a", "old");
	holder_begin(&holder, &store, "a", classic(F_RDLCK, 0, 100));
	ck_assert_int_eq(put("/a", "new"), STATUS_OK);
	holder_end(&holder);
	ck_assert(store_has(&store, "a", "new"));
}
END_TEST

START_TEST(a_held_name_is_locked_and_the_upload_may_try_again)
{
	struct upload *upload = begin_at("/a");
	struct upload_receipt receipt;
	struct folder folder;
	struct names *other;

	ck_assert_int_eq(upload_write(upload, 0, "x", 1), STATUS_OK);
	ck_assert_int_eq(store_seal(upload, "x"), STATUS_OK);
	ck_assert_int_eq(names_open(&other, store.base), STATUS_OK);
	ck_assert_int_eq(walk_folder(&folder, &store.place, "/"), STATUS_OK);
	ck_assert_int_eq(names_hold(other, &folder, "a", NULL, NULL),
	    STATUS_OK);
	ck_assert_int_eq(store_publish(&store, upload, &receipt),
	    STATUS_LOCKED);
	names_release(other);
	ck_assert_int_eq(store_publish(&store, upload, &receipt),
	    STATUS_OK);
	names_close(other);
	folder_close(&folder);
	upload_free(upload);
}
END_TEST

static bool
cannot_replace(struct store *mine)
{
	struct upload_plan plan = plan_for("/open/a");

	mine->base = NULL;
	return base_open(&mine->base, "test", mine->path, DURABILITY_ASYNC) ==
	    STATUS_OK && names_open(&mine->names, mine->base) == STATUS_OK &&
	    (mine->place.base = mine->base) != NULL &&
	    store_upload(mine, &plan, "new") == STATUS_NOT_PERMITTED;
}

START_TEST(a_file_that_the_server_may_not_write_is_not_replaced)
{
	static const char *const own[] = { ".", ".ftserver",
		".ftserver/stage", ".ftserver/names", ".ftserver/uploads",
		".ftserver/quota", ".ftserver/gone", "open" };
	char name[64];
	int i;

	store_mkdir(&store, "open");
	store_put(&store, "open/a", "old");
	ck_assert_int_eq(fchmodat(base_fd(store.base), "open/a", 0444, 0), 0);
	for (i = 0; geteuid() == 0 && i < 8 + BASE_NAMES_FILES; i++) {
		snprintf(name, sizeof(name), ".ftserver/names/%02d", i - 8);
		ck_assert_int_eq(fchownat(base_fd(store.base),
		    i < 8 ? own[i] : name, 65534, 65534, 0), 0);
	}
	ck_assert(as_nobody(&store, cannot_replace));
	ck_assert(store_has(&store, "open/a", "old"));
}
END_TEST

START_TEST(a_folder_that_is_gone_is_not_found)
{
	struct upload_receipt receipt;
	struct upload *upload;
	struct folder folder;

	store_mkdir(&store, "d");
	upload = begin_at("/d/a");
	ck_assert_int_eq(upload_write(upload, 0, "x", 1), STATUS_OK);
	ck_assert_int_eq(store_seal(upload, "x"), STATUS_OK);
	ck_assert_int_eq(walk_folder(&folder, &store.place, "/d"),
	    STATUS_OK);
	ck_assert_int_eq(unlinkat(base_fd(store.base), "d", AT_REMOVEDIR), 0);
	ck_assert_int_eq(upload_publish(upload, store.names, &folder,
	    &receipt), STATUS_NOT_FOUND);
	folder_close(&folder);
	upload_free(upload);
}
END_TEST

static bool
without_noreplace(struct store *mine)
{
	struct upload_plan plan = plan_for("/a"), other = plan_for("/b");

	other.taken = UPLOAD_REFUSE;
	if (!forbid_noreplace())
		return false;
	return store_upload(mine, &plan, "one") == STATUS_OK &&
	    store_has(mine, "a", "one") &&
	    store_upload(mine, &plan, "two") == STATUS_OK &&
	    store_has(mine, "a", "two") &&
	    store_upload(mine, &other, "three") == STATUS_OK &&
	    store_upload(mine, &other, "four") == STATUS_EXISTS &&
	    store_has(mine, "b", "three") && store_stages(mine) == 0;
}

START_TEST(a_file_system_without_noreplace_works_the_same)
{
	ck_assert(apart(&store, without_noreplace));
}
END_TEST

#define WRITERS	4
#define PUTS	50

static bool
put_often(struct store *mine)
{
	struct upload_plan plan = plan_for("/same");
	char text[65];
	int i, done = 0;
	enum status st;

	if (names_open(&mine->names, mine->base) != STATUS_OK)
		return false;
	for (i = 0; i < PUTS; i++) {
		memset(text, 'a' + (getpid() + i) % 26, 64);
		text[64] = '\0';
		st = store_upload(mine, &plan, text);
		if (st != STATUS_OK && st != STATUS_LOCKED)
			return false;
		done += st == STATUS_OK;
	}
	return done > 0;
}

START_TEST(many_writers_of_one_name_leave_one_of_them_whole)
{
	char buf[65] = "", expect[65];
	pid_t writers[WRITERS];
	int i, fd, status;

	for (i = 0; i < WRITERS; i++) {
		writers[i] = fork();
		ck_assert_int_ne(writers[i], -1);
		if (writers[i] == 0)
			_exit(put_often(&store) ? 0 : 1);
	}
	for (i = 0; i < WRITERS; i++) {
		ck_assert_int_eq(waitpid(writers[i], &status, 0), writers[i]);
		ck_assert_int_eq(status, 0);
	}
	fd = openat(base_fd(store.base), "same", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(read(fd, buf, sizeof(buf)), 64);
	close(fd);
	memset(expect, buf[0], 64);
	ck_assert_mem_eq(buf, expect, 64);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_taken_name_is_refused_when_asked,
		only_the_expected_version_is_replaced,
		what_is_no_file_is_not_replaced,
		the_private_folder_is_not_replaced_by_any_way,
		a_locked_file_is_not_replaced,
		readers_do_not_hold_up_replacing,
		a_held_name_is_locked_and_the_upload_may_try_again,
		a_file_that_the_server_may_not_write_is_not_replaced,
		a_folder_that_is_gone_is_not_found,
		a_file_system_without_noreplace_works_the_same,
		many_writers_of_one_name_leave_one_of_them_whole,
		NULL
	};

	return check_main("publish", tests, set_up, tear_down);
}
