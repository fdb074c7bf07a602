/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "face_support.h"

START_TEST(a_put_before_the_login_is_refused_with_all_its_frames)
{
	say_hello(&talk);
	say_file(&talk, 1, "a", "text", 0);
	say_login(&talk, 2, "alice", "hunter2");
	must_settle("HELLO 0, ERROR 1 login-needed, OK 2");
}
END_TEST

START_TEST(the_error_of_a_put_waits_for_the_puts_before_it)
{
	log_in("alice");
	say_file(&talk, 2, "a", "text", 0);
	say_file(&talk, 3, "nowhere/b", "text", 0);
	say_file(&talk, 4, "c", "text", 0);
	must_settle("OK 2, ERROR 3 not-found, OK 4");
}
END_TEST

START_TEST(a_chained_put_is_skipped_behind_one_that_could_not_begin)
{
	log_in("alice");
	say_file(&talk, 2, "a", "text", 0);
	say_file(&talk, 3, "nowhere/b", "text", FT1_CHAINED);
	say_file(&talk, 4, "c", "text", FT1_CHAINED);
	say_file(&talk, 5, "d", "text", 0);
	must_settle("OK 2, ERROR 3 not-found, ERROR 4 skipped, OK 5");
	ck_assert(!is_there("c"));
}
END_TEST

START_TEST(a_chained_put_is_skipped_behind_one_that_failed_on_its_way)
{
	log_in("alice");
	say_file(&talk, 2, "a", "text", 0);
	say_put(&talk, 3, "b", 2, 0);
	say_data(&talk, 3, 0, "text", 4);
	say_commit(&talk, 3, "text", 4);
	say_file(&talk, 4, "c", "text", FT1_CHAINED);
	must_settle("OK 2, ERROR 3 size, ERROR 4 skipped");
	ck_assert(is_there("a"));
	ck_assert(!is_there("b"));
	ck_assert(!is_there("c"));
}
END_TEST

START_TEST(a_put_that_is_not_understood_is_answered_in_its_turn)
{
	struct said said;

	log_in("alice");
	say_file(&talk, 2, "a", "text", 0);
	said_begin(&said, FT1_PUT, 3, 0);
	ft1_put_string(&said.frame, FT1_TAG_PATH, "b");
	ft1_put_string(&said.frame, FT1_TAG_TEXT, "what is this");
	said_end(&said, &talk);
	say_data(&talk, 3, 0, "text", 4);
	say_commit(&talk, 3, "text", 4);
	say_file(&talk, 4, "c", "text", FT1_CHAINED);
	must_settle("OK 2, ERROR 3 unsupported, ERROR 4 skipped");
}
END_TEST

START_TEST(a_put_without_the_right_is_answered_in_its_turn)
{
	log_in("alice");
	say_file(&talk, 2, "a", "text", 0);
	while (talk_turn(&talk, TALK_ROOM, false))
		continue;
	serving_set_users(&serving, "alice:" SERVING_HASH ":rights=read\n");
	say_file(&talk, 3, "b", "text", 0);
	must_settle("OK 2, ERROR 3 not-permitted");
}
END_TEST

START_TEST(a_failure_within_an_upload_waits_for_room)
{
	log_in("alice");
	say_put(&talk, 2, "a", 3, 0);
	say_data(&talk, 2, 0, "text", 4);
	talk.in_len -= 2;
	while (talk_turn(&talk, TALK_ROOM, false))
		continue;
	talk_send(&talk, "xt", 2);
	for (size_t room = 0; room < 8192; room += 64)
		talk_turn(&talk, room, false);
	must_hear("");
	say_commit(&talk, 2, "text", 4);
	must_settle("ERROR 2 size");
}
END_TEST

START_TEST(nothing_else_may_come_within_an_upload)
{
	log_in("alice");
	say_put(&talk, 2, "a", 4, 0);
	say_nothing(&talk, FT1_PING, 3);
	say_nothing(&talk, FT1_PWD, 4);
	must_settle("OK 3, ERROR 0 protocol");
}
END_TEST

START_TEST(an_upload_can_be_cancelled_and_given_up)
{
	log_in("alice");
	say_put(&talk, 2, "a", 4, 0);
	say_nothing(&talk, FT1_CANCEL, 2);
	say_data(&talk, 2, 0, "text", 4);
	say_commit(&talk, 2, "text", 4);
	say_put(&talk, 3, "b", 4, 0);
	say_data(&talk, 3, 0, "text", 4);
	say_nothing(&talk, FT1_ABORT, 3);
	must_settle("ERROR 2 cancelled, ERROR 3 cancelled");
	ck_assert(!is_there("a"));
	ck_assert(!is_there("b"));
}
END_TEST

START_TEST(a_server_that_stops_lets_uploads_end)
{
	log_in("alice");
	say_put(&talk, 2, "a", 4, 0);
	must_settle("");
	talk.face->ops->stop(talk.face, STATUS_STOPPING);
	talk_settle(&talk);
	ck_assert(!talk.has_ended);
	say_data(&talk, 2, 0, "text", 4);
	say_commit(&talk, 2, "text", 4);
	say_nothing(&talk, FT1_PWD, 3);
	must_settle("OK 2, ERROR 0 stopping");
	ck_assert(talk.has_ended);
}
END_TEST

START_TEST(a_timeout_ends_an_upload)
{
	log_in("alice");
	say_put(&talk, 2, "a", 4, 0);
	say_data(&talk, 2, 0, "te", 2);
	talk_settle(&talk);
	ck_assert_int_eq(talk.face->ops->mood(talk.face), FACE_MOVING);
	talk.face->ops->stop(talk.face, STATUS_TIMEOUT);
	must_settle("ERROR 0 timeout");
	ck_assert_uint_eq(serving_stages(&serving), 0);
}
END_TEST

START_TEST(few_stages_are_open_at_a_time)
{
	char path[16];

	log_in("alice");
	for (uint32_t i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "f%u", i);
		say_file(&talk, 2 + i, path, "text", 0);
		while (talk_turn(&talk, TALK_ROOM, false))
			ck_assert_uint_le(serving_stages(&serving), 101);
	}
	talk_settle(&talk);
	for (uint32_t i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "f%u", i);
		ck_assert(is_there(path));
	}
	ck_assert_ptr_null(strstr(heard(&talk), "ERROR"));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_put_before_the_login_is_refused_with_all_its_frames,
		the_error_of_a_put_waits_for_the_puts_before_it,
		a_chained_put_is_skipped_behind_one_that_could_not_begin,
		a_chained_put_is_skipped_behind_one_that_failed_on_its_way,
		a_put_that_is_not_understood_is_answered_in_its_turn,
		a_put_without_the_right_is_answered_in_its_turn,
		a_failure_within_an_upload_waits_for_room,
		nothing_else_may_come_within_an_upload,
		an_upload_can_be_cancelled_and_given_up,
		a_server_that_stops_lets_uploads_end,
		a_timeout_ends_an_upload,
		few_stages_are_open_at_a_time,
		NULL
	};

	return check_main("FT/1 puts", tests, set_up, tear_down);
}
