/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "ticket.h"
#include "users_support.h"

#define NOW 1800000000u
#define ALICE "alice:" CHEAP_HASH ":"
#define LONG_NAME "a234567890123456789012345678901234567890" \
    "123456789012345678901234"

static struct ticket_keys keys;
static struct ticket_rules rules;
static struct users *users;
static struct ticket_holder holder;
static uint8_t ticket[TICKET_MAX];
static size_t len;

static void
set_users(const char *text)
{
	users_unref(users);
	ck_assert_int_eq(users_parse(&users, text, strlen(text), "F", NULL),
	    STATUS_OK);
}

static void
setup(void)
{
	make_folder();
	set_users(ALICE "\nbob:" CHEAP_HASH ":\n");
	ck_assert_int_eq(ticket_keys_generate(&keys), STATUS_OK);
	rules = (struct ticket_rules){ .keys = &keys, .now = NOW,
	    .login_lifetime = 8 * 3600 };
	holder = (struct ticket_holder){ .user = users_at(users, 0),
	    .login_time = NOW, .expires = NOW + TICKET_LIFE };
	ck_assert_int_eq(ticket_make(ticket, &len, &rules, &holder),
	    STATUS_OK);
}

static void
teardown(void)
{
	users_unref(users);
	users = NULL;
	remove_folder();
}

static enum status
check(void)
{
	struct ticket_holder found;
	enum status st;

	st = ticket_check(&found, users, &rules, ticket, len);
	if (st == STATUS_OK)
		holder = found;
	else
		ck_assert_ptr_null(found.user);
	return st;
}

START_TEST(a_ticket_names_its_user_and_the_time_of_the_login)
{
	ck_assert_uint_le(len, TICKET_MAX);
	rules.now += 599;
	ck_assert_int_eq(check(), STATUS_OK);
	ck_assert_str_eq(holder.user->name, "alice");
	ck_assert_uint_eq(holder.login_time, NOW);
	ck_assert_uint_eq(holder.expires, NOW + TICKET_LIFE);
}
END_TEST

START_TEST(the_longest_name_fits)
{
	set_users(LONG_NAME ":" CHEAP_HASH ":\n");
	holder.user = users_at(users, 0);
	ck_assert_int_eq(ticket_make(ticket, &len, &rules, &holder),
	    STATUS_OK);
	ck_assert_int_eq(check(), STATUS_OK);
	ck_assert_str_eq(holder.user->name, LONG_NAME);
}
END_TEST

START_TEST(a_ticket_expires)
{
	rules.now = NOW + TICKET_LIFE;
	ck_assert_int_eq(check(), STATUS_LOGIN_REFUSED);
	rules.now = UINT64_MAX;
	ck_assert_int_eq(check(), STATUS_LOGIN_REFUSED);
}
END_TEST

START_TEST(no_ticket_outlives_the_login)
{
	rules.now = NOW + 8 * 3600 - 10;
	holder.expires = rules.now + TICKET_LIFE;
	ck_assert_int_eq(ticket_make(ticket, &len, &rules, &holder),
	    STATUS_OK);
	ck_assert_int_eq(check(), STATUS_OK);
	ck_assert_uint_eq(holder.expires, NOW + 8 * 3600);
	rules.now = NOW + 8 * 3600;
	ck_assert_int_eq(check(), STATUS_LOGIN_REFUSED);
	ck_assert_int_eq(ticket_make(ticket, &len, &rules, &holder),
	    STATUS_LOGIN_REFUSED);
	ck_assert_uint_eq(len, 0);
}
END_TEST

START_TEST(a_shorter_login_lifetime_holds_for_old_tickets_too)
{
	rules.now = NOW + 100;
	rules.login_lifetime = 60;
	ck_assert_int_eq(check(), STATUS_LOGIN_REFUSED);
}
END_TEST

START_TEST(a_login_in_the_future_is_none)
{
	rules.now = NOW - TICKET_SKEW;
	ck_assert_int_eq(check(), STATUS_OK);
	rules.now = NOW - TICKET_SKEW - 1;
	ck_assert_int_eq(check(), STATUS_LOGIN_REFUSED);
}
END_TEST

START_TEST(any_change_to_the_users_line_voids_the_ticket)
{
	static const char *const files[] = {
		"", "bob:" CHEAP_HASH ":\n", ALICE "rights=read\n",
		ALICE "locked=yes\n", ALICE "locked=no\n",
		"alice:" CHEAP_HASH "\n",
	};
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		set_users(files[i]);
		ck_assert_int_eq(check(), STATUS_LOGIN_REFUSED);
	}
	/* A change to another line does not. */
	set_users("# moved\n\nbob:" CHEAP_HASH ":locked=yes\n" ALICE "\n");
	ck_assert_int_eq(check(), STATUS_OK);
}
END_TEST

START_TEST(a_locked_user_gets_nowhere_by_a_ticket)
{
	set_users(ALICE "locked=yes\n");
	holder.user = users_at(users, 0);
	ck_assert_int_eq(ticket_make(ticket, &len, &rules, &holder),
	    STATUS_OK);
	ck_assert_int_eq(check(), STATUS_LOGIN_REFUSED);
}
END_TEST

START_TEST(each_flipped_bit_is_noticed)
{
	size_t i;

	for (i = 0; i < 8 * len; i++) {
		ticket[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert_msg(check() == STATUS_LOGIN_REFUSED, "bit %zu", i);
		ticket[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	ck_assert_int_eq(check(), STATUS_OK);
}
END_TEST

START_TEST(no_other_length_is_taken)
{
	uint8_t *copy;
	size_t i;

	for (i = 0; i <= TICKET_MAX + 1; i++) {
		if (i == len)
			continue;
		ck_assert_ptr_nonnull(copy = calloc(1, i + 1));
		memcpy(copy, ticket, i < len ? i : len);
		ck_assert_int_eq(ticket_check(&holder, users, &rules, copy, i),
		    STATUS_LOGIN_REFUSED);
		free(copy);
	}
}
END_TEST

START_TEST(all_refusals_read_alike)
{
	char text[256];

	ticket[0] ^= 1;
	ck_assert_int_eq(check(), STATUS_LOGIN_REFUSED);
	strcpy(text, status_text(STATUS_LOGIN_REFUSED));
	ticket[0] ^= 1;
	rules.now += TICKET_LIFE;
	ck_assert_int_eq(check(), STATUS_LOGIN_REFUSED);
	ck_assert_str_eq(text, status_text(STATUS_LOGIN_REFUSED));
}
END_TEST

START_TEST(old_keys_stay_good_for_three_rotations)
{
	int i;

	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(ticket_keys_rotate(&keys), STATUS_OK);
		ck_assert_int_eq(check(), STATUS_OK);
	}
	ck_assert_uint_eq(keys.count, TICKET_KEYS_MAX);
	ck_assert_int_eq(ticket_keys_rotate(&keys), STATUS_OK);
	ck_assert_uint_eq(keys.count, TICKET_KEYS_MAX);
	ck_assert_int_eq(check(), STATUS_LOGIN_REFUSED);
}
END_TEST

START_TEST(new_tickets_are_made_with_the_newest_key)
{
	ck_assert_int_eq(ticket_keys_rotate(&keys), STATUS_OK);
	ck_assert_int_eq(ticket_make(ticket, &len, &rules, &holder),
	    STATUS_OK);
	keys.count = 1;
	ck_assert_int_eq(check(), STATUS_OK);
}
END_TEST

START_TEST(a_ticket_of_another_server_is_refused)
{
	ck_assert_int_eq(ticket_keys_generate(&keys), STATUS_OK);
	ck_assert_int_eq(check(), STATUS_LOGIN_REFUSED);
}
END_TEST

START_TEST(keys_are_written_and_read)
{
	char text[TICKET_KEYS_TEXT_MAX], path[100];
	struct ticket_keys again;

	ck_assert_int_eq(ticket_keys_rotate(&keys), STATUS_OK);
	ck_assert_int_eq(ticket_keys_rotate(&keys), STATUS_OK);
	ck_assert_int_eq(ticket_keys_rotate(&keys), STATUS_OK);
	ticket_keys_format(text, &keys);
	ck_assert_int_eq(ticket_keys_parse(&again, text, strlen(text), "K"),
	    STATUS_OK);
	ck_assert_mem_eq(&again, &keys, sizeof(keys));
	snprintf(path, sizeof(path), "%s/keys", folder);
	put_text(path, text, 0600);
	ck_assert_int_eq(ticket_keys_read(&again, path), STATUS_OK);
	ck_assert_mem_eq(&again, &keys, sizeof(keys));
	ck_assert_int_eq(chmod(path, 0640), 0);
	ck_assert_int_eq(ticket_keys_read(&again, path), STATUS_CONFIG);
	ck_assert(text_has(STATUS_CONFIG, "chmod 600"));
	ck_assert_uint_eq(again.count, 0);
}
END_TEST

START_TEST(a_broken_key_file_is_refused_by_line)
{
	char text[5 * 161 + 64], one[TICKET_KEYS_TEXT_MAX];
	struct ticket_keys out;

	keys.count = 1;
	ticket_keys_format(one, &keys);
	snprintf(text, sizeof(text), "# keys\n\n%.161s", one);
	ck_assert_int_eq(ticket_keys_parse(&out, text, strlen(text), "K"),
	    STATUS_OK);
	/* without its newline, without a digit, with a wrong one, twice */
	ck_assert_int_eq(ticket_keys_parse(&out, text, strlen(text) - 1, "K"),
	    STATUS_CONFIG);
	ck_assert(text_has(STATUS_CONFIG, "K:3: the last line does not end"));
	ck_assert_int_eq(ticket_keys_parse(&out, one + 1, 160, "K"),
	    STATUS_CONFIG);
	ck_assert(text_has(STATUS_CONFIG, "K:1: a key has 160"));
	snprintf(text, sizeof(text), "%.161s%.161s", one, one);
	ck_assert_int_eq(ticket_keys_parse(&out, text, strlen(text), "K"),
	    STATUS_CONFIG);
	ck_assert(text_has(STATUS_CONFIG, "K:2: this key"));
	one[80] = 'g';
	ck_assert_int_eq(ticket_keys_parse(&out, one, 161, "K"),
	    STATUS_CONFIG);
	ck_assert_int_eq(ticket_keys_parse(&out, "#\n", 2, "K"),
	    STATUS_CONFIG);
	ck_assert(text_has(STATUS_CONFIG, "there is no key"));
	ck_assert_uint_eq(out.count, 0);
}
END_TEST

START_TEST(a_fifth_key_is_refused)
{
	char text[5 * 161 + 1] = "", one[TICKET_KEYS_TEXT_MAX];
	struct ticket_keys out;
	int i;

	for (i = 0; i < 5; i++) {
		ck_assert_int_eq(ticket_keys_generate(&keys), STATUS_OK);
		ticket_keys_format(one, &keys);
		strcat(text, one);
	}
	ck_assert_int_eq(ticket_keys_parse(&out, text, 5 * 161, "K"),
	    STATUS_CONFIG);
	ck_assert(text_has(STATUS_CONFIG, "K:5: at most 4 keys"));
	ck_assert_int_eq(ticket_keys_parse(&out, text, 4 * 161, "K"),
	    STATUS_OK);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ticket");
	TCase *tc = tcase_create("ticket");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc,
	    a_ticket_names_its_user_and_the_time_of_the_login);
	tcase_add_test(tc, the_longest_name_fits);
	tcase_add_test(tc, a_ticket_expires);
	tcase_add_test(tc, no_ticket_outlives_the_login);
	tcase_add_test(tc,
	    a_shorter_login_lifetime_holds_for_old_tickets_too);
	tcase_add_test(tc, a_login_in_the_future_is_none);
	tcase_add_test(tc, any_change_to_the_users_line_voids_the_ticket);
	tcase_add_test(tc, a_locked_user_gets_nowhere_by_a_ticket);
	tcase_add_test(tc, each_flipped_bit_is_noticed);
	tcase_add_test(tc, no_other_length_is_taken);
	tcase_add_test(tc, all_refusals_read_alike);
	tcase_add_test(tc, old_keys_stay_good_for_three_rotations);
	tcase_add_test(tc, new_tickets_are_made_with_the_newest_key);
	tcase_add_test(tc, a_ticket_of_another_server_is_refused);
	tcase_add_test(tc, keys_are_written_and_read);
	tcase_add_test(tc, a_broken_key_file_is_refused_by_line);
	tcase_add_test(tc, a_fifth_key_is_refused);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
