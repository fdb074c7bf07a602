/* SPDX-License-Identifier: ISC */
/* get-tree by a stub face. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check_main.h"
#include "stub_face.h"

#define BIG 100000

static struct desk desk;

static void
set_up(void)
{
	desk_open(&desk, DURABILITY_COMMIT);
	store_mkdir(&desk.store, "t");
}

static void
tear_down(void)
{
	desk_close(&desk);
}

static void
put_big(const char *name)
{
	static char big[BIG + 1];

	memset(big, 'b', BIG);
	store_put(&desk.store, name, big);
}

/* Until the first file is on its way: a pull may end by its time first. */
static void
pull_some_of_a_file(void)
{
	do
		ck_assert(desk_pull(&desk));
	while (desk.face.received == 0);
}

START_TEST(it_tells_all_below_and_not_the_folder_itself)
{
	store_mkdir(&desk.store, "t/d");
	store_put(&desk.store, "t/d/f", "text");
	store_put(&desk.store, "t/empty", "");
	store_link(&desk.store, "../t", "t/l");
	ck_assert_int_eq(mkfifoat(base_fd(desk.store.base), "t/p", 0600), 0);
	store_put(&desk.store, "beside", "text");
	ck_assert_int_eq(desk_do(&desk, VERB_GET_TREE, "t"), STATUS_OK);
	ck_assert_uint_eq(desk.face.entry_count, 5);
	ck_assert(desk_lists(&desk, "dd"));
	ck_assert(desk_lists(&desk, "fd/f"));
	ck_assert(desk_lists(&desk, "fempty"));
	ck_assert(desk_lists(&desk, "ll"));
	ck_assert(desk_lists(&desk, "op"));
	ck_assert_uint_eq(desk.face.outcome.count, 5);
	ck_assert_uint_eq(desk.face.outcome.size, 4);
	ck_assert_uint_eq(desk.face.received, 4);
}
END_TEST

START_TEST(a_large_file_is_its_entry_data_and_an_end)
{
	put_big("t/f");
	ck_assert_int_eq(desk_do(&desk, VERB_GET_TREE, "t"), STATUS_OK);
	ck_assert_uint_eq(desk.face.entry_count, 2);
	ck_assert_str_eq(desk.face.entries[0], "ff");
	ck_assert_str_eq(desk.face.entries[1], "=");
	ck_assert_uint_eq(desk.face.received, BIG);
	ck_assert_uint_eq(desk.face.content[BIG - 1], 'b');
	ck_assert_uint_eq(desk.face.outcome.count, 1);
}
END_TEST

START_TEST(it_waits_for_room_and_forgets_nothing)
{
	struct request request = desk_request(VERB_GET_TREE, "t");
	unsigned int pulls = 1;
	char name[16];

	for (int i = 0; i < 35; i++) {
		snprintf(name, sizeof(name), "t/f%d", i);
		store_put(&desk.store, name, "text");
	}
	desk_run(&desk, &request);
	while (desk_pull(&desk))
		pulls++;
	ck_assert_uint_ge(pulls, 4);
	ck_assert_uint_eq(desk.face.outcome.count, 35);
	ck_assert_uint_eq(desk.face.received, 35 * 4);
}
END_TEST

START_TEST(what_is_locked_is_told_and_the_rest_goes_on)
{
	struct holder holder;

	store_put(&desk.store, "t/f", "text");
	store_put(&desk.store, "t/g", "text");
	put_big("t/h");
	holder_begin(&holder, &desk.store, "t/f", classic(F_WRLCK, 0, 0));
	ck_assert_int_eq(desk_do(&desk, VERB_GET_TREE, "t"), STATUS_OK);
	holder_end(&holder);
	ck_assert(desk_lists(&desk, "!f"));
	ck_assert(desk_lists(&desk, "fg"));
	ck_assert(desk_lists(&desk, "="));
	ck_assert_uint_eq(desk.face.outcome.count, 2);
	ck_assert_uint_eq(desk.face.outcome.size, BIG + 4);
}
END_TEST

START_TEST(what_changes_meanwhile_is_told)
{
	struct request request = desk_request(VERB_GET_TREE, "t");
	int fd;

	put_big("t/f");
	desk_run(&desk, &request);
	pull_some_of_a_file();
	fd = openat(base_fd(desk.store.base), "t/f", O_WRONLY | O_APPEND);
	ck_assert_int_eq(write(fd, "more", 4), 4);
	close(fd);
	while (desk_pull(&desk))
		continue;
	ck_assert_int_eq(desk.face.st, STATUS_OK);
	ck_assert(desk_lists(&desk, "!f"));
	ck_assert(!desk_lists(&desk, "="));
	ck_assert_uint_eq(desk.face.outcome.size, 0);
}
END_TEST

START_TEST(a_lock_is_let_go_of_when_it_stalls)
{
	struct request request = desk_request(VERB_GET_TREE, "t");
	struct producer *producer;
	struct holder holder;

	put_big("t/f");
	desk_run(&desk, &request);
	pull_some_of_a_file();
	producer = desk.face.producer;
	producer->stalled(producer);
	holder_begin(&holder, &desk.store, "t/f", classic(F_WRLCK, 0, 0));
	while (desk_pull(&desk))
		continue;
	holder_end(&holder);
	ck_assert_uint_eq(desk.face.outcome.size, BIG);
}
END_TEST

START_TEST(it_can_be_given_up)
{
	struct request request = desk_request(VERB_GET_TREE, "t");

	put_big("t/f");
	desk_run(&desk, &request);
	pull_some_of_a_file();
}
END_TEST

START_TEST(only_a_folder_is_a_tree)
{
	store_put(&desk.store, "f", "text");
	ck_assert_int_eq(desk_do(&desk, VERB_GET_TREE, "f"),
	    STATUS_NOT_A_FOLDER);
	ck_assert_int_eq(desk_do(&desk, VERB_GET_TREE, "none"),
	    STATUS_NOT_FOUND);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		it_tells_all_below_and_not_the_folder_itself,
		a_large_file_is_its_entry_data_and_an_end,
		it_waits_for_room_and_forgets_nothing,
		what_is_locked_is_told_and_the_rest_goes_on,
		what_changes_meanwhile_is_told,
		a_lock_is_let_go_of_when_it_stalls,
		it_can_be_given_up,
		only_a_folder_is_a_tree,
		NULL
	};

	return check_main("handlers_get_tree", tests, set_up, tear_down);
}
