/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <pthread.h>
#include <unistd.h>

#include "channel.h"
#include "check_main.h"
#include "password.h"
#include "renewals.h"
#include "users_support.h"

/* Of the password `hunter2`. */
#define FOREIGN "$6$rounds=1000$saltsaltsaltsalt$" \
	"orS9iMJrr9MJ/MmhIZpR3rN5DgWJ3TdG9YhlzGFAb//" \
	"ro/8kWEuAbzE9leuPI.6/LqhvVfS/V/UbjK0c3fIcJ1"
#define MANY 64

static const struct phc_cost cheap = { .memory_kib = 8, .passes = 1,
    .lanes = 1 };
static struct renewals *renewals;
static struct users *users;
static int fds[2];

static void
set_up(void)
{
	static const char text[] = "alice:" FOREIGN ":\nbob:" CHEAP_HASH ":\n";

	ck_assert_int_eq(channel_pair(fds), STATUS_OK);
	ck_assert_int_eq(users_parse(&users, text, sizeof(text) - 1, "F",
	    NULL), STATUS_OK);
	renewals = renewals_new(fds[1]);
	ck_assert_ptr_nonnull(renewals);
}

static void
tear_down(void)
{
	renewals_free(renewals);
	users_unref(users);
	close(fds[0]);
	close(fds[1]);
}

static const struct user *
user(const char *name)
{
	return users_find(users, name, strlen(name));
}

static bool
knows(const char *hash)
{
	uint8_t digest[RENEWALS_DIGEST];

	ck_assert(renewals_digest(digest, hash));
	return renewals_know(renewals, digest);
}

/* Offer it, and receive what the monitor is told. */
static void
offer(struct channel_message *message)
{
	(void)renewals_offer(renewals, user("alice"), "hunter2", 7, &cheap);
	ck_assert_int_eq(channel_receive(fds[0], CHANNEL_TO_MONITOR, message),
	    STATUS_OK);
}

static void
write_hex(char *out, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

START_TEST(a_foreign_hash_is_replaced_by_one_of_the_same_password)
{
	char line[2 * USER_DIGEST_LEN + 1];
	struct channel_message message;
	struct phc phc;

	offer(&message);
	ck_assert_int_eq(message.type, CHANNEL_RENEW);
	ck_assert_str_eq(message.text[0], "alice");
	write_hex(line, user("alice")->digest, USER_DIGEST_LEN);
	ck_assert_str_eq(message.text[1], line);
	ck_assert_int_eq(phc_parse(&phc, message.text[2],
	    strlen(message.text[2])), STATUS_OK);
	ck_assert_uint_eq(phc.cost.memory_kib, 8);
	ck_assert_int_eq(password_verify(message.text[2], "hunter2", 7),
	    STATUS_OK);
	ck_assert_int_eq(password_verify(message.text[2], "hunter3", 7),
	    STATUS_LOGIN_REFUSED);
	channel_message_clear(&message);
}
END_TEST

START_TEST(a_hash_of_our_own_stays)
{
	char byte;

	(void)renewals_offer(renewals, user("bob"), "hunter2", 7, &cheap);
	close(fds[1]);
	ck_assert_int_eq(read(fds[0], &byte, 1), 0);
	fds[1] = dup(fds[0]);
}
END_TEST

START_TEST(what_was_made_here_is_known)
{
	struct channel_message message;

	ck_assert(!knows(CHEAP_HASH));
	offer(&message);
	ck_assert(knows(message.text[2]));
	ck_assert(!knows(FOREIGN));
	channel_message_clear(&message);
}
END_TEST

START_TEST(the_last_few_are_known_and_older_ones_forgotten)
{
	struct channel_message message;
	char *first;

	offer(&message);
	first = strdup(message.text[2]);
	channel_message_clear(&message);
	for (int i = 1; i < MANY; i++) {
		offer(&message);
		channel_message_clear(&message);
	}
	ck_assert(knows(first));
	offer(&message);
	ck_assert(!knows(first));
	ck_assert(knows(message.text[2]));
	channel_message_clear(&message);
	free(first);
}
END_TEST

START_TEST(a_monitor_that_is_gone_does_no_harm)
{
	close(fds[0]);
	(void)renewals_offer(renewals, user("alice"), "hunter2", 7, &cheap);
	fds[0] = dup(fds[1]);
}
END_TEST

static void *
offer_some(void *ctx)
{
	(void)ctx;
	for (int i = 0; i < 20; i++)
		(void)renewals_offer(renewals, user("alice"), "hunter2", 7,
		    &cheap);
	return NULL;
}

START_TEST(several_threads_may_offer_at_once)
{
	struct channel_message message;
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, offer_some,
		    NULL), 0);
	for (int i = 0; i < 80; i++) {
		ck_assert_int_eq(channel_receive(fds[0], CHANNEL_TO_MONITOR,
		    &message), STATUS_OK);
		ck_assert_int_eq(message.type, CHANNEL_RENEW);
		channel_message_clear(&message);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_foreign_hash_is_replaced_by_one_of_the_same_password,
		a_hash_of_our_own_stays,
		what_was_made_here_is_known,
		the_last_few_are_known_and_older_ones_forgotten,
		a_monitor_that_is_gone_does_no_harm,
		several_threads_may_offer_at_once,
		NULL
	};

	return check_main("renewals", tests, set_up, tear_down);
}
