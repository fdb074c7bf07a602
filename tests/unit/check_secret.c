/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/wait.h>

#include <errno.h>
#include <pty.h>
#include <signal.h>
#include <termios.h>

#include "secret.h"
#include "users_support.h"

static char path[80];
static struct secret secret;

static void
setup(void)
{
	make_folder();
	snprintf(path, sizeof(path), "%s/secret", folder);
}

static enum status
read_text(const char *text, size_t len, mode_t mode)
{
	put_bytes(path, text, len, mode);
	return secret_read_file(&secret, path);
}

START_TEST(the_first_line_of_a_file_is_the_secret)
{
	ck_assert_int_eq(read_text("hunter2\nrest\n", 13, 0600), STATUS_OK);
	ck_assert_str_eq(secret.bytes, "hunter2");
	ck_assert_uint_eq(secret.len, 7);
}
END_TEST

START_TEST(a_newline_at_the_end_is_not_needed)
{
	ck_assert_int_eq(read_text(" a b ", 5, 0400), STATUS_OK);
	ck_assert_str_eq(secret.bytes, " a b ");
}
END_TEST

START_TEST(a_file_that_others_can_read_is_refused_with_the_chmod)
{
	static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0666 };
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		ck_assert_int_eq(read_text("x\n", 2, modes[i]), STATUS_CONFIG);
		ck_assert(text_has(STATUS_CONFIG, "chmod 600 /tmp/ft-check-"));
		ck_assert_uint_eq(secret.len, 0);
	}
}
END_TEST

START_TEST(a_secret_is_at_most_1024_bytes)
{
	char text[SECRET_MAX + 2];

	memset(text, 'x', sizeof(text));
	text[SECRET_MAX] = '\n';
	ck_assert_int_eq(read_text(text, SECRET_MAX + 1, 0600), STATUS_OK);
	ck_assert_uint_eq(secret.len, SECRET_MAX);
	text[SECRET_MAX] = 'x';
	ck_assert_int_eq(read_text(text, SECRET_MAX + 1, 0600), STATUS_USAGE);
	ck_assert_uint_eq(secret.len, 0);
	ck_assert_int_eq(secret.bytes[0], 0);
}
END_TEST

START_TEST(a_secret_holds_no_nul)
{
	ck_assert_int_eq(read_text("a\0b\n", 4, 0600), STATUS_USAGE);
}
END_TEST

START_TEST(a_missing_file_and_a_folder_are_told_apart)
{
	ck_assert_int_eq(secret_read_file(&secret, "/nonexistent/x"),
	    STATUS_NOT_FOUND);
	ck_assert_int_eq(secret_read_file(&secret, folder), STATUS_NOT_A_FILE);
}
END_TEST

START_TEST(reading_a_pipe_takes_one_line_and_leaves_the_next)
{
	char rest[16] = "";
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], "one\ntwo\n", 8), 8);
	ck_assert_int_eq(secret_read_fd(&secret, fds[0], "pipe"), STATUS_OK);
	ck_assert_str_eq(secret.bytes, "one");
	ck_assert_int_eq(read(fds[0], rest, sizeof(rest)), 4);
	ck_assert_str_eq(rest, "two\n");
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(bytes_are_taken_up_to_the_newline)
{
	char bytes[SECRET_MAX + 2];

	memset(bytes, 'x', sizeof(bytes));
	ck_assert_int_eq(secret_take_line(&secret, "one\ntwo\0", 8, "it"),
	    STATUS_OK);
	ck_assert_str_eq(secret.bytes, "one");
	ck_assert_int_eq(secret_take_line(&secret, "one", 2, "it"),
	    STATUS_OK);
	ck_assert_str_eq(secret.bytes, "on");
	ck_assert_int_eq(secret_take_line(&secret, "o\0e", 3, "it"),
	    STATUS_USAGE);
	bytes[SECRET_MAX] = '\n';
	ck_assert_int_eq(secret_take_line(&secret, bytes, sizeof(bytes),
	    "it"), STATUS_OK);
	ck_assert_uint_eq(secret.len, SECRET_MAX);
	ck_assert_int_eq(secret_take_line(&secret, bytes + 1, SECRET_MAX + 1,
	    "it"), STATUS_OK);
	bytes[SECRET_MAX] = 'x';
	ck_assert_int_eq(secret_take_line(&secret, bytes, SECRET_MAX + 1,
	    "it"), STATUS_USAGE);
	ck_assert_uint_eq(secret.len, 0);
}
END_TEST

START_TEST(wiping_leaves_nothing)
{
	static const struct secret none;

	ck_assert_int_eq(read_text("hunter2\n", 8, 0600), STATUS_OK);
	secret_wipe(&secret);
	ck_assert_mem_eq(&secret, &none, sizeof(none));
}
END_TEST

/* A child that asks on a terminal of its own, of which we hold the far end. */
static pid_t child;
static int far;

/* False where there are no terminals, as in a bare chroot. */
static bool
ask_on_a_terminal(const char *again)
{
	child = forkpty(&far, NULL, NULL, NULL);
	if (child == -1) {
		fprintf(stderr, "no terminals here: %s\n", strerror(errno));
		return false;
	}
	if (child == 0) {
		enum status st;

		/* Check has handlers of its own for these. */
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		st = secret_ask(&secret, "Say: ", again);

		if (st == STATUS_OK && strcmp(secret.bytes, "hunter2") != 0)
			st = STATUS_DIGEST;
		_exit((int)(st & 0x7f));
	}
	return true;
}

static void
expect(const char *text)
{
	char seen[256];
	size_t have = 0;
	ssize_t n;

	memset(seen, 0, sizeof(seen));
	while (strstr(seen, text) == NULL) {
		n = read(far, seen + have, sizeof(seen) - 1 - have);
		ck_assert_msg(n > 0, "`%s` never came, but `%s`", text, seen);
		have += (size_t)n;
		ck_assert_ptr_null(strstr(seen, "hunter"));
	}
}

static void
answer(const char *text)
{
	ck_assert_int_eq(write(far, text, strlen(text)), (ssize_t)strlen(text));
}

static bool
echoes(void)
{
	struct termios terminal;

	ck_assert_int_eq(tcgetattr(far, &terminal), 0);
	return (terminal.c_lflag & ECHO) != 0;
}

static int
result(void)
{
	int how;

	ck_assert_int_eq(waitpid(child, &how, 0), child);
	return how;
}

START_TEST(a_prompt_does_not_echo_and_puts_the_terminal_back)
{
	int how;

	if (!ask_on_a_terminal("Again: "))
		return;
	expect("Say: ");
	ck_assert(!echoes());
	answer("hunter2\n");
	expect("Again: ");
	ck_assert(!echoes());
	answer("hunter2\n");
	expect("\n");
	how = result();
	ck_assert(WIFEXITED(how));
	ck_assert_int_eq(WEXITSTATUS(how), STATUS_OK);
	ck_assert(echoes());
}
END_TEST

START_TEST(two_answers_that_differ_are_refused)
{
	int how;

	if (!ask_on_a_terminal("Again: "))
		return;
	expect("Say: ");
	answer("hunter2\n");
	expect("Again: ");
	answer("hunter3\n");
	how = result();
	ck_assert(WIFEXITED(how));
	ck_assert_int_eq(WEXITSTATUS(how), STATUS_USAGE & 0x7f);
}
END_TEST

START_TEST(a_signal_at_the_prompt_puts_the_terminal_back_and_ends_us)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGQUIT, SIGHUP };
	const int number = signals[_i];
	int how;

	/* Whoever started the tests may ignore it, which is handed down. */
	ck_assert(signal(number, SIG_DFL) != SIG_ERR);
	if (!ask_on_a_terminal(NULL))
		return;
	expect("Say: ");
	ck_assert(!echoes());
	if (number == SIGINT)
		answer("half\003");
	else
		ck_assert_int_eq(kill(child, number), 0);
	how = result();
	ck_assert(WIFSIGNALED(how));
	ck_assert_int_eq(WTERMSIG(how), number);
	ck_assert(echoes());
}
END_TEST

START_TEST(the_end_of_input_at_a_prompt_is_no_empty_secret)
{
	int how;

	if (!ask_on_a_terminal(NULL))
		return;
	expect("Say: ");
	answer("\004");
	how = result();
	ck_assert(WIFEXITED(how));
	ck_assert_int_eq(WEXITSTATUS(how), STATUS_CANCELLED);
}
END_TEST

START_TEST(without_a_terminal_asking_is_refused)
{
	pid_t pid = fork();
	int how;

	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		setsid();
		_exit(secret_ask(&secret, "Say: ", NULL) == STATUS_USAGE ?
		    0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &how, 0), pid);
	ck_assert(WIFEXITED(how) && WEXITSTATUS(how) == 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("secret");
	TCase *tc = tcase_create("secret");

	tcase_add_checked_fixture(tc, setup, remove_folder);
	tcase_add_test(tc, the_first_line_of_a_file_is_the_secret);
	tcase_add_test(tc, a_newline_at_the_end_is_not_needed);
	tcase_add_test(tc,
	    a_file_that_others_can_read_is_refused_with_the_chmod);
	tcase_add_test(tc, a_secret_is_at_most_1024_bytes);
	tcase_add_test(tc, a_secret_holds_no_nul);
	tcase_add_test(tc, a_missing_file_and_a_folder_are_told_apart);
	tcase_add_test(tc, reading_a_pipe_takes_one_line_and_leaves_the_next);
	tcase_add_test(tc, bytes_are_taken_up_to_the_newline);
	tcase_add_test(tc, wiping_leaves_nothing);
	tcase_add_test(tc, a_prompt_does_not_echo_and_puts_the_terminal_back);
	tcase_add_test(tc, two_answers_that_differ_are_refused);
	tcase_add_loop_test(tc,
	    a_signal_at_the_prompt_puts_the_terminal_back_and_ends_us, 0, 4);
	tcase_add_test(tc, the_end_of_input_at_a_prompt_is_no_empty_secret);
	tcase_add_test(tc, without_a_terminal_asking_is_refused);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
