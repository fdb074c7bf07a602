/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/socket.h>

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channel.h"
#include "check_main.h"

#define CONFIG "tls { certificate = /etc/c.pem\nprivate_key = /etc/k.pem }\n" \
	"base main { path = /srv/main }\n"

#define ANY (CHANNEL_TO_SERVER | CHANNEL_TO_MONITOR)

static char no_good[] = "no good", nothing[] = "";
static char name[] = "name", digest[] = "digest", hash[] = "hash";

static int fds[2];
static struct channel_message got;

static void
set_up(void)
{
	ck_assert_int_eq(channel_pair(fds), STATUS_OK);
	got = (struct channel_message) { 0 };
}

static void
tear_down(void)
{
	channel_message_clear(&got);
	close(fds[0]);
	close(fds[1]);
}

static void *
send_it(void *message)
{
	ck_assert_int_eq(channel_send(fds[0], message), STATUS_OK);
	return NULL;
}

/* Send by a thread of its own, since a message may be longer than the pipe. */
static enum status
pass_on(struct channel_message *message)
{
	pthread_t thread;
	enum status st;

	ck_assert_int_eq(pthread_create(&thread, NULL, send_it, message), 0);
	st = channel_receive(fds[1], ANY, &got);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	return st;
}

START_TEST(a_message_without_content_arrives)
{
	struct channel_message message = { .type = CHANNEL_DRAIN };

	ck_assert_int_eq(pass_on(&message), STATUS_OK);
	ck_assert_int_eq(got.type, CHANNEL_DRAIN);
	ck_assert_ptr_null(got.handover);
}
END_TEST

START_TEST(an_answer_arrives_with_its_text)
{
	struct channel_message message = { .type = CHANNEL_RELOADED,
		.text = { no_good } };

	ck_assert_int_eq(pass_on(&message), STATUS_OK);
	ck_assert_str_eq(got.text[0], "no good");
}
END_TEST

START_TEST(an_empty_text_is_a_text)
{
	struct channel_message message = { .type = CHANNEL_RELOADED,
		.text = { nothing } };

	ck_assert_int_eq(pass_on(&message), STATUS_OK);
	ck_assert_str_eq(got.text[0], "");
}
END_TEST

START_TEST(a_renewal_arrives_with_its_three_texts)
{
	struct channel_message message = { .type = CHANNEL_RENEW,
		.text = { name, digest, hash } };

	ck_assert_int_eq(pass_on(&message), STATUS_OK);
	ck_assert_str_eq(got.text[0], "name");
	ck_assert_str_eq(got.text[1], "digest");
	ck_assert_str_eq(got.text[2], "hash");
}
END_TEST

/* Each of the files as long as it may be. */
static struct handover *
make_handover(const char *text)
{
	struct handover *h = calloc(1, sizeof(*h));

	ck_assert_ptr_nonnull(h);
	h->config_text = strdup(text);
	h->config_file = strdup("F");
	h->certificate.len = HANDOVER_FILE_MAX;
	h->certificate.bytes = malloc(HANDOVER_FILE_MAX);
	memset(h->certificate.bytes, 'c', HANDOVER_FILE_MAX);
	h->private_key.len = 3;
	h->private_key.bytes = (unsigned char *)strdup("key");
	h->ticket_keys.len = 4;
	h->ticket_keys.bytes = malloc(4);
	memcpy(h->ticket_keys.bytes, "k\0ys", 4);
	return h;
}

START_TEST(a_handover_arrives_whole_and_parsed)
{
	struct channel_message message = { .type = CHANNEL_RELOAD,
		.handover = make_handover(CONFIG) };

	ck_assert_int_eq(pass_on(&message), STATUS_OK);
	ck_assert_str_eq(got.handover->config_text, CONFIG);
	ck_assert_str_eq(got.handover->config_file, "F");
	ck_assert_str_eq(got.handover->config->bases[0].name, "main");
	ck_assert_uint_eq(got.handover->certificate.len, HANDOVER_FILE_MAX);
	ck_assert_mem_eq(got.handover->certificate.bytes,
	    message.handover->certificate.bytes, HANDOVER_FILE_MAX);
	ck_assert_uint_eq(got.handover->ticket_keys.len, 4);
	ck_assert_mem_eq(got.handover->ticket_keys.bytes, "k\0ys", 4);
	channel_message_clear(&message);
}
END_TEST

START_TEST(the_channel_outlives_a_configuration_that_does_not_parse)
{
	struct channel_message bad = { .type = CHANNEL_RELOAD,
		.handover = make_handover("usr = x") };
	struct channel_message drain = { .type = CHANNEL_DRAIN };

	ck_assert_int_eq(pass_on(&bad), STATUS_CONFIG);
	channel_message_clear(&got);
	ck_assert_int_eq(pass_on(&drain), STATUS_OK);
	ck_assert_int_eq(got.type, CHANNEL_DRAIN);
	channel_message_clear(&bad);
}
END_TEST

START_TEST(what_is_too_long_is_not_sent)
{
	struct channel_message message = { .type = CHANNEL_RELOADED };

	message.text[0] = malloc(CONFIG_FILE_MAX + 3);
	ck_assert_ptr_nonnull(message.text[0]);
	memset(message.text[0], 'x', CONFIG_FILE_MAX + 2);
	message.text[0][CONFIG_FILE_MAX + 2] = '\0';
	ck_assert_int_eq(channel_send(fds[0], &message), STATUS_TOO_LARGE);
	free(message.text[0]);
}
END_TEST

/* Heads that no one of us would write: type, then five lengths. */
static const uint32_t heads[][6] = {
	{ 0 },
	{ CHANNEL_RENEW + 1 },
	{ UINT32_MAX },
	{ CHANNEL_DRAIN, 1 },
	{ CHANNEL_RELOADED, UINT32_MAX },
	{ CHANNEL_RELOADED, 0, 1 },
	{ CHANNEL_RELOAD, CONFIG_FILE_MAX, CONFIG_FILE_MAX, CONFIG_FILE_MAX,
	    CONFIG_FILE_MAX, CONFIG_FILE_MAX },
};

START_TEST(what_makes_no_sense_is_refused)
{
	ck_assert_int_eq(write(fds[0], heads[_i], sizeof(heads[_i])),
	    sizeof(heads[_i]));
	ck_assert_int_eq(channel_receive(fds[1], ANY, &got), STATUS_PROTOCOL);
}
END_TEST

/* Only the head is there: it would wait for the parts, if it took them. */
START_TEST(what_is_for_the_other_direction_is_refused_by_its_type_alone)
{
	static const struct {
		uint32_t	 head[6];
		unsigned int	 allowed;
	} cases[] = {
		{ { CHANNEL_RELOAD, 5, 1, 1, 1, 1 }, CHANNEL_TO_MONITOR },
		{ { CHANNEL_DRAIN }, CHANNEL_TO_MONITOR },
		{ { CHANNEL_READY }, CHANNEL_TO_SERVER },
		{ { CHANNEL_RELOADED, 3 }, CHANNEL_TO_SERVER },
		{ { CHANNEL_RENEW, 1, 1, 1 }, CHANNEL_TO_SERVER },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_int_eq(write(fds[0], cases[i].head,
		    sizeof(cases[i].head)), sizeof(cases[i].head));
		ck_assert_int_eq(channel_receive(fds[1], cases[i].allowed,
		    &got), STATUS_PROTOCOL);
		ck_assert_ptr_null(got.handover);
	}
}
END_TEST

START_TEST(a_nul_in_a_text_is_refused)
{
	static const uint32_t head[6] = { CHANNEL_RELOADED, 3 };

	ck_assert_int_eq(write(fds[0], head, sizeof(head)), sizeof(head));
	ck_assert_int_eq(write(fds[0], "a\0b", 3), 3);
	ck_assert_int_eq(channel_receive(fds[1], ANY, &got), STATUS_PROTOCOL);
}
END_TEST

START_TEST(a_message_that_is_cut_off_is_the_end)
{
	static const uint32_t head[6] = { CHANNEL_RELOADED, 3 };

	ck_assert_int_eq(write(fds[0], head, sizeof(head)), sizeof(head));
	ck_assert_int_eq(write(fds[0], "ab", 2), 2);
	ck_assert_int_eq(shutdown(fds[0], SHUT_WR), 0);
	ck_assert_int_eq(channel_receive(fds[1], ANY, &got),
	    STATUS_UNREACHABLE);
}
END_TEST

START_TEST(sending_to_nobody_fails_and_kills_nobody)
{
	struct channel_message message = { .type = CHANNEL_DRAIN };

	ck_assert_int_eq(shutdown(fds[1], SHUT_RDWR), 0);
	ck_assert_int_eq(channel_send(fds[0], &message), STATUS_UNREACHABLE);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("channel");
	TCase *tc = tcase_create("channel");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_message_without_content_arrives);
	tcase_add_test(tc, an_answer_arrives_with_its_text);
	tcase_add_test(tc, an_empty_text_is_a_text);
	tcase_add_test(tc, a_renewal_arrives_with_its_three_texts);
	tcase_add_test(tc, a_handover_arrives_whole_and_parsed);
	tcase_add_test(tc,
	    the_channel_outlives_a_configuration_that_does_not_parse);
	tcase_add_test(tc, what_is_too_long_is_not_sent);
	tcase_add_loop_test(tc, what_makes_no_sense_is_refused, 0,
	    (int)(sizeof(heads) / sizeof(heads[0])));
	tcase_add_test(tc,
	    what_is_for_the_other_direction_is_refused_by_its_type_alone);
	tcase_add_test(tc, a_nul_in_a_text_is_refused);
	tcase_add_test(tc, a_message_that_is_cut_off_is_the_end);
	tcase_add_test(tc, sending_to_nobody_fails_and_kills_nobody);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
