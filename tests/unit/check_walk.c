/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "check_main.h"
#include "store_support.h"

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

/* What a user reads at the path; "" and the status if nothing. */
static enum status
read_path(const struct place *place, const char *path, char text[64])
{
	enum status status;
	struct stat st;
	ssize_t n;
	int fd;

	text[0] = '\0';
	if ((status = walk_file(&fd, &st, place, path)) != STATUS_OK)
		return status;
	n = read(fd, text, 63);
	close(fd);
	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	return STATUS_OK;
}

static bool
reads(const char *path, const char *text)
{
	char found[64];

	return read_path(&store.place, path, found) == STATUS_OK &&
	    strcmp(found, text) == 0;
}

static enum status
file_status(const char *path)
{
	char text[64];

	return read_path(&store.place, path, text);
}

static enum status
folder_status(const char *path)
{
	struct folder folder;
	enum status st;

	st = walk_folder(&folder, &store.place, path);
	ck_assert_int_eq(st == STATUS_OK, folder.fd != -1);
	folder_close(&folder);
	return st;
}

static enum status
parent_status(const char *path)
{
	struct folder folder;
	const char *name;
	enum status st;

	st = walk_parent(&folder, &name, &store.place, path);
	ck_assert_int_eq(st == STATUS_OK, folder.fd != -1);
	folder_close(&folder);
	return st;
}

static enum status
stat_status(const char *path)
{
	struct stat st;

	return walk_stat(&st, &store.place, path);
}

START_TEST(files_and_folders_are_found)
{
	store_mkdir(&store, "d");
	store_put(&store, "a", "one");
	store_put(&store, "d/b", "two");
	ck_assert(reads("/a", "one"));
	ck_assert(reads("/d/b", "two"));
	ck_assert_int_eq(folder_status("/"), STATUS_OK);
	ck_assert_int_eq(folder_status("/d"), STATUS_OK);
	ck_assert_int_eq(stat_status("/"), STATUS_OK);
	ck_assert_int_eq(stat_status("/d/b"), STATUS_OK);
}
END_TEST

START_TEST(what_is_missing_or_of_another_kind_is_told)
{
	store_mkdir(&store, "d");
	store_put(&store, "a", "one");
	ck_assert_int_eq(file_status("/no"), STATUS_NOT_FOUND);
	ck_assert_int_eq(file_status("/no/no"), STATUS_NOT_FOUND);
	ck_assert_int_eq(file_status("/a/b"), STATUS_NOT_A_FOLDER);
	ck_assert_int_eq(file_status("/d"), STATUS_IS_A_FOLDER);
	ck_assert_int_eq(file_status("/"), STATUS_IS_A_FOLDER);
	ck_assert_int_eq(folder_status("/a"), STATUS_NOT_A_FOLDER);
	ck_assert_int_eq(folder_status("/no"), STATUS_NOT_FOUND);
	ck_assert_int_eq(parent_status("/a/b"), STATUS_NOT_A_FOLDER);
	ck_assert_int_eq(parent_status("/"), STATUS_NOT_PERMITTED);
	ck_assert_int_eq(stat_status("/no"), STATUS_NOT_FOUND);
}
END_TEST

START_TEST(links_that_stay_inside_are_followed)
{
	store_mkdir(&store, "d");
	store_mkdir(&store, "d/e");
	store_put(&store, "a", "one");
	store_put(&store, "d/e/b", "two");
	store_link(&store, "a", "to-a");
	store_link(&store, "../a", "d/up-to-a");
	store_link(&store, "../../d/e/../up-to-a", "d/e/around");
	store_link(&store, "d/e", "to-e");
	store_link(&store, "to-e/../../to-a", "through-a-link");
	ck_assert(reads("/to-a", "one"));
	ck_assert(reads("/d/up-to-a", "one"));
	ck_assert(reads("/d/e/around", "one"));
	ck_assert(reads("/to-e/b", "two"));
	ck_assert(reads("/to-e/around", "one"));
	ck_assert(reads("/through-a-link", "one"));
	ck_assert_int_eq(folder_status("/to-e"), STATUS_OK);
	ck_assert_int_eq(stat_status("/to-e"), STATUS_OK);
	ck_assert_int_eq(file_status("/to-e"), STATUS_IS_A_FOLDER);
}
END_TEST

START_TEST(links_that_lead_out_are_refused)
{
	static const char *const outs[] = {
		"/etc/passwd", "/", "..", "../../etc/passwd", "d/../..",
		"d/../../etc/passwd", "/proc/self/root/etc/passwd",
		"/proc/self/fd/0", "to-out", "loop", "/tmp",
	};
	size_t i;

	store_mkdir(&store, "d");
	store_link(&store, "loop", "loop");
	store_link(&store, "../../etc", "to-out");
	for (i = 0; i < sizeof(outs) / sizeof(outs[0]); i++) {
		store_link(&store, outs[i], "link");
		ck_assert_msg(file_status("/link") == STATUS_NOT_PERMITTED,
		    "%s", outs[i]);
		ck_assert_msg(stat_status("/link") == STATUS_NOT_PERMITTED,
		    "%s", outs[i]);
		ck_assert_msg(folder_status("/link") == STATUS_NOT_PERMITTED,
		    "%s", outs[i]);
		ck_assert_msg(parent_status("/link/x") ==
		    STATUS_NOT_PERMITTED, "%s", outs[i]);
		ck_assert_int_eq(unlinkat(base_fd(store.base), "link", 0), 0);
	}
}
END_TEST

START_TEST(a_chain_of_links_ends)
{
	char from[16], to[16];
	int i;

	store_put(&store, "0", "end");
	for (i = 1; i <= 60; i++) {
		snprintf(from, sizeof(from), "%d", i);
		snprintf(to, sizeof(to), "%d", i - 1);
		store_link(&store, to, from);
	}
	ck_assert(reads("/39", "end"));
	ck_assert_int_eq(file_status("/60"), STATUS_NOT_PERMITTED);
}
END_TEST

START_TEST(a_user_stays_below_the_own_root)
{
	const struct place alice = { .base = store.base,
	    .root = "users/alice" };
	char text[64];

	store_mkdir(&store, "users");
	store_mkdir(&store, "users/alice");
	store_mkdir(&store, "users/bob");
	store_put(&store, "users/bob/secret", "secret");
	store_put(&store, "users/alice/own", "own");
	store_link(&store, "../bob/secret", "users/alice/link");
	store_link(&store, "../bob", "users/alice/bob");
	ck_assert_int_eq(read_path(&alice, "/own", text), STATUS_OK);
	ck_assert_str_eq(text, "own");
	ck_assert_int_eq(read_path(&alice, "/link", text),
	    STATUS_NOT_PERMITTED);
	ck_assert_int_eq(read_path(&alice, "/bob/secret", text),
	    STATUS_NOT_PERMITTED);
	ck_assert_int_eq(read_path(&alice, "/users/bob/secret", text),
	    STATUS_NOT_FOUND);
}
END_TEST

START_TEST(a_root_that_is_missing_or_leads_out_is_told)
{
	struct place place = { .base = store.base, .root = "gone" };
	struct stat st;

	ck_assert_int_eq(walk_stat(&st, &place, "/"), STATUS_NOT_FOUND);
	store_link(&store, "/etc", "out");
	place.root = "out";
	ck_assert_int_eq(walk_stat(&st, &place, "/passwd"), STATUS_NOT_FOUND);
	place.root = "../..";
	ck_assert_int_eq(walk_stat(&st, &place, "/"), STATUS_NOT_FOUND);
}
END_TEST

static void
expect_hidden(const char *folder)
{
	char path[256];

	ck_assert_int_eq(folder_status(folder), STATUS_NOT_FOUND);
	ck_assert_int_eq(stat_status(folder), STATUS_NOT_FOUND);
	ck_assert_int_ne(file_status(folder), STATUS_OK);
	snprintf(path, sizeof(path), "%s/new", folder);
	ck_assert_int_eq(parent_status(path), STATUS_NOT_FOUND);
	snprintf(path, sizeof(path), "%s/names/00", folder);
	ck_assert_int_eq(file_status(path), STATUS_NOT_FOUND);
	ck_assert_int_eq(stat_status(path), STATUS_NOT_FOUND);
	ck_assert_int_eq(parent_status(path), STATUS_NOT_FOUND);
	snprintf(path, sizeof(path), "%s/stage/x", folder);
	ck_assert_int_eq(parent_status(path), STATUS_NOT_FOUND);
	snprintf(path, sizeof(path), "%s/stage", folder);
	ck_assert_int_eq(folder_status(path), STATUS_NOT_FOUND);
}

START_TEST(the_private_folder_is_out_of_reach_by_name_and_case)
{
	expect_hidden("/.ftserver");
	expect_hidden("/.FTSERVER");
	expect_hidden("/.FtServer");
	ck_assert_int_eq(parent_status("/.ftserver"), STATUS_NOT_PERMITTED);
	ck_assert_int_eq(parent_status("/.FTserver"), STATUS_NOT_PERMITTED);
	ck_assert_int_eq(parent_status("/.ftserver2"), STATUS_OK);
	ck_assert_int_eq(parent_status("/.ftserve"), STATUS_OK);
}
END_TEST

START_TEST(the_private_folder_is_out_of_reach_by_link)
{
	store_mkdir(&store, "d");
	store_link(&store, ".ftserver", "link");
	store_link(&store, "../.ftserver", "d/link");
	store_link(&store, "d/link", "twice");
	expect_hidden("/link");
	expect_hidden("/d/link");
	expect_hidden("/twice");
	store_link(&store, ".ftserver/names/00", "file");
	store_link(&store, "file", "file2");
	store_link(&store, ".ftserver/stage", "stage");
	store_link(&store, ".ftserver/stage/.", "dot");
	store_link(&store, ".ftserver/stage/", "slash");
	ck_assert_int_eq(file_status("/file"), STATUS_NOT_FOUND);
	ck_assert_int_eq(stat_status("/file"), STATUS_NOT_FOUND);
	ck_assert_int_eq(file_status("/file2"), STATUS_NOT_FOUND);
	ck_assert_int_eq(folder_status("/stage"), STATUS_NOT_FOUND);
	ck_assert_int_eq(stat_status("/stage"), STATUS_NOT_FOUND);
	ck_assert_int_eq(stat_status("/dot"), STATUS_NOT_FOUND);
	ck_assert_int_eq(stat_status("/slash"), STATUS_NOT_FOUND);
	ck_assert_int_eq(parent_status("/stage/x"), STATUS_NOT_FOUND);
}
END_TEST

START_TEST(the_private_folder_is_out_of_reach_after_a_rename)
{
	store_mkdir(&store, "d");
	ck_assert_int_eq(renameat(base_fd(store.base), ".ftserver",
	    base_fd(store.base), "d/moved"), 0);
	expect_hidden("/d/moved");
}
END_TEST

static void
make_socket(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ne(fd, -1);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/socket",
	    store.path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
}

START_TEST(fifos_sockets_and_devices_are_not_served)
{
	ck_assert_int_eq(mkfifoat(base_fd(store.base), "fifo", 0644), 0);
	make_socket();
	store_link(&store, "fifo", "to-fifo");
	ck_assert_int_eq(file_status("/fifo"), STATUS_NOT_A_FILE);
	ck_assert_int_eq(file_status("/to-fifo"), STATUS_NOT_A_FILE);
	ck_assert_int_eq(file_status("/socket"), STATUS_NOT_A_FILE);
	ck_assert_int_eq(stat_status("/fifo"), STATUS_OK);
	ck_assert_int_eq(folder_status("/fifo"), STATUS_NOT_A_FOLDER);
	/* Only root may make one. */
	if (mknodat(base_fd(store.base), "null", S_IFCHR | 0666, 0x103) == 0)
		ck_assert_int_eq(file_status("/null"), STATUS_NOT_A_FILE);
	else
		ck_assert_int_eq(errno, EPERM);
}
END_TEST

static bool
may_not_read(struct store *mine)
{
	struct stat st;
	int fd;

	return walk_file(&fd, &st, &mine->place, "/closed") ==
	    STATUS_NOT_PERMITTED &&
	    walk_file(&fd, &st, &mine->place, "/shut/file") ==
	    STATUS_NOT_PERMITTED &&
	    walk_file(&fd, &st, &mine->place, "/open") == STATUS_OK;
}

START_TEST(files_that_the_server_may_not_read_are_refused)
{
	store_put(&store, "open", "x");
	store_put(&store, "closed", "x");
	store_mkdir(&store, "shut");
	store_put(&store, "shut/file", "x");
	ck_assert_int_eq(chmod(store.path, 0755), 0);
	ck_assert_int_eq(fchmodat(base_fd(store.base), "closed", 0, 0), 0);
	ck_assert_int_eq(fchmodat(base_fd(store.base), "shut", 0, 0), 0);
	ck_assert(as_nobody(&store, may_not_read));
	ck_assert_int_eq(fchmodat(base_fd(store.base), "shut", 0700, 0), 0);
}
END_TEST

START_TEST(a_lease_makes_a_file_locked_and_never_hangs)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	int fd;

	store_put(&store, "a", "one");
	fd = openat(base_fd(store.base), "a", O_RDWR | O_CLOEXEC);
	ck_assert_int_ne(fd, -1);
	sigaction(SIGIO, &ignore, NULL);
	ck_assert_int_eq(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
	ck_assert_int_eq(file_status("/a"), STATUS_LOCKED);
	ck_assert_int_eq(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
	ck_assert(reads("/a", "one"));
	close(fd);
}
END_TEST

START_TEST(a_folder_a_thousand_deep_works)
{
	char path[2 * 1000 + 8] = "";
	int fd, next, i;

	fd = dup(base_fd(store.base));
	for (i = 0; i < 1000; i++) {
		ck_assert_int_eq(mkdirat(fd, "d", 0755), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ck_assert_int_ne(next, -1);
		close(fd);
		fd = next;
		strcpy(path + 2 * i, "/d");
	}
	ck_assert_int_eq(folder_status(path), STATUS_OK);
	strcat(path, "/file");
	next = openat(fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	ck_assert_int_eq(write(next, "deep", 4), 4);
	close(next);
	close(fd);
	ck_assert(reads(path, "deep"));
	ck_assert_int_eq(parent_status(path), STATUS_OK);
}
END_TEST

START_TEST(names_are_bytes)
{
	static const char *const names[] = { " ", "\n", "\033[31m", "-rf",
		"\xff\xfe", "\xe2\x80\xae", ".hidden", "a\\b", "*", "%s%n" };
	char path[64];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		store_put(&store, names[i], names[i]);
		snprintf(path, sizeof(path), "/%s", names[i]);
		ck_assert(reads(path, names[i]));
	}
}
END_TEST

#define SWAPS		20000
#define SWAPS_NIGHTLY	1000000

static atomic_bool swap_on;
static atomic_int swapped;

/* Exchange a folder for a link out of the root, over and over. */
static void *
swap(void *unused)
{
	int fd = base_fd(store.base);

	(void)unused;
	while (atomic_load(&swap_on) &&
	    renameat2(fd, "in/d", fd, "in/l", RENAME_EXCHANGE) == 0 &&
	    renameat2(fd, "in/f", fd, "in/g", RENAME_EXCHANGE) == 0)
		atomic_fetch_add(&swapped, 1);
	atomic_store(&swap_on, false);
	return NULL;
}

START_TEST(nothing_outside_is_read_while_names_are_swapped)
{
	const struct place in = { .base = store.base, .root = "in" };
	int swaps = getenv("FT_NIGHTLY") != NULL ? SWAPS_NIGHTLY : SWAPS;
	int good = 0, refused = 0;
	char text[64], last[64];
	pthread_t thread;

	store_mkdir(&store, "in");
	store_mkdir(&store, "in/d");
	store_mkdir(&store, "out");
	store_put(&store, "in/d/x", "inside");
	store_put(&store, "out/x", "outside");
	store_put(&store, "in/f", "inside");
	store_link(&store, "../out", "in/l");
	store_link(&store, "../out/x", "in/g");
	atomic_store(&swap_on, true);
	ck_assert_int_eq(pthread_create(&thread, NULL, swap, NULL), 0);
	/* Both outcomes must be met, or the race was none. */
	while (atomic_load(&swap_on) && (atomic_load(&swapped) < swaps ||
	    good == 0 || refused == 0)) {
		if (read_path(&in, "/d/x", text) == STATUS_OK)
			ck_assert_str_eq(text, "inside");
		good += text[0] != '\0';
		refused += text[0] == '\0';
		if (read_path(&in, "/f", last) == STATUS_OK)
			ck_assert_str_eq(last, "inside");
	}
	atomic_store(&swap_on, false);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_ge(atomic_load(&swapped), swaps);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		files_and_folders_are_found,
		what_is_missing_or_of_another_kind_is_told,
		links_that_stay_inside_are_followed,
		links_that_lead_out_are_refused,
		a_chain_of_links_ends,
		a_user_stays_below_the_own_root,
		a_root_that_is_missing_or_leads_out_is_told,
		the_private_folder_is_out_of_reach_by_name_and_case,
		the_private_folder_is_out_of_reach_by_link,
		the_private_folder_is_out_of_reach_after_a_rename,
		fifos_sockets_and_devices_are_not_served,
		files_that_the_server_may_not_read_are_refused,
		a_lease_makes_a_file_locked_and_never_hangs,
		a_folder_a_thousand_deep_works,
		names_are_bytes,
		nothing_outside_is_read_while_names_are_swapped,
		NULL
	};

	return check_main("walk", tests, set_up, tear_down);
}
