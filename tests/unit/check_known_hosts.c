/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check_main.h"
#include "known_hosts.h"

static char folder[32], path[128];
static struct known_line line;

static void
set_up(void)
{
	strcpy(folder, "/tmp/ft-check-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/state/known_hosts", folder);
}

static void
tear_down(void)
{
	char sub[64];

	unlink(path);
	snprintf(sub, sizeof(sub), "%s/state", folder);
	rmdir(sub);
	ck_assert_int_eq(rmdir(folder), 0);
}

static void
write_file(const char *text)
{
	FILE *file;
	char sub[64];

	snprintf(sub, sizeof(sub), "%s/state", folder);
	mkdir(sub, 0700);
	ck_assert_ptr_nonnull(file = fopen(path, "w"));
	fputs(text, file);
	ck_assert_int_eq(fclose(file), 0);
}

static enum known
find(const char *name, const char *pin)
{
	enum known known;

	ck_assert_int_eq(known_hosts_find(&known, &line, path, name, pin),
	    STATUS_OK);
	return known;
}

START_TEST(a_missing_file_knows_nobody)
{
	ck_assert_int_eq(find("host:1", "sha256//a"), KNOWN_NOT);
}
END_TEST

START_TEST(what_was_added_is_found)
{
	struct stat sb;

	ck_assert_int_eq(known_hosts_add(path, "host:1", "sha256//a"),
	    STATUS_OK);
	ck_assert_int_eq(known_hosts_add(path, "[::1]:2", "sha256//b"),
	    STATUS_OK);
	ck_assert_int_eq(find("host:1", "sha256//a"), KNOWN_SAME);
	ck_assert_int_eq(find("[::1]:2", "sha256//b"), KNOWN_SAME);
	ck_assert_int_eq(find("host:2", "sha256//a"), KNOWN_NOT);
	ck_assert_int_eq(stat(path, &sb), 0);
	ck_assert_int_eq(sb.st_mode & 0777, 0600);
}
END_TEST

START_TEST(another_key_is_told_with_its_line)
{
	write_file("# mine\n\nother:1 sha256//x\nhost:1 sha256//a\n");
	ck_assert_int_eq(find("host:1", "sha256//b"), KNOWN_OTHER);
	ck_assert_uint_eq(line.number, 4);
	ck_assert_str_eq(line.key, "sha256//a");
}
END_TEST

START_TEST(one_of_several_keys_is_enough)
{
	write_file("host:1 sha256//a\nhost:1 sha256//b\n");
	ck_assert_int_eq(find("host:1", "sha256//b"), KNOWN_SAME);
	ck_assert_uint_eq(line.number, 2);
	ck_assert_int_eq(find("host:1", "sha256//c"), KNOWN_OTHER);
	ck_assert_uint_eq(line.number, 1);
}
END_TEST

START_TEST(names_of_hosts_have_no_case)
{
	write_file("Host:1 sha256//a\n");
	ck_assert_int_eq(find("hOST:1", "sha256//a"), KNOWN_SAME);
	ck_assert_int_eq(find("host:1", "sha256//A"), KNOWN_OTHER);
}
END_TEST

START_TEST(a_line_without_a_key_fits_no_key)
{
	write_file("host:1\n");
	ck_assert_int_eq(find("host:1", "sha256//a"), KNOWN_OTHER);
}
END_TEST

START_TEST(a_line_is_added_behind_one_without_an_end)
{
	write_file("other:1 sha256//x");
	ck_assert_int_eq(known_hosts_add(path, "host:1", "sha256//a"),
	    STATUS_OK);
	ck_assert_int_eq(find("other:1", "sha256//x"), KNOWN_SAME);
	ck_assert_int_eq(find("host:1", "sha256//a"), KNOWN_SAME);
	ck_assert_uint_eq(line.number, 2);
}
END_TEST

int
main(void)
{
	const TTest *tests[] = {
		a_missing_file_knows_nobody,
		what_was_added_is_found,
		another_key_is_told_with_its_line,
		one_of_several_keys_is_enough,
		names_of_hosts_have_no_case,
		a_line_without_a_key_fits_no_key,
		a_line_is_added_behind_one_without_an_end,
		NULL
	};

	return check_main("known_hosts", tests, set_up, tear_down);
}
