/* SPDX-License-Identifier: ISC */
/* Folders that are moved while they are watched. */
#include "config.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_main.h"
#include "watcher.h"

static char folder[32];
static struct watcher *watcher;

static void
make(const char *path)
{
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void
write_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(close(fd), 0);
}

static void
set_up(void)
{
	strcpy(folder, "/tmp/ft-check-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	make("top");
	make("top/a");
	make("top/a/b");
	make("top/a/b/c");
	ck_assert_int_eq(watcher_new(&watcher, "top"), STATUS_OK);
}

static int
remove_one(const char *path, const struct stat *sb, int type,
    struct FTW *where)
{
	(void)sb;
	(void)type;
	(void)where;
	return remove(path);
}

static void
tear_down(void)
{
	watcher_free(watcher);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS),
	    0);
}

/* The next folder is that one; NULL: there is none. */
static void
check_next(const char *expected, bool deep)
{
	bool is_deep = false;
	char *path = watcher_take(watcher, &is_deep);

	ck_assert_pstr_eq(path, expected);
	if (expected != NULL)
		ck_assert_int_eq(is_deep, deep);
	free(path);
}

static void
check_all_taken(void)
{
	ck_assert(!watcher_is_dirty(watcher));
	check_next(NULL, false);
}

static void
take_all(void)
{
	bool is_deep;
	char *path;

	ck_assert_int_eq(watcher_read(watcher), STATUS_OK);
	while ((path = watcher_take(watcher, &is_deep)) != NULL)
		free(path);
}

START_TEST(a_file_is_told_of_its_folder_only)
{
	write_file("top/a/b/f");
	write_file("top/a/b/g");
	ck_assert_int_eq(watcher_read(watcher), STATUS_OK);
	check_next("a/b", false);
	check_all_taken();
}
END_TEST

START_TEST(what_came_or_went_stands_for_all_below_it)
{
	write_file("top/a/b/c/f");
	write_file("top/f");
	make("top/a/new");
	ck_assert_int_eq(watcher_read(watcher), STATUS_OK);
	check_next("", false);
	check_next("a", true);
	check_all_taken();
}
END_TEST

START_TEST(a_folder_is_watched_where_it_was_moved_to)
{
	ck_assert_int_eq(rename("top/a/b", "top/moved"), 0);
	make("top/a/b");
	take_all();
	write_file("top/moved/c/f");
	write_file("top/a/b/g");
	ck_assert_int_eq(watcher_read(watcher), STATUS_OK);
	check_next("moved/c", false);
	check_next("a/b", false);
	check_all_taken();
}
END_TEST

START_TEST(one_that_has_left_is_not_watched_any_more)
{
	ck_assert_int_eq(rename("top/a", "outside"), 0);
	take_all();
	write_file("outside/b/f");
	ck_assert_int_eq(watcher_read(watcher), STATUS_OK);
	check_all_taken();
	ck_assert_int_eq(rename("outside/b/c", "top/a"), 0);
	take_all();
	write_file("top/a/f");
	ck_assert_int_eq(watcher_read(watcher), STATUS_OK);
	check_next("a", false);
	check_all_taken();
}
END_TEST

/* What is told of first is found to be a folder that is moved only then. */
START_TEST(folders_may_change_places_before_it_is_read)
{
	make("top/a/b/c/first");
	ck_assert_int_eq(rename("top/a/b/c/first", "first"), 0);
	ck_assert_int_eq(rename("top/a", "a"), 0);
	ck_assert_int_eq(rename("a/b", "top/a"), 0);
	make("top/a/b");
	ck_assert_int_eq(rename("top/a/c", "top/a/b/c"), 0);
	ck_assert_int_eq(rename("a", "top/a/b/c/first"), 0);
	take_all();
	write_file("top/a/b/c/first/f");
	write_file("top/a/b/c/g");
	ck_assert_int_eq(watcher_read(watcher), STATUS_OK);
	check_next("a/b/c/first", false);
	check_next("a/b/c", false);
	check_all_taken();
}
END_TEST

int
main(void)
{
	const TTest *tests[] = {
		a_file_is_told_of_its_folder_only,
		what_came_or_went_stands_for_all_below_it,
		a_folder_is_watched_where_it_was_moved_to,
		one_that_has_left_is_not_watched_any_more,
		folders_may_change_places_before_it_is_read,
		NULL
	};

	return check_main("watcher", tests, set_up, tear_down);
}
