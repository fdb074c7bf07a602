/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include "check_main.h"
#include "file_write.h"
#include "handover.h"
#include "listen.h"
#include "ticket_file.h"
#include "ticket_keys.h"

static char folder[64];
static char keys_path[100], config_text[1024];
static struct handover *handover;

static void
put(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	ck_assert_int_eq(file_write(path, text, strlen(text), 0600),
	    STATUS_OK);
}

static void
set_up(void)
{
	strcpy(folder, "/tmp/ft-check-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(keys_path, sizeof(keys_path), "%s/state/ticket-keys", folder);
	snprintf(config_text, sizeof(config_text), "state = %s/state\n"
	    "tls { certificate = %s/c\nprivate_key = %s/k }\n"
	    "base main { path = /srv/main }\n", folder, folder, folder);
	put("c", "certificate");
	put("k", "key");
	handover = NULL;
}

static void
tear_down(void)
{
	char command[100];

	handover_free(handover);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static enum status
make(bool only_a_test)
{
	return handover_make(&handover, config_text, "F", only_a_test);
}

static void
must_fail(const char *part)
{
	ck_assert_int_eq(make(false), STATUS_CONFIG);
	ck_assert_ptr_null(handover);
	ck_assert_msg(strstr(status_text(STATUS_CONFIG), part) != NULL,
	    "no `%s` in `%s`", part, status_text(STATUS_CONFIG));
}

static size_t
count_keys(void)
{
	struct ticket_keys keys;
	size_t count;

	ck_assert_int_eq(ticket_keys_read(&keys, keys_path), STATUS_OK);
	count = keys.count;
	ticket_keys_wipe(&keys);
	return count;
}

static void
make_older(const char *path, time_t seconds)
{
	const time_t then = time(NULL) - seconds;
	const struct utimbuf times = { then, then };

	ck_assert_int_eq(utime(path, &times), 0);
}

START_TEST(what_the_configuration_names_is_read)
{
	ck_assert_int_eq(make(false), STATUS_OK);
	ck_assert_uint_eq(handover->certificate.len, strlen("certificate"));
	ck_assert_mem_eq(handover->private_key.bytes, "key", 3);
	ck_assert_uint_gt(handover->ticket_keys.len, 160);
}
END_TEST

START_TEST(state_folder_and_ticket_keys_are_made)
{
	struct stat sb;

	ck_assert_int_eq(make(false), STATUS_OK);
	ck_assert_int_eq(stat(keys_path, &sb), 0);
	ck_assert_int_eq(sb.st_mode & 07777, 0600);
	ck_assert_uint_eq(count_keys(), 1);
}
END_TEST

START_TEST(a_test_makes_no_file)
{
	ck_assert_int_eq(make(true), STATUS_OK);
	ck_assert_uint_gt(handover->ticket_keys.len, 160);
	ck_assert_int_eq(access(keys_path, F_OK), -1);
}
END_TEST

START_TEST(a_missing_certificate_is_named)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/c", folder);
	ck_assert_int_eq(unlink(path), 0);
	must_fail(path);
}
END_TEST

START_TEST(an_empty_key_is_refused)
{
	put("k", "");
	must_fail("empty");
}
END_TEST

START_TEST(a_device_is_refused)
{
	snprintf(config_text, sizeof(config_text), "state = %s/state\n"
	    "tls { certificate = /dev/zero\nprivate_key = %s/k }\n"
	    "base main { path = /srv/main }\n", folder, folder);
	must_fail("/dev/zero is no regular file");
}
END_TEST

START_TEST(young_ticket_keys_stay_as_they_are)
{
	ck_assert_int_eq(make(false), STATUS_OK);
	make_older(keys_path, 1000);
	ck_assert(!ticket_file_is_due(keys_path, 2000));
	ck_assert_int_eq(ticket_file_prepare(keys_path, 2000), STATUS_OK);
	ck_assert_uint_eq(count_keys(), 1);
}
END_TEST

START_TEST(old_ticket_keys_get_a_fresh_one_in_front)
{
	ck_assert_int_eq(make(false), STATUS_OK);
	make_older(keys_path, 2000);
	ck_assert(ticket_file_is_due(keys_path, 2000));
	ck_assert_int_eq(ticket_file_prepare(keys_path, 2000), STATUS_OK);
	ck_assert_uint_eq(count_keys(), 2);
	ck_assert(!ticket_file_is_due(keys_path, 2000));
}
END_TEST

START_TEST(ticket_keys_of_a_fleet_are_never_rotated_here)
{
	ck_assert_int_eq(make(false), STATUS_OK);
	make_older(keys_path, 1000000000);
	ck_assert(!ticket_file_is_due(keys_path, 0));
}
END_TEST

START_TEST(ticket_keys_from_the_future_are_rotated)
{
	ck_assert_int_eq(make(false), STATUS_OK);
	make_older(keys_path, -1000000);
	ck_assert(ticket_file_is_due(keys_path, 2000));
}
END_TEST

START_TEST(broken_ticket_keys_are_refused_and_not_replaced)
{
	struct stat sb;

	ck_assert_int_eq(make(false), STATUS_OK);
	put("state/ticket-keys", "nonsense\n");
	make_older(keys_path, 2000);
	ck_assert_int_eq(ticket_file_prepare(keys_path, 2000), STATUS_CONFIG);
	ck_assert_int_eq(stat(keys_path, &sb), 0);
	ck_assert_int_eq(sb.st_size, strlen("nonsense\n"));
}
END_TEST

START_TEST(a_link_is_replaced_and_not_followed)
{
	char link[100], target[100];
	struct stat sb;

	snprintf(link, sizeof(link), "%s/link", folder);
	snprintf(target, sizeof(target), "%s/c", folder);
	ck_assert_int_eq(symlink(target, link), 0);
	put("link", "new");
	ck_assert_int_eq(lstat(link, &sb), 0);
	ck_assert(S_ISREG(sb.st_mode));
	ck_assert_int_eq(stat(target, &sb), 0);
	ck_assert_int_eq(sb.st_size, strlen("certificate"));
}
END_TEST

static const char *const no_address[] = { "", ":", "1.2.3.4", "1.2.3.4:",
	":4433", "1.2.3.4:65536", "1.2.3.4:x", "1.2.3.4:123456", "::1:4433",
	"[::1]", "[::1]4433", "[]:4433", "[::1:4433", "localhost:4433",
	"1.2.3.4:-1", "300.2.3.4:1" };

START_TEST(what_is_no_address_is_refused)
{
	char *text = strdup(no_address[_i]);
	struct config config = { .listen = &text, .listen_count = 1 };

	ck_assert_int_eq(listen_check(&config), STATUS_CONFIG);
	free(text);
}
END_TEST

START_TEST(an_address_is_taken_apart)
{
	char address[LISTEN_NAME_MAX], port[LISTEN_NAME_MAX];

	ck_assert_int_eq(listen_split(address, port, "[::1]:0"), STATUS_OK);
	ck_assert_str_eq(address, "::1");
	ck_assert_str_eq(port, "0");
	ck_assert_int_eq(listen_split(address, port, "1.2.3.4:65535"),
	    STATUS_OK);
	ck_assert_str_eq(address, "1.2.3.4");
	ck_assert_str_eq(port, "65535");
}
END_TEST

START_TEST(a_port_is_open_once_and_named)
{
	char text[] = "127.0.0.1:0", name[LISTEN_NAME_MAX];
	char *one = text;
	struct config config = { .listen = &one, .listen_count = 1 };
	struct listen_set first, second;

	ck_assert_int_eq(listen_open(&first, &config), STATUS_OK);
	ck_assert_uint_eq(first.count, 1);
	ck_assert_int_eq(listen_name(name, first.fds[0]), STATUS_OK);
	one = name;
	ck_assert_int_eq(listen_open(&second, &config), STATUS_UNREACHABLE);
	ck_assert_ptr_nonnull(strstr(status_text(STATUS_UNREACHABLE), name));
	listen_close(&first);
	ck_assert_int_eq(listen_open(&second, &config), STATUS_OK);
	listen_close(&second);
}
END_TEST

int
main(void)
{
	static const int cases = sizeof(no_address) / sizeof(no_address[0]);
	Suite *suite = suite_create("handover");
	TCase *tc = tcase_create("handover");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, what_the_configuration_names_is_read);
	tcase_add_test(tc, state_folder_and_ticket_keys_are_made);
	tcase_add_test(tc, a_test_makes_no_file);
	tcase_add_test(tc, a_missing_certificate_is_named);
	tcase_add_test(tc, an_empty_key_is_refused);
	tcase_add_test(tc, a_device_is_refused);
	tcase_add_test(tc, young_ticket_keys_stay_as_they_are);
	tcase_add_test(tc, old_ticket_keys_get_a_fresh_one_in_front);
	tcase_add_test(tc, ticket_keys_of_a_fleet_are_never_rotated_here);
	tcase_add_test(tc, ticket_keys_from_the_future_are_rotated);
	tcase_add_test(tc, broken_ticket_keys_are_refused_and_not_replaced);
	tcase_add_test(tc, a_link_is_replaced_and_not_followed);
	tcase_add_loop_test(tc, what_is_no_address_is_refused, 0, cases);
	tcase_add_test(tc, an_address_is_taken_apart);
	tcase_add_test(tc, a_port_is_open_once_and_named);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
