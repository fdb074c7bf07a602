/* SPDX-License-Identifier: ISC */
/* Parts whose names somebody else has, had, or wants. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check_main.h"
#include "part.h"

#define PART	".file.0000000000000007.part"

static char folder[32];
static bool other_commits;	/* before the next lock is had */
static int taken;		/* at the last change of a name; errno */

/* These two stand before those of the C library. */
int
flock(int fd, int operation)
{
	if (other_commits) {
		other_commits = false;
		ck_assert_int_eq(syscall(SYS_renameat2, AT_FDCWD, PART,
		    AT_FDCWD, "file", 0), 0);
	}
	return (int)syscall(SYS_flock, fd, operation);
}

static int
lock_as_another_run(const char *name)
{
	int fd = open(name, O_RDWR | O_CLOEXEC);
	int error;

	if (fd == -1)
		return errno;
	error = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
	close(fd);
	return error;
}

int
renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	taken = lock_as_another_run(from);
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

int
unlinkat(int fd, const char *name, int flags)
{
	if (strcmp(name, PART) == 0)
		taken = lock_as_another_run(name);
	return (int)syscall(SYS_unlinkat, fd, name, flags);
}

static void
set_up(void)
{
	strcpy(folder, "/tmp/ft-check-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	taken = -1;
}

static void
tear_down(void)
{
	unlink("file");
	unlink("other");
	unlink(PART);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}

static void
make(const char *name, const char *content)
{
	FILE *file = fopen(name, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(content, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static void
holds(const char *name, const char *content)
{
	char bytes[100] = "";
	FILE *file = fopen(name, "r");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_lt(fread(bytes, 1, sizeof(bytes), file), sizeof(bytes));
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_str_eq(bytes, content);
}

static struct part *
begin(void)
{
	const struct part_plan plan = { .path = "file", .key = 7 };
	struct part *part;

	ck_assert_int_eq(part_begin(&part, &plan), STATUS_OK);
	return part;
}

static void
write_and_commit(struct part *part, const char *content)
{
	ck_assert_int_eq(part_write(part, content, strlen(content), 0),
	    STATUS_OK);
	ck_assert_int_eq(part_commit(part), STATUS_OK);
}

START_TEST(it_is_locked_until_it_is_in_place)
{
	write_and_commit(begin(), "content");
	ck_assert_int_eq(taken, EWOULDBLOCK);
	holds("file", "content");
	ck_assert_int_eq(access(PART, F_OK), -1);
}
END_TEST

START_TEST(it_is_locked_until_it_is_removed)
{
	part_abort(begin());
	ck_assert_int_eq(taken, EWOULDBLOCK);
	ck_assert_int_eq(access(PART, F_OK), -1);
}
END_TEST

START_TEST(what_another_run_has_put_in_place_is_left_alone)
{
	struct part *part;

	make(PART, "of the other");
	other_commits = true;
	part = begin();
	holds("file", "of the other");
	write_and_commit(part, "mine");
	holds("file", "mine");
}
END_TEST

START_TEST(two_at_once_have_a_part_each)
{
	struct part *first = begin(), *second = begin();

	write_and_commit(second, "second");
	holds("file", "second");
	write_and_commit(first, "first");
	holds("file", "first");
}
END_TEST

START_TEST(a_file_with_another_name_is_no_part)
{
	make("other", "precious");
	ck_assert_int_eq(link("other", PART), 0);
	write_and_commit(begin(), "content");
	holds("file", "content");
	holds("other", "precious");
	holds(PART, "precious");
}
END_TEST

START_TEST(nor_is_a_link_or_what_is_no_file)
{
	make("other", "precious");
	ck_assert_int_eq(symlink("other", PART), 0);
	write_and_commit(begin(), "first");
	holds("other", "precious");
	ck_assert_int_eq(unlink(PART), 0);
	ck_assert_int_eq(mkfifo(PART, 0600), 0);
	write_and_commit(begin(), "second");
	holds("file", "second");
}
END_TEST

/* Only root can make one of somebody else: others try what they cannot open. */
START_TEST(a_file_of_somebody_else_is_no_part)
{
	struct stat sb;

	make(PART, "theirs");
	if (geteuid() == 0)
		ck_assert_int_eq(chown(PART, 1, 1), 0);
	else
		ck_assert_int_eq(chmod(PART, 0), 0);
	write_and_commit(begin(), "content");
	holds("file", "content");
	ck_assert_int_eq(stat("file", &sb), 0);
	ck_assert_uint_eq(sb.st_uid, geteuid());
	ck_assert_int_eq(stat(PART, &sb), 0);
	ck_assert_int_eq(sb.st_size, 6);
}
END_TEST

int
main(void)
{
	const TTest *tests[] = {
		it_is_locked_until_it_is_in_place,
		it_is_locked_until_it_is_removed,
		what_another_run_has_put_in_place_is_left_alone,
		two_at_once_have_a_part_each,
		a_file_with_another_name_is_no_part,
		nor_is_a_link_or_what_is_no_file,
		a_file_of_somebody_else_is_no_part,
		NULL
	};

	return check_main("part", tests, set_up, tear_down);
}
