/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "check_main.h"
#include "clock.h"
#include "log.h"

static struct audit_who who;
static int fds[2];		/* standard error goes here */
static char said[1 << 17];

static void
set_up(void)
{
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	ck_assert_int_eq(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	log_set_level(LOG_LEVEL_NOTICE);
	memset(&who, 0, sizeof(who));
	who.session = 12;
	strcpy(who.user, "alice");
	strcpy(who.address, "192.0.2.1:1234");
}

static void
tear_down(void)
{
	close(fds[0]);
	close(fds[1]);
}

/* All that has been said since the last time. */
static const char *
listen_to_it(void)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(fds[0], said + len, sizeof(said) - 1 - len)) > 0)
		len += (size_t)n;
	said[len] = '\0';
	return said;
}

/* The one line that was said, from the word `audit` on, without its end. */
static const char *
the_line(void)
{
	const char *text = listen_to_it();
	char *end = strchr(text, '\n'), *from = strstr(text, "audit ");

	ck_assert_ptr_nonnull(end);
	ck_assert_msg(end[1] == '\0', "more than one line: %s", text);
	ck_assert_ptr_nonnull(from);
	*end = '\0';
	for (const char *at = text; *at != '\0'; at++)
		ck_assert(*at >= ' ' && *at != '\x7f');
	return from;
}

START_TEST(a_line_says_who_did_what_and_how_it_ended)
{
	static const uint8_t id[16] = "\x01\x02";
	struct audit_event event = { .verb = "put", .path = "/a b",
	    .has_bytes = true, .bytes = 5, .digest = id, .upload_id = id };

	audit(&who, &event);
	ck_assert_str_eq(the_line(), "audit put user=\"alice\" "
	    "address=192.0.2.1:1234 path=\"/a b\" bytes=5 "
	    "digest=01020000000000000000000000000000 "
	    "upload=01020000000000000000000000000000 outcome=ok");
	event = (struct audit_event){ .verb = "mv", .path = "/a",
	    .target = "/b", .outcome = STATUS_NOT_FOUND };
	audit(&who, &event);
	ck_assert_str_eq(the_line(), "audit mv user=\"alice\" "
	    "address=192.0.2.1:1234 path=\"/a\" target=\"/b\" "
	    "outcome=not-found");
	event = (struct audit_event){ .verb = "login",
	    .outcome = STATUS_LOGIN_REFUSED };
	who.user[0] = '\0';
	audit(&who, &event);
	ck_assert_str_eq(the_line(),
	    "audit login address=192.0.2.1:1234 outcome=login-refused");
}
END_TEST

START_TEST(a_line_carries_the_number_of_its_session_and_the_time_it_took)
{
	struct audit_event event = { .verb = "get", .began_us = clock_us() };

	audit(&who, &event);
	ck_assert_ptr_nonnull(strstr(listen_to_it(), "[12] audit get"));
	ck_assert_ptr_nonnull(strstr(said, " us="));
}
END_TEST

START_TEST(a_forged_name_stays_within_its_quotes_and_its_line)
{
	struct audit_event event = { .verb = "put", .path = "/a\" outcome=ok\n"
	    "2026-01-01T00:00:00Z notice audit login user=\"root\"\r\x1b[2J",
	    .outcome = STATUS_NOT_PERMITTED };

	strcpy(who.user, "x\" address=10.0.0.1\n");
	audit(&who, &event);
	ck_assert_str_eq(the_line(), "audit put "
	    "user=\"x\\x22 address=10.0.0.1\\n\" address=192.0.2.1:1234 "
	    "path=\"/a\\x22 outcome=ok\\n2026-01-01T00:00:00Z notice audit "
	    "login user=\\x22root\\x22\\r\\e[2J\" outcome=not-permitted");
}
END_TEST

START_TEST(no_byte_of_a_name_reaches_the_log_as_a_control)
{
	struct audit_event event = { .verb = "rm" };
	char path[256];

	for (int i = 1; i < 256; i++)
		path[i - 1] = (char)i;
	path[255] = '\0';
	event.path = path;
	audit(&who, &event);
	ck_assert_ptr_nonnull(strstr(the_line(), "outcome=ok"));
}
END_TEST

/* However long and odd the names are. */
START_TEST(the_outcome_is_never_pushed_off_the_line)
{
	static const char end[] =
	    "\" bytes=18446744073709551615 outcome=not-permitted";
	static const char odd[] = { '"', '\n', '\\', 'a', '\xff' };
	struct audit_event event = { .verb = "mv", .has_bytes = true,
	    .bytes = UINT64_MAX, .outcome = STATUS_NOT_PERMITTED };
	char path[4096];
	const char *line;

	for (size_t i = 0; i < sizeof(odd); i++) {
		memset(path, odd[i], sizeof(path) - 1);
		path[sizeof(path) - 1] = '\0';
		event.path = event.target = path;
		audit(&who, &event);
		line = the_line();
		ck_assert_uint_gt(strlen(line), strlen(end));
		ck_assert_str_eq(line + strlen(line) - strlen(end), end);
	}
}
END_TEST

START_TEST(lines_that_are_gathered_come_together_and_whole)
{
	struct audit_event event = { .verb = "put" };
	char path[32];
	const char *at;

	audit_gather();
	event.path = path;
	snprintf(path, sizeof(path), "/first");
	audit(&who, &event);
	ck_assert_str_eq(listen_to_it(), "");
	for (int i = 0; i < 299; i++) {
		snprintf(path, sizeof(path), "/f%d", i);
		audit(&who, &event);
	}
	audit_flush();
	at = listen_to_it();
	ck_assert_ptr_nonnull(strstr(at, "path=\"/first\""));
	for (int i = 0; i < 299; i++) {
		snprintf(path, sizeof(path), "path=\"/f%d\" ", i);
		at = strstr(at, path);
		ck_assert_ptr_nonnull(at);
	}
	/* And afterwards at once. */
	audit(&who, &event);
	ck_assert_str_ne(listen_to_it(), "");
}
END_TEST

START_TEST(nothing_is_said_below_its_level)
{
	struct audit_event event = { .verb = "put" };

	log_set_level(LOG_LEVEL_ERROR);
	audit(&who, &event);
	ck_assert_str_eq(listen_to_it(), "");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_line_says_who_did_what_and_how_it_ended,
		a_line_carries_the_number_of_its_session_and_the_time_it_took,
		a_forged_name_stays_within_its_quotes_and_its_line,
		no_byte_of_a_name_reaches_the_log_as_a_control,
		the_outcome_is_never_pushed_off_the_line,
		lines_that_are_gathered_come_together_and_whole,
		nothing_is_said_below_its_level,
		NULL
	};

	return check_main("audit", tests, set_up, tear_down);
}
