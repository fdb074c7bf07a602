/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check_main.h"
#include "config_keys.h"
#include "server_config.h"
#include "walk.h"

/* The least that is a configuration, in three lines. */
#define LEAST "tls { certificate = /etc/c.pem\nprivate_key = /etc/k.pem }\n" \
	"base main { path = /srv/main }\n"

static struct config *config;

static void
set_up(void)
{
	config = NULL;
}

static void
tear_down(void)
{
	config_free(config);
}

static void
must_parse(const char *text)
{
	enum status st = config_parse(&config, text, "F");

	ck_assert_msg(st == STATUS_OK, "%s", status_text(st));
}

/* The text is refused, and the error begins and goes on like this. */
static void
must_refuse(const char *text, const char *begin, const char *part)
{
	enum status st = config_parse(&config, text, "F");
	const char *error = status_text(st);

	ck_assert_int_eq(st, STATUS_CONFIG);
	ck_assert_ptr_null(config);
	ck_assert_msg(strncmp(error, begin, strlen(begin)) == 0,
	    "`%s` does not begin with `%s`", error, begin);
	ck_assert_msg(strstr(error, part) != NULL, "no `%s` in `%s`", part,
	    error);
}

START_TEST(the_least_configuration_gets_the_defaults)
{
	must_parse(LEAST);
	ck_assert_uint_eq(config->listen_count, 2);
	ck_assert_str_eq(config->listen[1], "[::]:4433");
	ck_assert_ptr_null(config->user);
	ck_assert(!config->tls12);
	ck_assert(config->renew_hashes);
	ck_assert_uint_ge(config->workers, 4);
	ck_assert_uint_ge(config->login_threads, 1);
	ck_assert_uint_eq(config->max_sessions, 10000);
	ck_assert_uint_eq(config->hash_cost.memory_kib, 65536);
	ck_assert_int_eq(config->bases[0].durability, DURABILITY_COMMIT);
}
END_TEST

START_TEST(every_key_can_be_set)
{
	must_parse("# a comment\n"
	    "listen = { 127.0.0.1:1, \"[::1]:2\" }\n"
	    "user = somebody\nstate = /st\nlog_level = debug\n"
	    "tls { certificate = '/a b'  # another\n private_key = /k\n"
	    " minimum = 1.2\n ticket_keys = /t\n ticket_key_lifetime = 0 }\n"
	    "limits { workers = 7\n login_threads = 3\n max_sessions = 9\n"
	    " max_per_address = 8\n login_queue = 5\n login_tries = 4\n"
	    " lockout_tries = 6\n lockout_time = 17\n"
	    " handshake_timeout = 11\n login_timeout = 12\n"
	    " idle_timeout = 13\n stall_timeout = 14\n drain_timeout = 15\n"
	    " lock_timeout = 16\n"
	    " stage_expiry = 61 }\n"
	    "login { user_file = /u\n lifetime = 60\n ticket_lifetime = 10\n"
	    " hash_memory = 8\n hash_passes = 1\n hash_lanes = 1\n"
	    " renew_hashes = no }\n"
	    "base one { path = /srv/one\n durability = async }\n"
	    "base two { path = /srv/two }\n");
	ck_assert_str_eq(config->listen[1], "[::1]:2");
	ck_assert_str_eq(config->user, "somebody");
	ck_assert_str_eq(config->certificate, "/a b");
	ck_assert(config->tls12);
	ck_assert_str_eq(config->ticket_keys, "/t");
	ck_assert_uint_eq(config->ticket_key_lifetime, 0);
	ck_assert_uint_eq(config->workers, 7);
	ck_assert_uint_eq(config->stage_expiry, 61);
	ck_assert_uint_eq(config->lockout_tries, 6);
	ck_assert_uint_eq(config->lockout_time, 17);
	ck_assert(!config->renew_hashes);
	ck_assert_uint_eq(config->base_count, 2);
	ck_assert_str_eq(config->bases[1].name, "two");
	ck_assert_int_eq(config->bases[0].durability, DURABILITY_ASYNC);
	ck_assert_int_eq(config->bases[1].durability, DURABILITY_COMMIT);
}
END_TEST

START_TEST(ticket_keys_lie_in_the_state_folder_unless_named)
{
	must_parse("state = /st\n" LEAST);
	ck_assert_str_eq(config->ticket_keys, "/st/ticket-keys");
}
END_TEST

static const struct {
	const char	*text, *begin, *part;
} refused[] = {
	{ "limits {\n\nworker = 3 }", "F:3: ", "did you mean `workers`" },
	{ "limts { workers = 3 }", "F:1: ", "did you mean `limits`" },
	{ LEAST "workers = 3", "F:4: ", "section limits" },
	{ "limits {\nworkers = 1025 }", "F:2: ", "from 0 to 1024" },
	{ "limits {\nworkers = -1 }", "F:2: ", "from 0 to 1024" },
	{ "limits {\nworkers = 5x }", "F:2: ", "limits.workers is `5x`" },
	{ "limits { workers = 99999999999999999999 }", "F:1: ", "from 0" },
	{ "tls { minimum = 1.1 }", "F:1: ", "1.3, 1.2" },
	{ "\nuser = a\nuser = b", "F:3: ", "in line 2" },
	{ "# a\n/* b\n */\nuser = a // c\nuser = b", "F:5: ", "in line 4" },
	{ "listen = 1.2.3.4:5\nlisten = 1.2.3.4:6", "F:2: ", "in line 1" },
	{ "listen = {}\n" LEAST, "F:", "empty list" },
	{ "base a { path = /a\npath = /b }", "F:2: ", "in line 1" },
	{ "base a { path = /a }\nbase a { path = /b }", "F:2: ", "'a'" },
	{ "base A { path = /a }", "F:1: ", "a base is named by" },
	{ "base a { path = srv }", "F:1: ", "beginning with /" },
	{ "limits {\nworkers = 3\n", "F:1: ", "never closed" },
	{ LEAST "}", "F:4: ", "closes nothing" },
	{ "user = \"${HOME}\"", "F:1: ", "not expanded" },
	{ "user = ${HOME}", "F:1: ", "not expanded" },
	{ "user = \"a\\x41\"", "F:1: ", "backslash" },
	{ "user = \"a\n\"", "F:1: ", "not closed on its line" },
	{ "user = *x", "F:1: ", "quotes" },
	{ "tls|minimum = 1.2", "F:1: ", "quotes" },
	{ "'tls|minimum' = 1.2", "F:1: ", "section of its own" },
	{ "user = \"\"", "F:1: ", "empty" },
	{ "/* no end", "F:1: ", "no end" },
	{ "user x", "F:1: ", "missing equal sign" },
	{ "user =", "F:1: ", "end of file" },
	{ "base a { path = /a }", "F:1: ", "tls.certificate is missing" },
	{ "tls {\nprivate_key = /k\n}\nbase a { path = /a }\n", "F:3: ",
	    "tls.certificate is missing" },
	{ "tls { certificate = /c\nprivate_key = /k }\n\n", "F:4: ",
	    "no base" },
	{ LEAST "base b {\n\n}\nuser = u", "F:6: ", "base b has no path" },
	{ LEAST "share s { allow = a }", "F:4: ", "share s has no path" },
	{ LEAST "share s { path = /s }", "F:4: ", "share s has no allow" },
	{ LEAST "share s { path = /../s\nallow = a }", "F:4: ", "`..`" },
	{ LEAST "share s { path = /s\nallow = a\nbase = b }", "F:6: ",
	    "not configured" },
	{ LEAST "share s { path = /s\nallow = @:read }", "F:5: ", "1 to 64" },
	{ LEAST "share s { path = /s\nallow = a:raed }", "F:5: ", "`read`" },
	{ LEAST "share s { path = /s\nallow = a\nquota_bytes = much }",
	    "F:6: ", "K, M, G or T" },
	{ LEAST "share S { path = /s\nallow = a }", "F:4: ",
	    "a share is named by" },
	{ LEAST "base b { path = /srv/main/sub }", "F:4: ", "in the other" },
	{ LEAST "state = /srv/main/st", "F:4: ", "users could reach it" },
	{ LEAST "login {\nuser_file = /srv/main/u\n}", "F:5: ", "users" },
	{ LEAST "state = /srv", "F:3: ", "in the state folder" },
	{ "tls { certificate = /c\nprivate_key = /k }\nbase a { path = / }",
	    "F:3: ", "users could reach it" },
	{ LEAST "login { hash_memory = 8\nhash_lanes = 2 }", "F:4: ",
	    "argon2: m must be" },
	/* The first of two errors is told. */
	{ "base A { }\nbase B { }", "F:1: ", "not `A`" },
};

START_TEST(what_is_wrong_is_refused_with_its_line_and_a_cure)
{
	must_refuse(refused[_i].text, refused[_i].begin, refused[_i].part);
}
END_TEST

START_TEST(a_refused_text_does_not_spoil_the_next_one)
{
	must_refuse("user = \"x", "F:1: ", "not closed");
	must_refuse("limits { workers = 3", "F:1: ", "never closed");
	must_parse(LEAST);
}
END_TEST

START_TEST(a_list_can_be_added_to)
{
	must_parse("listen = 1.2.3.4:5\nlisten += 1.2.3.4:6\n" LEAST);
	ck_assert_uint_eq(config->listen_count, 2);
}
END_TEST

START_TEST(the_environment_overrides_every_section)
{
	setenv("FTSERVER_LISTEN", "127.0.0.1:1, 127.0.0.1:2 127.0.0.1:3", 1);
	setenv("FTSERVER_LIMITS_WORKERS", "9", 1);
	setenv("FTSERVER_BASE_MAIN_DURABILITY", "async", 1);
	must_parse("listen = 1.2.3.4:5\nlimits { workers = 3 }\n" LEAST);
	ck_assert_uint_eq(config->listen_count, 3);
	ck_assert_str_eq(config->listen[2], "127.0.0.1:3");
	ck_assert_uint_eq(config->workers, 9);
	ck_assert_int_eq(config->bases[0].durability, DURABILITY_ASYNC);
}
END_TEST

START_TEST(a_bad_variable_is_refused_by_its_name)
{
	setenv("FTSERVER_LIMITS_WORKERS", "many", 1);
	must_refuse(LEAST, "environment variable FTSERVER_LIMITS_WORKERS: ",
	    "from 0 to 1024");
}
END_TEST

START_TEST(a_variable_that_is_no_key_is_found)
{
	const char *variable;
	size_t from = 0, strays = 0;

	setenv("FTSERVER_LIMITS_WORKRES", "9", 1);
	setenv("FTSERVER_LIMITS_WORKERS", "9", 1);
	must_parse(LEAST);
	while ((variable = config_stray_variable(config, &from)) != NULL) {
		ck_assert_str_eq(variable, "FTSERVER_LIMITS_WORKRES=9");
		strays++;
	}
	ck_assert_uint_eq(strays, 1);
}
END_TEST

START_TEST(a_reload_may_change_what_is_not_fixed)
{
	struct config *next;

	must_parse(LEAST "limits { idle_timeout = 5 }");
	ck_assert_int_eq(config_parse(&next, LEAST, "F"), STATUS_OK);
	ck_assert_ptr_null(config_fixed_difference(config, next));
	config_free(next);
}
END_TEST

START_TEST(what_only_a_restart_changes_is_named_and_kept)
{
	struct config *next;
	size_t from = 0;

	must_parse("listen = 1.2.3.4:5\n" LEAST);
	ck_assert_int_eq(config_parse(&next, "user = other\n"
	    "limits { workers = 77\n idle_timeout = 5 }\n"
	    "listen = { 1.2.3.4:5, 1.2.3.4:6 }\n" LEAST
	    "base more { path = /srv/more }", "F"), STATUS_OK);
	ck_assert_str_eq(config_next_fixed_difference(config, next, &from),
	    "listen");
	ck_assert_str_eq(config_next_fixed_difference(config, next, &from),
	    "user");
	ck_assert_str_eq(config_next_fixed_difference(config, next, &from),
	    "limits.workers");
	ck_assert_str_eq(config_next_fixed_difference(config, next, &from),
	    "base");
	ck_assert_ptr_null(config_next_fixed_difference(config, next, &from));

	ck_assert_int_eq(config_keep_fixed(next, config), STATUS_OK);
	ck_assert_ptr_null(config_fixed_difference(config, next));
	ck_assert_uint_eq(next->base_count, 1);
	ck_assert_uint_eq(next->idle_timeout, 5);
	config_free(next);
}
END_TEST

START_TEST(a_share_has_a_path_and_who_sees_it)
{
	must_parse(LEAST "base big { path = /big }\n"
	    "share in { path = /in\nbase = big\ndurability = async\n"
	    "allow = { @partners:drop, bob:full, @all:list }\n"
	    "quota_bytes = 3M\nquota_files = 10 }");
	ck_assert_uint_eq(config->share_count, 1);
	ck_assert_str_eq(config->shares[0].name, "in");
	ck_assert_str_eq(config->shares[0].base, "big");
	ck_assert_uint_eq(config->shares[0].allow_count, 3);
	ck_assert_uint_eq(config->shares[0].durability, PLACE_ASYNC);
	ck_assert_uint_eq(config->shares[0].quota_bytes, 3 << 20);
	ck_assert_uint_eq(config->shares[0].quota_files, 10);
}
END_TEST

START_TEST(the_path_of_a_share_is_brought_into_one_form)
{
	static const char *const forms[][2] = { { "/", "/" }, { "//", "/" },
		{ "/a/", "/a" }, { "//a//b//", "/a/b" }, { "/a", "/a" } };
	char text[512];
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		snprintf(text, sizeof(text), LEAST
		    "share s { path = \"%s\"\nallow = a }", forms[i][0]);
		config_free(config);
		config = NULL;
		must_parse(text);
		ck_assert_str_eq(config->shares[0].path, forms[i][1]);
	}
}
END_TEST

START_TEST(a_reload_may_change_shares)
{
	struct config *next;

	must_parse(LEAST "share a { path = /a\nallow = a }");
	ck_assert_int_eq(config_parse(&next, LEAST
	    "share b { path = /b\nallow = b }", "F"), STATUS_OK);
	ck_assert_ptr_null(config_fixed_difference(config, next));
	ck_assert_int_eq(config_keep_fixed(next, config), STATUS_OK);
	ck_assert_str_eq(next->shares[0].name, "b");
	config_free(next);
}
END_TEST

/* A file of `len` bytes that are all `byte`, behind `text`. */
static enum status
load_file(const char *text, size_t len, int byte)
{
	char path[] = "/tmp/ft-check-XXXXXX";
	int fd = mkstemp(path);
	FILE *fp = fdopen(fd, "w");
	enum status st;

	ck_assert_ptr_nonnull(fp);
	fputs(text, fp);
	while (len-- > 0)
		fputc(byte, fp);
	ck_assert_int_eq(fclose(fp), 0);
	st = config_load(&config, path);
	unlink(path);
	return st;
}

START_TEST(a_file_is_loaded)
{
	ck_assert_int_eq(load_file(LEAST, 10, '\n'), STATUS_OK);
	ck_assert_str_eq(config->bases[0].path, "/srv/main");
}
END_TEST

START_TEST(a_file_with_a_nul_byte_is_refused)
{
	ck_assert_int_eq(load_file(LEAST, 1, '\0'), STATUS_CONFIG);
	ck_assert_ptr_nonnull(strstr(status_text(STATUS_CONFIG), "NUL"));
}
END_TEST

START_TEST(a_file_of_over_a_mebibyte_is_refused)
{
	ck_assert_int_eq(load_file(LEAST, CONFIG_FILE_MAX, ' '),
	    STATUS_CONFIG);
	ck_assert_ptr_nonnull(strstr(status_text(STATUS_CONFIG), "longer"));
}
END_TEST

START_TEST(a_missing_file_is_named)
{
	ck_assert_int_eq(config_load(&config, "/nonexistent/x.conf"),
	    STATUS_CONFIG);
	ck_assert_ptr_nonnull(strstr(status_text(STATUS_CONFIG),
	    "/nonexistent/x.conf"));
}
END_TEST

/* --- the page and the sample have each key, with its range and default --- */

static char *
read_source(const char *name)
{
	const char *top = getenv("FT_SOURCE");
	char path[512], *text;
	FILE *fp;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", top != NULL ? top : ".", name);
	fp = fopen(path, "r");
	ck_assert_msg(fp != NULL, "%s cannot be read", path);
	text = calloc(1, 1 << 17);
	ck_assert_ptr_nonnull(text);
	len = fread(text, 1, (1 << 17) - 1, fp);
	ck_assert_uint_gt(len, 0);
	fclose(fp);
	return text;
}

/* The page shows the folders of a package. */
static void
write_fallback(char out[128], const struct config_key *key)
{
	static const char sysconf[] = SYSCONFDIR, var[] = LOCALSTATEDIR;
	const char *f = key->fallback;

	if (f == NULL)
		out[0] = '\0';
	else if (strncmp(f, sysconf, strlen(sysconf)) == 0)
		snprintf(out, 128, "/etc%s", f + strlen(sysconf));
	else if (strncmp(f, var, strlen(var)) == 0)
		snprintf(out, 128, "/var%s", f + strlen(var));
	else
		snprintf(out, 128, "%s", f);
}

/* How the page heads the description of a key. */
static void
write_head(char out[256], const struct config_key *key)
{
	char fallback[128], range[64] = "";
	size_t len = 0, i;

	write_fallback(fallback, key);
	if (key->type == CONFIG_NUMBER)
		snprintf(range, sizeof(range), "%u to %u", key->least,
		    key->most);
	for (i = 0; key->words != NULL && key->words[i] != NULL; i++)
		len += (size_t)snprintf(range + len, sizeof(range) - len,
		    "%s%s", i == 0 ? "" : " | ", key->words[i]);
	snprintf(out, 256, "\n.It Ic %s\n%s%s%s%s%s%s", key->name,
	    range, range[0] != '\0' ? ".\n" : "",
	    fallback[0] != '\0' ? "Default: " : "", fallback,
	    fallback[0] != '\0' ? ".\n" : "",
	    key->is_fixed ? "Only a restart changes it.\n" : "");
}

START_TEST(the_page_says_of_each_key_what_the_table_says)
{
	char *page = read_source("man/ftserver.conf.5"), head[256];
	const struct config_key *key;

	for (key = config_keys; key->name != NULL; key++) {
		write_head(head, key);
		ck_assert_msg(strstr(page, head) != NULL,
		    "ftserver.conf(5) lacks%s", head);
	}
	free(page);
}
END_TEST

START_TEST(the_sample_parses_and_names_each_key)
{
	char *sample = read_source("etc/ftserver.conf.sample"), word[64];
	const struct config_key *key;

	must_parse(sample);
	for (key = config_keys; key->name != NULL; key++) {
		snprintf(word, sizeof(word), "%s = ", key->name);
		ck_assert_msg(strstr(sample, word) != NULL,
		    "the sample lacks %s", key->full);
	}
	free(sample);
}
END_TEST

int
main(void)
{
	static const int cases = sizeof(refused) / sizeof(refused[0]);
	Suite *suite = suite_create("config");
	TCase *tc = tcase_create("config");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, the_least_configuration_gets_the_defaults);
	tcase_add_test(tc, every_key_can_be_set);
	tcase_add_test(tc, ticket_keys_lie_in_the_state_folder_unless_named);
	tcase_add_loop_test(tc,
	    what_is_wrong_is_refused_with_its_line_and_a_cure, 0, cases);
	tcase_add_test(tc, a_refused_text_does_not_spoil_the_next_one);
	tcase_add_test(tc, a_list_can_be_added_to);
	tcase_add_test(tc, the_environment_overrides_every_section);
	tcase_add_test(tc, a_bad_variable_is_refused_by_its_name);
	tcase_add_test(tc, a_variable_that_is_no_key_is_found);
	tcase_add_test(tc, a_reload_may_change_what_is_not_fixed);
	tcase_add_test(tc, what_only_a_restart_changes_is_named_and_kept);
	tcase_add_test(tc, a_share_has_a_path_and_who_sees_it);
	tcase_add_test(tc, the_path_of_a_share_is_brought_into_one_form);
	tcase_add_test(tc, a_reload_may_change_shares);
	tcase_add_test(tc, a_file_is_loaded);
	tcase_add_test(tc, a_file_with_a_nul_byte_is_refused);
	tcase_add_test(tc, a_file_of_over_a_mebibyte_is_refused);
	tcase_add_test(tc, a_missing_file_is_named);
	tcase_add_test(tc, the_page_says_of_each_key_what_the_table_says);
	tcase_add_test(tc, the_sample_parses_and_names_each_key);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
