/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "face_support.h"

START_TEST(requests_are_answered_in_their_order)
{
	log_in("alice");
	say_path(&talk, FT1_MKDIR, 2, "a");
	say_file(&talk, 3, "a/b", "text", 0);
	say_file(&talk, 4, "a/c", "", 0);
	say_path(&talk, FT1_LIST, 5, "a");
	say_path(&talk, FT1_RM, 6, "a/b");
	say_path(&talk, FT1_GET, 7, "a/b");
	say_nothing(&talk, FT1_PWD, 8);
	must_settle("OK 2, OK 3, OK 4, ENTRIES 5, OK 5, OK 6, "
	    "ERROR 7 not-found, OK 8");
}
END_TEST

START_TEST(a_turn_that_is_over_leaves_requests_to_the_next)
{
	size_t left;

	log_in("alice");
	talk.ends = 1;	/* long ago: one frame, and no more */
	say_path(&talk, FT1_MKDIR, 2, "a");
	left = talk.in_len;
	say_file(&talk, 3, "a/b", "text", 0);
	say_path(&talk, FT1_GET, 4, "a/b");
	say_path(&talk, FT1_STAT, 5, "a");
	left = talk.in_len - left;
	ck_assert(talk_turn(&talk, TALK_ROOM, true));
	ck_assert_uint_eq(talk.in_len, left);
	must_settle("OK 2, OK 3, BEGUN 4, DATA 4, OK 4, OK 5");
}
END_TEST

START_TEST(bytes_may_come_one_by_one)
{
	struct talk slow;

	log_in("alice");
	say_file(&talk, 2, "a", "text", 0);
	say_path(&talk, FT1_GET, 3, "a");
	talk_begin(&slow, &serving);
	say_hello(&slow);
	say_login(&slow, 1, "alice", "hunter2");
	talk_send(&slow, talk.in, talk.in_len);
	talk_end(&talk);
	talk_begin(&talk, &serving);
	for (size_t i = 0; i < slow.in_len; i++) {
		talk_send(&talk, slow.in + i, 1);
		while (talk_turn(&talk, TALK_ROOM, false))
			continue;
	}
	talk_end(&slow);
	must_settle("HELLO 0, OK 1, OK 2, BEGUN 3, DATA 3, OK 3");
}
END_TEST

START_TEST(who_is_asked_for_a_password_may_answer)
{
	struct said said;

	say_hello(&talk);
	say_login(&talk, 1, "alice", NULL);
	must_settle("HELLO 0, CHALLENGE 1");
	said_begin(&said, FT1_RESPONSE, 1, 0);
	ft1_put_string(&said.frame, FT1_TAG_RESPONSE, "hunter2");
	said_end(&said, &talk);
	say_nothing(&talk, FT1_PWD, 2);
	must_settle("OK 1, OK 2");
}
END_TEST

START_TEST(no_password_stays_in_the_input)
{
	size_t len;

	say_hello(&talk);
	say_login(&talk, 1, "alice", "hunter2");
	len = talk.in_len;
	ck_assert_ptr_nonnull(memmem(talk.in, len, "hunter2", 7));
	must_settle("HELLO 0, OK 1");
	ck_assert_ptr_null(memmem(talk.in, len, "hunter2", 7));
}
END_TEST

START_TEST(a_connection_has_three_tries)
{
	say_hello(&talk);
	say_login(&talk, 1, "alice", "wrong");
	say_login(&talk, 2, "nobody", "hunter2");
	say_login(&talk, 3, "alice", "");
	say_login(&talk, 4, "alice", "hunter2");
	must_settle("HELLO 0, ERROR 1 login-refused, ERROR 2 login-refused, "
	    "ERROR 3 login-refused, ERROR 0 login-refused");
	ck_assert(talk.has_ended);
}
END_TEST

START_TEST(requests_before_the_login_are_refused_and_counted)
{
	say_hello(&talk);
	for (uint32_t id = 1; id <= 8; id++)
		say_nothing(&talk, FT1_PWD, id);
	talk_settle(&talk);
	ck_assert(!talk.has_ended);
	talk.out_len = 0;
	say_nothing(&talk, FT1_PWD, 9);
	must_settle("ERROR 0 protocol");
	ck_assert(talk.has_ended);
}
END_TEST

START_TEST(ids_of_requests_must_ascend)
{
	log_in("alice");
	say_nothing(&talk, FT1_PWD, 5);
	say_nothing(&talk, FT1_PWD, 5);
	must_settle("OK 5, ERROR 0 protocol");
}
END_TEST

START_TEST(a_chained_request_is_skipped_behind_a_failure)
{
	struct said said;

	log_in("alice");
	say_path(&talk, FT1_RM, 2, "nowhere");
	said_begin(&said, FT1_PWD, 3, FT1_CHAINED);
	said_end(&said, &talk);
	say_nothing(&talk, FT1_PWD, 4);
	must_settle("ERROR 2 not-found, ERROR 3 skipped, OK 4");
}
END_TEST

START_TEST(a_ping_overtakes_a_get)
{
	log_in("alice");
	stall(2);
	say_nothing(&talk, FT1_PWD, 3);
	say_nothing(&talk, FT1_PING, 4);
	talk_turn(&talk, 9000, true);
	ck_assert_ptr_nonnull(strstr(heard(&talk), "OK 4"));
	ck_assert_ptr_null(strstr(heard(&talk), "OK 2"));
	talk.out_len = 0;
	must_settle("DATA 2, OK 2, OK 3");
}
END_TEST

START_TEST(a_request_that_waits_can_be_cancelled)
{
	log_in("alice");
	stall(2);
	say_path(&talk, FT1_MKDIR, 3, "a");
	say_nothing(&talk, FT1_CANCEL, 3);
	say_path(&talk, FT1_MKDIR, 4, "b");
	say_nothing(&talk, FT1_CANCEL, 99);
	must_settle("DATA 2, OK 2, ERROR 3 cancelled, OK 4");
	ck_assert(!is_there("a"));
	ck_assert(is_there("b"));
}
END_TEST

START_TEST(a_get_can_be_cancelled_while_it_flows)
{
	log_in("alice");
	stall(2);
	say_nothing(&talk, FT1_CANCEL, 2);
	say_nothing(&talk, FT1_PWD, 3);
	must_settle("ERROR 2 cancelled, OK 3");
}
END_TEST

START_TEST(a_user_who_is_locked_is_out_at_the_next_request)
{
	log_in("alice");
	say_nothing(&talk, FT1_PWD, 2);
	must_settle("OK 2");
	serving_set_users(&serving, "alice:" SERVING_HASH ":locked=yes\n");
	say_nothing(&talk, FT1_PWD, 3);
	say_nothing(&talk, FT1_PWD, 4);
	must_settle("ERROR 3 login-refused, ERROR 0 login-refused");
}
END_TEST

START_TEST(a_client_cannot_send_the_marks_of_what_was_served)
{
	log_in("alice");
	say_nothing(&talk, 0xff, 2);
	must_settle("ERROR 0 protocol");
	talk_end(&talk);
	talk_begin(&talk, &serving);
	say_hello(&talk);
	say_nothing(&talk, 0xfe, 2);
	must_settle("HELLO 0, ERROR 0 protocol");
	talk_end(&talk);
	talk_begin(&talk, &serving);
	log_in("alice");
	stall(2);
	say_nothing(&talk, 0xff, 3);
	talk_turn(&talk, 9000, true);
	talk_settle(&talk);
	ck_assert(talk.has_ended);
}
END_TEST

START_TEST(what_was_looked_at_behind_a_get_is_not_looked_for_again)
{
	static const char bytes[4000];

	log_in("alice");
	stall(2);
	/* Whole frames behind the get, then a part of one. */
	say_put(&talk, 3, "a", 8000, 0);
	say_data(&talk, 3, 0, bytes, 4000);
	say_data(&talk, 3, 4000, bytes, 4000);
	talk.in_len -= 3000;
	talk_turn(&talk, 9000, true);
	talk_settle(&talk);
	talk.out_len = 0;
	/* Now much less stands behind another one. */
	talk_send(&talk, bytes, 3000);
	say_nothing(&talk, FT1_ABORT, 3);
	must_settle("ERROR 3 cancelled");
	stall(4);
	say_nothing(&talk, FT1_PING, 5);
	talk_turn(&talk, 9000, true);
	ck_assert_ptr_nonnull(strstr(heard(&talk), "OK 5"));
}
END_TEST

START_TEST(who_is_one_too_many_is_told_so)
{
	talk.client.is_surplus = true;
	say_hello(&talk);
	say_login(&talk, 1, "alice", "hunter2");
	must_settle("HELLO 0, ERROR 0 busy");
	ck_assert(talk.has_ended);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		requests_are_answered_in_their_order,
		a_turn_that_is_over_leaves_requests_to_the_next,
		bytes_may_come_one_by_one,
		who_is_asked_for_a_password_may_answer,
		no_password_stays_in_the_input,
		a_connection_has_three_tries,
		requests_before_the_login_are_refused_and_counted,
		ids_of_requests_must_ascend,
		a_chained_request_is_skipped_behind_a_failure,
		a_ping_overtakes_a_get,
		a_request_that_waits_can_be_cancelled,
		a_get_can_be_cancelled_while_it_flows,
		a_user_who_is_locked_is_out_at_the_next_request,
		a_client_cannot_send_the_marks_of_what_was_served,
		what_was_looked_at_behind_a_get_is_not_looked_for_again,
		who_is_one_too_many_is_told_so,
		NULL
	};

	return check_main("the FT/1 face", tests, set_up, tear_down);
}
