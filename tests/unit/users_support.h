/*
 * users_support - a folder of its own for each test of the user file, and
 * cheap users to put into it.
 */
#ifndef USERS_SUPPORT_H
#define USERS_SUPPORT_H

#include <sys/stat.h>

#include <check.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "status.h"

/* Of the password `hunter2`. */
#define CHEAP_HASH "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQxMjM0NTY3OA" \
    "$iPbOnlM11zSgmngUHI2nvOE4txrFbFybkKgAhNy1pmQ"

static char folder[64];		/* the test's own */
static char users_path[80];	/* the user file in it */

static inline void
make_folder(void)
{
	strcpy(folder, "/tmp/ft-check-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(users_path, sizeof(users_path), "%s/users", folder);
}

static inline void
remove_folder(void)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static inline void
put_bytes(const char *path, const void *bytes, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	ck_assert_int_eq(close(fd), 0);
}

static inline void
put_text(const char *path, const char *text, mode_t mode)
{
	put_bytes(path, text, strlen(text), mode);
}

static inline bool
text_has(enum status st, const char *part)
{
	if (strstr(status_text(st), part) != NULL)
		return true;
	fprintf(stderr, "`%s` is not in `%s`\n", part, status_text(st));
	return false;
}

static inline int
run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
