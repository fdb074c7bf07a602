/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check_main.h"
#include "kept_ticket.h"
#include "trust.h"

#define WHOM	"jo@host:4433"

static char folder[32], runtime[64], sub[128];
static char pin[TRUST_PIN_SIZE], other_pin[TRUST_PIN_SIZE];
static struct kept_ticket ticket;

static void
make_pin(char out[TRUST_PIN_SIZE], char letter)
{
	memset(out, letter, TRUST_PIN_SIZE - 1);
	memcpy(out, "sha256//", strlen("sha256//"));
	out[TRUST_PIN_SIZE - 1] = '\0';
}

static void
set_up(void)
{
	strcpy(folder, "/tmp/ft-check-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(runtime, sizeof(runtime), "%s/run", folder);
	snprintf(sub, sizeof(sub), "%s/ftclient", runtime);
	ck_assert_int_eq(mkdir(runtime, 0700), 0);
	setenv("XDG_RUNTIME_DIR", runtime, 1);
	make_pin(pin, 'a');
	make_pin(other_pin, 'b');
	memcpy(ticket.bytes, "\0ticket\xff", 8);
	ticket.len = 8;
	ticket.until = (int64_t)time(NULL) + 1000;
}

static void
tear_down(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void
keep(const char *whom, const char *key)
{
	ck_assert_int_eq(kept_ticket_keep(&ticket, whom, key), STATUS_OK);
}

static bool
is_found(const char *whom, const char *key)
{
	struct kept_ticket found;

	ck_assert_int_eq(kept_ticket_find(&found, whom, key), STATUS_OK);
	if (found.len == 0)
		return false;
	ck_assert_uint_eq(found.len, ticket.len);
	ck_assert_mem_eq(found.bytes, ticket.bytes, ticket.len);
	ck_assert_int_eq(found.until, ticket.until);
	return true;
}

static unsigned int
drop(const char *whom, const char *key)
{
	unsigned int count;

	ck_assert_int_eq(kept_ticket_drop(whom, key, &count), STATUS_OK);
	return count;
}

/* The files in the folder; `path` is one of them. */
static int
list_files(char path[512])
{
	const struct dirent *entry;
	int n = 0;
	DIR *dir;

	ck_assert_ptr_nonnull(dir = opendir(sub));
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, 512, "%s/%s", sub, entry->d_name);
		n++;
	}
	closedir(dir);
	return n;
}

static enum status
find(void)
{
	struct kept_ticket found;
	enum status st = kept_ticket_find(&found, WHOM, pin);

	ck_assert_uint_eq(found.len, 0);
	return st;
}

START_TEST(what_was_kept_is_found)
{
	ck_assert(!is_found(WHOM, pin));
	keep(WHOM, pin);
	ck_assert(is_found(WHOM, pin));
	memset(ticket.bytes, 'x', FT1_TICKET_MAX);
	ticket.len = FT1_TICKET_MAX;
	keep(WHOM, pin);
	ck_assert(is_found(WHOM, pin));
}
END_TEST

START_TEST(it_is_for_one_user_of_one_server_with_one_key)
{
	keep(WHOM, pin);
	ck_assert(!is_found(WHOM, other_pin));
	ck_assert(!is_found("joe@host:4433", pin));
	ck_assert(!is_found("jo@host:4434", pin));
	ck_assert(!is_found("jo@host:443", pin));
}
END_TEST

START_TEST(names_of_any_bytes_and_length_are_kept_apart)
{
	char longest[600];

	memset(longest, 'u', sizeof(longest));
	memcpy(longest + 255, "@../..\n/ \xff", 10);
	longest[530] = '\0';
	keep(longest, pin);
	ck_assert(is_found(longest, pin));
	longest[529] = 'v';
	ck_assert(!is_found(longest, pin));
}
END_TEST

START_TEST(nobody_else_can_read_it)
{
	char path[512];
	struct stat sb;

	umask(0);
	keep(WHOM, pin);
	ck_assert_int_eq(stat(sub, &sb), 0);
	ck_assert_int_eq(sb.st_mode & 07777, 0700);
	ck_assert_int_eq(list_files(path), 1);
	ck_assert_int_eq(lstat(path, &sb), 0);
	ck_assert(S_ISREG(sb.st_mode));
	ck_assert_int_eq(sb.st_mode & 07777, 0600);
}
END_TEST

START_TEST(one_that_others_can_read_or_change_is_refused)
{
	static const mode_t loose[] = { 0640, 0604, 0620, 0602 };
	char path[512];

	keep(WHOM, pin);
	ck_assert_int_eq(list_files(path), 1);
	for (size_t i = 0; i < sizeof(loose) / sizeof(loose[0]); i++) {
		ck_assert_int_eq(chmod(path, loose[i]), 0);
		ck_assert_int_eq(find(), STATUS_CONFIG);
	}
	keep(WHOM, pin);
	ck_assert(is_found(WHOM, pin));
	ck_assert_int_eq(chmod(sub, 0711), 0);
	ck_assert_int_eq(find(), STATUS_CONFIG);
	ck_assert_int_eq(kept_ticket_keep(&ticket, WHOM, pin),
	    STATUS_CONFIG);
}
END_TEST

START_TEST(links_are_not_followed)
{
	char path[512], elsewhere[128];

	keep(WHOM, pin);
	ck_assert_int_eq(list_files(path), 1);
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", folder);
	ck_assert_int_eq(rename(path, elsewhere), 0);
	ck_assert_int_eq(symlink(elsewhere, path), 0);
	ck_assert_int_ne(find(), STATUS_OK);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(sub), 0);
	ck_assert_int_eq(symlink(folder, sub), 0);
	ck_assert_int_ne(find(), STATUS_OK);
}
END_TEST

START_TEST(a_runtime_folder_that_others_can_change_is_no_place)
{
	keep(WHOM, pin);
	ck_assert_int_eq(chmod(runtime, 0777), 0);
	ck_assert(!is_found(WHOM, pin));
	ck_assert_int_eq(kept_ticket_check_place(), STATUS_CONFIG);
	ck_assert_int_eq(kept_ticket_keep(&ticket, WHOM, pin),
	    STATUS_CONFIG);
	setenv("XDG_RUNTIME_DIR", "not/absolute", 1);
	ck_assert_int_eq(kept_ticket_check_place(), STATUS_CONFIG);
	setenv("XDG_RUNTIME_DIR", "/no/such/folder", 1);
	ck_assert_int_eq(kept_ticket_check_place(), STATUS_CONFIG);
	ck_assert(!is_found(WHOM, pin));
}
END_TEST

START_TEST(an_expired_one_is_removed)
{
	char path[512];

	ticket.until = (int64_t)time(NULL);
	keep(WHOM, pin);
	ck_assert_int_eq(list_files(path), 1);
	ck_assert(!is_found(WHOM, pin));
	ck_assert_int_eq(list_files(path), 0);
}
END_TEST

START_TEST(a_file_with_anything_else_in_it_holds_none)
{
	static const char *const texts[] = { "", "x", "sha256//a 1 00\n" WHOM,
	    "sha256//aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 99999999999 "
	    "0\n" WHOM,
	    "sha256//aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 99999999999 "
	    "00" };
	char path[512];
	FILE *file;

	keep(WHOM, pin);
	ck_assert_int_eq(list_files(path), 1);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ck_assert_ptr_nonnull(file = fopen(path, "w"));
		fputs(texts[i], file);
		ck_assert_int_eq(fclose(file), 0);
		ck_assert_int_eq(find(), STATUS_OK);
	}
	keep(WHOM, pin);
	ck_assert(is_found(WHOM, pin));
}
END_TEST

START_TEST(dropping_tells_how_many_there_were)
{
	ck_assert_uint_eq(drop(WHOM, NULL), 0);
	keep(WHOM, pin);
	keep(WHOM, other_pin);
	keep("other@host:4433", pin);
	ck_assert_uint_eq(drop(WHOM, pin), 1);
	ck_assert(is_found(WHOM, other_pin));
	keep(WHOM, pin);
	ck_assert_uint_eq(drop(WHOM, NULL), 2);
	ck_assert(!is_found(WHOM, pin));
	ck_assert(is_found("other@host:4433", pin));
	ck_assert_uint_eq(drop(WHOM, NULL), 0);
}
END_TEST

int
main(void)
{
	const TTest *tests[] = {
		what_was_kept_is_found,
		it_is_for_one_user_of_one_server_with_one_key,
		names_of_any_bytes_and_length_are_kept_apart,
		nobody_else_can_read_it,
		one_that_others_can_read_or_change_is_refused,
		links_are_not_followed,
		a_runtime_folder_that_others_can_change_is_no_place,
		an_expired_one_is_removed,
		a_file_with_anything_else_in_it_holds_none,
		dropping_tells_how_many_there_were,
		NULL
	};

	return check_main("kept_ticket", tests, set_up, tear_down);
}
