/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check_main.h"
#include "log.h"

static int fds[2];		/* a pipe that standard error goes to */
static char said[1 << 17];

static void
set_up(void)
{
	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	ck_assert_int_eq(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	log_set_level(LOG_LEVEL_INFO);
}

static void
tear_down(void)
{
	close(fds[0]);
	close(fds[1]);
}

/* All that has been said so far. */
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

static size_t
count_lines(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

START_TEST(a_line_has_time_level_session_and_text)
{
	int year, day;

	log_line(LOG_LEVEL_NOTICE, 17, "from %s", "here");
	listen_to_it();
	ck_assert_int_eq(sscanf(said, "%4d-%*d-%2dT", &year, &day), 2);
	ck_assert_str_eq(strchr(said, 'Z'), "Z notice [17] from here\n");
}
END_TEST

START_TEST(a_line_of_no_session_has_no_number)
{
	log_line(LOG_LEVEL_ERROR, 0, "text");
	ck_assert_str_eq(strchr(listen_to_it(), 'Z'), "Z error text\n");
}
END_TEST

START_TEST(what_is_above_the_level_is_not_said)
{
	log_line(LOG_LEVEL_DEBUG, 1, "phases");
	log_line(LOG_LEVEL_INFO, 1, "logins");
	ck_assert_uint_eq(count_lines(listen_to_it()), 1);
	ck_assert(log_is_on(LOG_LEVEL_INFO));
	ck_assert(!log_is_on(LOG_LEVEL_DEBUG));
}
END_TEST

START_TEST(no_name_forges_a_line_or_reaches_the_terminal)
{
	log_line(LOG_LEVEL_NOTICE, 1, "user %s", "a\n2026 error [1] \033[2J");
	ck_assert_str_eq(strchr(listen_to_it(), 'Z'),
	    "Z notice [1] user a\\n2026 error [1] \\e[2J\n");
}
END_TEST

START_TEST(the_longest_line_is_one_write_of_a_page)
{
	char *text = malloc(100000);

	ck_assert_ptr_nonnull(text);
	memset(text, '\001', 99999);
	text[99999] = '\0';
	log_line(LOG_LEVEL_NOTICE, 1, "%s", text);
	free(text);
	ck_assert_uint_eq(count_lines(listen_to_it()), 1);
	ck_assert_uint_le(strlen(said), 4096);
}
END_TEST

START_TEST(a_pipe_that_nobody_empties_holds_up_nobody_and_is_told)
{
	int i;

	for (i = 0; i < 5000; i++)
		log_line(LOG_LEVEL_NOTICE, 1, "line %d", i);
	listen_to_it();
	ck_assert_uint_lt(count_lines(said), 5000);
	log_line(LOG_LEVEL_NOTICE, 1, "after");
	listen_to_it();
	ck_assert_ptr_nonnull(strstr(said, " lines of this log were lost\n"));
	ck_assert_ptr_nonnull(strstr(said, "after\n"));
}
END_TEST

START_TEST(a_pipe_whose_reader_is_gone_kills_nobody)
{
	close(fds[0]);
	log_line(LOG_LEVEL_NOTICE, 1, "to nobody");
	fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
}
END_TEST

static void *
say_much(void *arg)
{
	int i;

	for (i = 0; i < 100; i++)
		log_line(LOG_LEVEL_NOTICE, 1, "%s", (const char *)arg);
	return NULL;
}

START_TEST(lines_of_several_threads_stay_apart)
{
	static char a[] = "aaaaaaaaaaaa", b[] = "bbbbbbbbbbbb";
	pthread_t one, two;
	const char *line;

	pthread_create(&one, NULL, say_much, a);
	pthread_create(&two, NULL, say_much, b);
	pthread_join(one, NULL);
	pthread_join(two, NULL);
	listen_to_it();
	ck_assert_uint_eq(count_lines(said), 200);
	for (line = said; *line != '\0'; line = strchr(line, '\n') + 1)
		ck_assert(strncmp(strchr(line, ']') + 2, "aaaaaaaaaaaa\n",
		    13) == 0 || strncmp(strchr(line, ']') + 2,
		    "bbbbbbbbbbbb\n", 13) == 0);
}
END_TEST

START_TEST(the_journal_gets_priorities_and_no_time)
{
	char stream[64];
	struct stat sb;

	ck_assert_int_eq(fstat(STDERR_FILENO, &sb), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu",
	    (unsigned long long)sb.st_dev, (unsigned long long)sb.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_line(LOG_LEVEL_ERROR, 5, "text");
	ck_assert_str_eq(listen_to_it(), "<3>[5] text\n");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_line_has_time_level_session_and_text,
		a_line_of_no_session_has_no_number,
		what_is_above_the_level_is_not_said,
		no_name_forges_a_line_or_reaches_the_terminal,
		the_longest_line_is_one_write_of_a_page,
		a_pipe_that_nobody_empties_holds_up_nobody_and_is_told,
		a_pipe_whose_reader_is_gone_kills_nobody,
		lines_of_several_threads_stay_apart,
		the_journal_gets_priorities_and_no_time,
		NULL
	};

	return check_main("log", tests, set_up, tear_down);
}
