/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "check_main.h"
#include "collect.h"
#include "stage.h"
#include "store_support.h"

#define SOMEBODY 65533

static struct store store;

static void
set_up(void)
{
	store_open(&store, DURABILITY_ASYNC);
}

static void
tear_down(void)
{
	store_close(&store);
}

/* Open another base at the path, and say how it went. */
static enum status
open_at(const char *path)
{
	struct base *base;
	enum status st;

	st = base_open(&base, "other", path, DURABILITY_COMMIT);
	ck_assert_int_eq(st == STATUS_OK, base != NULL);
	base_close(base);
	return st;
}

START_TEST(the_private_folder_is_made_for_the_owner_alone)
{
	struct stat st;
	char name[32];
	int i;

	ck_assert_uint_eq(store_mode(&store, ".ftserver"), 0700);
	ck_assert_uint_eq(store_mode(&store, ".ftserver/stage"), 0700);
	ck_assert_uint_eq(store_mode(&store, ".ftserver/names"), 0700);
	for (i = 0; i < BASE_NAMES_FILES; i++) {
		snprintf(name, sizeof(name), ".ftserver/names/%02d", i);
		ck_assert_uint_eq(store_mode(&store, name), 0600);
	}
	ck_assert_int_eq(fstat(base_stage_fd(store.base), &st), 0);
	ck_assert(base_is_private(store.base, st.st_dev, st.st_ino));
	ck_assert_int_eq(fstat(base_fd(store.base), &st), 0);
	ck_assert(!base_is_private(store.base, st.st_dev, st.st_ino));
}
END_TEST

START_TEST(a_base_is_opened_again_with_what_lies_in_it)
{
	store_put(&store, ".ftserver/stage/keep", "x");
	ck_assert_int_eq(open_at(store.path), STATUS_OK);
	ck_assert(store_has(&store, ".ftserver/stage/keep", "x"));
}
END_TEST

START_TEST(a_base_knows_what_it_was_told)
{
	ck_assert_str_eq(base_name(store.base), "test");
	ck_assert_str_eq(base_path(store.base), store.path);
	ck_assert_int_eq(base_durability(store.base), DURABILITY_ASYNC);
	ck_assert_int_eq(base_check(store.base), STATUS_OK);
}
END_TEST

START_TEST(a_missing_base_is_told_with_path_and_cure)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/gone", store.path);
	ck_assert_int_eq(open_at(path), STATUS_CONFIG);
	ck_assert_ptr_nonnull(strstr(status_text(STATUS_CONFIG), path));
	ck_assert_ptr_nonnull(strstr(status_text(STATUS_CONFIG), "mkdir"));
	store_put(&store, "file", "x");
	snprintf(path, sizeof(path), "%s/file", store.path);
	ck_assert_int_eq(open_at(path), STATUS_CONFIG);
}
END_TEST

START_TEST(a_private_folder_that_is_a_link_is_refused)
{
	char path[128];

	store_mkdir(&store, "b");
	store_mkdir(&store, "elsewhere");
	store_link(&store, "../elsewhere", "b/.ftserver");
	snprintf(path, sizeof(path), "%s/b", store.path);
	ck_assert_int_eq(open_at(path), STATUS_CONFIG);
	ck_assert(store_lacks(&store, "elsewhere/stage"));
}
END_TEST

static bool
cannot_write(struct store *mine)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/shut", mine->path);
	return open_at(path) == STATUS_CONFIG &&
	    strstr(status_text(STATUS_CONFIG), path) != NULL &&
	    strstr(status_text(STATUS_CONFIG), "chown") != NULL;
}

START_TEST(a_base_that_may_not_be_written_is_refused)
{
	ck_assert_int_eq(chmod(store.path, 0755), 0);
	store_mkdir(&store, "shut");
	ck_assert_int_eq(fchmodat(base_fd(store.base), "shut", 0555, 0), 0);
	ck_assert(as_nobody(&store, cannot_write));
}
END_TEST

static bool
cannot_stage(struct store *mine)
{
	struct stat st;
	bool own;

	own = fstat(base_fd(mine->base), &st) == 0 && st.st_uid == geteuid();
	return base_check(mine->base) == (own ? STATUS_OK : STATUS_CONFIG);
}

START_TEST(an_account_that_may_not_stage_is_told)
{
	ck_assert(as_nobody(&store, cannot_stage));
}
END_TEST

static uid_t
owner_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(fstatat(base_fd(store.base), name, &st,
	    AT_SYMLINK_NOFOLLOW), 0);
	return st.st_uid;
}

START_TEST(what_is_made_belongs_to_the_owner_of_the_base)
{
	uid_t owner = geteuid() == 0 ? SOMEBODY : geteuid();
	char path[128];

	store_mkdir(&store, "b");
	ck_assert_int_eq(fchownat(base_fd(store.base), "b", owner,
	    (gid_t)-1, 0), 0);
	snprintf(path, sizeof(path), "%s/b", store.path);
	ck_assert_int_eq(open_at(path), STATUS_OK);
	ck_assert_uint_eq(owner_of("b/.ftserver"), owner);
	ck_assert_uint_eq(owner_of("b/.ftserver/stage"), owner);
	ck_assert_uint_eq(owner_of("b/.ftserver/names/63"), owner);
}
END_TEST

START_TEST(a_planted_link_is_not_given_away)
{
	uid_t owner = geteuid() == 0 ? SOMEBODY : geteuid();
	char path[128];

	store_put(&store, "precious", "x");
	store_mkdir(&store, "b");
	store_mkdir(&store, "b/.ftserver");
	store_mkdir(&store, "b/.ftserver/names");
	ck_assert_int_eq(linkat(base_fd(store.base), "precious",
	    base_fd(store.base), "b/.ftserver/names/00", 0), 0);
	ck_assert_int_eq(fchownat(base_fd(store.base), "b", owner,
	    (gid_t)-1, 0), 0);
	snprintf(path, sizeof(path), "%s/b", store.path);
	ck_assert_int_eq(open_at(path), STATUS_OK);
	ck_assert_uint_eq(owner_of("precious"), geteuid());
}
END_TEST

START_TEST(the_name_is_free_below_a_root_of_its_own)
{
	struct folder folder;
	const char *name;
	struct place place = { .base = store.base, .root = "home" };

	store_mkdir(&store, "home");
	ck_assert_int_eq(walk_parent(&folder, &name, &place, "/.ftserver"),
	    STATUS_OK);
	ck_assert_str_eq(name, ".ftserver");
	folder_close(&folder);
	place.root = ".";
	ck_assert_int_eq(walk_parent(&folder, &name, &place, "/.ftserver"),
	    STATUS_NOT_PERMITTED);
}
END_TEST

START_TEST(stages_have_ids_that_differ_and_vanish_when_dropped)
{
	struct stage stages[300];
	int i;

	for (i = 0; i < 300; i++) {
		ck_assert_int_eq(stage_make(&stages[i],
		    base_stage_fd(store.base), 0640),
		    STATUS_OK);
		ck_assert(stage_is_name(stages[i].name));
		ck_assert(i == 0 || strcmp(stages[i].name,
		    stages[i - 1].name) != 0);
	}
	ck_assert_int_eq(store_stages(&store), 300);
	for (i = 0; i < 300; i++)
		stage_drop(&stages[i], base_stage_fd(store.base));
	ck_assert_int_eq(store_stages(&store), 0);
}
END_TEST

/* A process that was forked draws the same ids, and gets other stages. */
static bool
stages_in_child(struct store *mine)
{
	struct stage stage;

	return stage_make(&stage, base_stage_fd(mine->base), 0600) ==
	    STATUS_OK;
}

START_TEST(forked_processes_do_not_share_a_stage)
{
	struct stage stage;

	ck_assert_int_eq(stage_make(&stage, base_stage_fd(store.base), 0600),
	    STATUS_OK);
	stage_drop(&stage, base_stage_fd(store.base));
	ck_assert(apart(&store, stages_in_child));
	ck_assert_int_eq(stage_make(&stage, base_stage_fd(store.base), 0600),
	    STATUS_OK);
	ck_assert_int_eq(store_stages(&store), 2);
	stage_drop(&stage, base_stage_fd(store.base));
}
END_TEST

START_TEST(old_stages_are_collected_and_nothing_else)
{
	const struct timespec past[2] = { { .tv_sec = -86400 },
		{ .tv_sec = -86400 } };
	struct stage stage;
	time_t began;

	store_put(&store, ".ftserver/stage/no-stage", "x");
	ck_assert_int_eq(stage_make(&stage, base_stage_fd(store.base), 0600),
	    STATUS_OK);
	/* The client chooses this time; it says nothing about the stage. */
	ck_assert_int_eq(futimens(stage.fd, past), 0);
	ck_assert_uint_eq(collect_stages(store.base, 3600), 0);
	ck_assert_int_eq(store_stages(&store), 1);
	/* Old enough once the clock has gone on by a second. */
	began = time(NULL);
	while (collect_stages(store.base, 0) == 0)
		ck_assert_int_lt(time(NULL) - began, 20);
	ck_assert_int_eq(store_stages(&store), 0);
	ck_assert(store_has(&store, ".ftserver/stage/no-stage", "x"));
	stage_drop(&stage, base_stage_fd(store.base));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		the_private_folder_is_made_for_the_owner_alone,
		a_base_is_opened_again_with_what_lies_in_it,
		a_base_knows_what_it_was_told,
		a_missing_base_is_told_with_path_and_cure,
		a_private_folder_that_is_a_link_is_refused,
		a_base_that_may_not_be_written_is_refused,
		an_account_that_may_not_stage_is_told,
		what_is_made_belongs_to_the_owner_of_the_base,
		a_planted_link_is_not_given_away,
		the_name_is_free_below_a_root_of_its_own,
		stages_have_ids_that_differ_and_vanish_when_dropped,
		forked_processes_do_not_share_a_stage,
		old_stages_are_collected_and_nothing_else,
		NULL
	};

	return check_main("base", tests, set_up, tear_down);
}
