/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change.h"
#include "check_main.h"
#include "store_support.h"

static struct store store;
static const struct change_terms none;

static void
set_up(void)
{
	store_open(&store, DURABILITY_COMMIT);
}

static void
tear_down(void)
{
	store_close(&store);
}

static enum status
mk(const char *path)
{
	return change_mkdir(&store.place, store.names, path, 0755);
}

static enum status
rmdir_at(const char *path)
{
	return change_rmdir(&store.place, store.names, path);
}

static enum status
rm(const char *path)
{
	return change_rm(&store.place, store.names, path, &none);
}

static enum status
mv(const char *path, const char *target)
{
	return change_mv(&store.place, store.names, path, target, &none);
}

START_TEST(folders_are_made_and_removed)
{
	ck_assert_int_eq(mk("/d"), STATUS_OK);
	ck_assert_int_eq(mk("/d/e"), STATUS_OK);
	ck_assert_int_eq(mk("/d"), STATUS_EXISTS);
	ck_assert_int_eq(mk("/no/d"), STATUS_NOT_FOUND);
	ck_assert_int_eq(rmdir_at("/d"), STATUS_NOT_EMPTY);
	ck_assert_int_eq(rmdir_at("/d/e"), STATUS_OK);
	ck_assert_int_eq(rmdir_at("/d"), STATUS_OK);
	ck_assert_int_eq(rmdir_at("/d"), STATUS_NOT_FOUND);
	ck_assert(store_lacks(&store, "d"));
}
END_TEST

START_TEST(modes_of_folders_lose_special_bits_and_the_umask)
{
	ck_assert_int_eq(change_mkdir(&store.place, store.names, "/d", 07777),
	    STATUS_OK);
	ck_assert_uint_eq(store_mode(&store, "d"), 0755);
	ck_assert_int_eq(change_mkdir(&store.place, store.names, "/e", 0700),
	    STATUS_OK);
	ck_assert_uint_eq(store_mode(&store, "e"), 0700);
}
END_TEST

START_TEST(files_and_links_are_removed)
{
	store_put(&store, "f", "x");
	store_link(&store, "f", "l");
	store_link(&store, "/etc/passwd", "out");
	ck_assert_int_eq(rm("/l"), STATUS_OK);
	ck_assert(store_has(&store, "f", "x"));
	ck_assert_int_eq(rm("/out"), STATUS_OK);
	ck_assert_int_eq(rm("/f"), STATUS_OK);
	ck_assert_int_eq(rm("/f"), STATUS_NOT_FOUND);
	ck_assert_int_eq(access("/etc/passwd", F_OK), 0);
}
END_TEST

START_TEST(each_kind_has_its_own_way_to_go)
{
	store_mkdir(&store, "d");
	store_put(&store, "f", "x");
	store_link(&store, "d", "l");
	ck_assert_int_eq(mkfifoat(base_fd(store.base), "p", 0600), 0);
	ck_assert_int_eq(rm("/d"), STATUS_IS_A_FOLDER);
	ck_assert_int_eq(rm("/p"), STATUS_NOT_A_FILE);
	ck_assert_int_eq(rmdir_at("/f"), STATUS_NOT_A_FOLDER);
	ck_assert_int_eq(rmdir_at("/l"), STATUS_NOT_A_FOLDER);
	ck_assert_int_eq(mv("/p", "/q"), STATUS_NOT_A_FILE);
	ck_assert(!store_lacks(&store, "p"));
}
END_TEST

START_TEST(the_root_and_the_private_folder_stay)
{
	store_mkdir(&store, "d");
	store_put(&store, "f", "x");
	store_link(&store, ".ftserver", "l");
	ck_assert_int_eq(rm("/"), STATUS_NOT_PERMITTED);
	ck_assert_int_eq(rmdir_at("/"), STATUS_NOT_PERMITTED);
	ck_assert_int_eq(mk("/"), STATUS_NOT_PERMITTED);
	ck_assert_int_eq(mv("/", "/x"), STATUS_NOT_PERMITTED);
	ck_assert_int_eq(mv("/f", "/"), STATUS_NOT_PERMITTED);
	ck_assert_int_eq(rmdir_at("/.ftserver"), STATUS_NOT_PERMITTED);
	ck_assert_int_eq(rm("/.FTSERVER"), STATUS_NOT_PERMITTED);
	ck_assert_int_eq(mk("/.FtServer"), STATUS_NOT_PERMITTED);
	ck_assert_int_eq(mv("/.ftserver", "/x"), STATUS_NOT_PERMITTED);
	ck_assert_int_eq(mv("/f", "/.ftserver"), STATUS_NOT_PERMITTED);
	ck_assert_int_eq(mv("/f", "/.ftserver/stage/f"), STATUS_NOT_FOUND);
	ck_assert_int_eq(mv("/f", "/l/stage/f"), STATUS_NOT_FOUND);
	ck_assert_int_eq(mk("/l/d"), STATUS_NOT_FOUND);
	ck_assert_int_eq(rm("/l/names/00"), STATUS_NOT_FOUND);
	ck_assert_int_eq(mv("/l/names/00", "/x"), STATUS_NOT_FOUND);
	ck_assert(!store_lacks(&store, ".ftserver/names/00"));
	ck_assert(store_has(&store, "f", "x"));
}
END_TEST

START_TEST(the_private_folder_stays_under_another_name_too)
{
	ck_assert_int_eq(renameat(base_fd(store.base), ".ftserver",
	    base_fd(store.base), "moved"), 0);
	ck_assert_int_eq(mv("/moved", "/x"), STATUS_NOT_PERMITTED);
	ck_assert_int_eq(rmdir_at("/moved"), STATUS_NOT_PERMITTED);
	ck_assert_int_eq(rm("/moved"), STATUS_IS_A_FOLDER);
	ck_assert_int_eq(rm("/moved/names/00"), STATUS_NOT_FOUND);
}
END_TEST

START_TEST(files_are_moved_and_replaced)
{
	store_mkdir(&store, "d");
	store_put(&store, "a", "one");
	store_put(&store, "b", "two");
	ck_assert_int_eq(mv("/a", "/d/c"), STATUS_OK);
	ck_assert(store_has(&store, "d/c", "one"));
	ck_assert(store_lacks(&store, "a"));
	ck_assert_int_eq(mv("/d/c", "/b"), STATUS_OK);
	ck_assert(store_has(&store, "b", "one"));
	ck_assert_int_eq(mv("/b", "/b"), STATUS_OK);
	ck_assert(store_has(&store, "b", "one"));
	ck_assert_int_eq(mv("/gone", "/b"), STATUS_NOT_FOUND);
	ck_assert_int_eq(mv("/b", "/gone/b"), STATUS_NOT_FOUND);
}
END_TEST

START_TEST(a_taken_target_is_refused_when_asked)
{
	const struct change_terms terms = { .refuse_taken = true };

	store_put(&store, "a", "one");
	store_put(&store, "b", "two");
	ck_assert_int_eq(change_mv(&store.place, store.names, "/a", "/b",
	    &terms), STATUS_EXISTS);
	ck_assert_int_eq(change_mv(&store.place, store.names, "/a", "/a",
	    &terms), STATUS_EXISTS);
	ck_assert(store_has(&store, "b", "two"));
	ck_assert_int_eq(change_mv(&store.place, store.names, "/a", "/c",
	    &terms), STATUS_OK);
}
END_TEST

START_TEST(folders_are_moved_but_never_replaced)
{
	store_mkdir(&store, "d");
	store_mkdir(&store, "e");
	store_put(&store, "d/in", "x");
	store_put(&store, "f", "x");
	ck_assert_int_eq(mv("/d", "/e"), STATUS_EXISTS);
	ck_assert_int_eq(mv("/d", "/f"), STATUS_EXISTS);
	ck_assert_int_eq(mv("/f", "/d"), STATUS_EXISTS);
	ck_assert_int_eq(mv("/d", "/d"), STATUS_OK);
	ck_assert_int_eq(mv("/d", "/d/sub"), STATUS_BAD_REQUEST);
	ck_assert_int_eq(mv("/d", "/dd"), STATUS_OK);
	ck_assert(store_has(&store, "dd/in", "x"));
	ck_assert_int_eq(mv("/dd", "/e/d"), STATUS_OK);
	ck_assert(store_has(&store, "e/d/in", "x"));
	store_link(&store, "e/d", "l");
	ck_assert_int_eq(mv("/e", "/l/x"), STATUS_BAD_REQUEST);
}
END_TEST

START_TEST(links_are_moved_themselves_and_never_replaced)
{
	store_put(&store, "f", "x");
	store_link(&store, "f", "l");
	store_link(&store, "nowhere", "broken");
	ck_assert_int_eq(mv("/l", "/m"), STATUS_OK);
	ck_assert(store_has(&store, "m", "x"));
	ck_assert_int_eq(mv("/f", "/m"), STATUS_EXISTS);
	ck_assert_int_eq(mv("/f", "/broken"), STATUS_EXISTS);
	ck_assert(store_lacks(&store, "nowhere"));
}
END_TEST

START_TEST(two_hard_links_of_one_file_are_told_apart)
{
	store_put(&store, "a", "x");
	ck_assert_int_eq(linkat(base_fd(store.base), "a", base_fd(store.base),
	    "b", 0), 0);
	ck_assert_int_eq(mv("/a", "/b"), STATUS_EXISTS);
	ck_assert(store_has(&store, "a", "x"));
	ck_assert_int_eq(rm("/b"), STATUS_OK);
	ck_assert(store_has(&store, "a", "x"));
}
END_TEST

START_TEST(only_the_expected_version_is_changed)
{
	struct change_terms terms = { .if_version = true };

	store_put(&store, "a", "one");
	ck_assert_int_eq(change_rm(&store.place, store.names, "/a", &terms),
	    STATUS_PRECONDITION);
	ck_assert_int_eq(change_mv(&store.place, store.names, "/a", "/b",
	    &terms), STATUS_PRECONDITION);
	store_version(&store, "a", terms.version);
	ck_assert_int_eq(change_mv(&store.place, store.names, "/a", "/b",
	    &terms), STATUS_OK);
	store_version(&store, "b", terms.version);
	store_put(&store, "b", "more");
	ck_assert_int_eq(change_rm(&store.place, store.names, "/b", &terms),
	    STATUS_PRECONDITION);
	store_version(&store, "b", terms.version);
	ck_assert_int_eq(change_rm(&store.place, store.names, "/b", &terms),
	    STATUS_OK);
}
END_TEST

START_TEST(locked_files_are_neither_removed_nor_moved_nor_replaced)
{
	struct holder holder;

	store_put(&store, "a", "one");
	store_put(&store, "b", "two");
	holder_begin(&holder, &store, "a", classic(F_WRLCK, 2, 1));
	ck_assert_int_eq(rm("/a"), STATUS_LOCKED);
	ck_assert_int_eq(mv("/a", "/c"), STATUS_LOCKED);
	ck_assert_int_eq(mv("/b", "/a"), STATUS_LOCKED);
	ck_assert(store_has(&store, "b", "two"));
	holder_end(&holder);
	holder_begin(&holder, &store, "a", classic(F_RDLCK, 0, 0));
	ck_assert_int_eq(rm("/a"), STATUS_LOCKED);
	holder_end(&holder);
	holder_begin(&holder, &store, "a", classic(F_RDLCK, 0, 3));
	ck_assert_int_eq(mv("/b", "/a"), STATUS_OK);
	holder_end(&holder);
	ck_assert_int_eq(rm("/a"), STATUS_OK);
}
END_TEST

START_TEST(held_names_are_locked)
{
	struct names *other;
	struct folder folder;

	store_put(&store, "a", "one");
	ck_assert_int_eq(names_open(&other, store.base), STATUS_OK);
	ck_assert_int_eq(walk_folder(&folder, &store.place, "/"), STATUS_OK);
	ck_assert_int_eq(names_hold(other, &folder, "a", &folder, "d"),
	    STATUS_OK);
	ck_assert_int_eq(rm("/a"), STATUS_LOCKED);
	ck_assert_int_eq(mv("/a", "/b"), STATUS_LOCKED);
	ck_assert_int_eq(mv("/b", "/a"), STATUS_LOCKED);
	ck_assert_int_eq(mk("/d"), STATUS_LOCKED);
	ck_assert_int_eq(rmdir_at("/d"), STATUS_LOCKED);
	names_close(other);
	ck_assert_int_eq(rm("/a"), STATUS_OK);
	folder_close(&folder);
}
END_TEST

static bool
without_noreplace(struct store *mine)
{

	store = *mine;
	if (!forbid_noreplace())
		return false;
	return mv("/a", "/b") == STATUS_OK && store_has(mine, "b", "one") &&
	    store_lacks(mine, "a") && mv("/b", "/c") == STATUS_OK &&
	    store_has(mine, "c", "one") && store_lacks(mine, "b") &&
	    mv("/d", "/f") == STATUS_OK && mv("/f", "/e") == STATUS_EXISTS &&
	    mv("/e", "/link/x") == STATUS_BAD_REQUEST &&
	    !store_lacks(mine, "f") && mv("/link", "/m") == STATUS_OK &&
	    store_lacks(mine, "link");
}

START_TEST(a_file_system_without_noreplace_works_the_same)
{
	store_put(&store, "a", "one");
	store_put(&store, "c", "two");
	store_mkdir(&store, "d");
	store_mkdir(&store, "e");
	store_link(&store, "e", "link");
	ck_assert(apart(&store, without_noreplace));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		folders_are_made_and_removed,
		modes_of_folders_lose_special_bits_and_the_umask,
		files_and_links_are_removed,
		each_kind_has_its_own_way_to_go,
		the_root_and_the_private_folder_stay,
		the_private_folder_stays_under_another_name_too,
		files_are_moved_and_replaced,
		a_taken_target_is_refused_when_asked,
		folders_are_moved_but_never_replaced,
		links_are_moved_themselves_and_never_replaced,
		two_hard_links_of_one_file_are_told_apart,
		only_the_expected_version_is_changed,
		locked_files_are_neither_removed_nor_moved_nor_replaced,
		held_names_are_locked,
		a_file_system_without_noreplace_works_the_same,
		NULL
	};

	return check_main("change", tests, set_up, tear_down);
}
