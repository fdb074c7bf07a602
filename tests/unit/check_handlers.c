/* SPDX-License-Identifier: ISC */
/* Handlers that answer at once, and what each user may do, by a stub face. */
#include "config.h"

#include <string.h>

#include "check_main.h"
#include "stub_face.h"

static struct desk desk;

static void
set_up(void)
{
	desk_open(&desk, DURABILITY_COMMIT);
}

static void
tear_down(void)
{
	desk_close(&desk);
}

static enum status
move(const char *path, const char *target)
{
	struct request request = desk_request(VERB_MV, path);

	request.target.at = target;
	request.target.len = strlen(target);
	return desk_ask(&desk, &request);
}

START_TEST(pwd_tells_the_current_folder)
{
	ck_assert_int_eq(desk_do(&desk, VERB_PWD, NULL), STATUS_OK);
	ck_assert(desk.face.has_path);
	ck_assert_str_eq(desk.face.path, "/");
}
END_TEST

START_TEST(cd_changes_the_current_folder)
{
	store_mkdir(&desk.store, "a");
	store_mkdir(&desk.store, "a/b");
	ck_assert_int_eq(desk_do(&desk, VERB_CD, "a//./b"), STATUS_OK);
	ck_assert_str_eq(desk.face.path, "/a/b");
	ck_assert_str_eq(desk.cwd, "/a/b");
	ck_assert_int_eq(desk_do(&desk, VERB_PWD, NULL), STATUS_OK);
	ck_assert_str_eq(desk.face.path, "/a/b");
	ck_assert_int_eq(desk_do(&desk, VERB_CD, "../../../.."), STATUS_OK);
	ck_assert_str_eq(desk.cwd, "/");
}
END_TEST

START_TEST(cd_stays_where_it_was_when_it_fails)
{
	store_put(&desk.store, "f", "");
	ck_assert_int_eq(desk_do(&desk, VERB_CD, "nowhere"),
	    STATUS_NOT_FOUND);
	ck_assert_int_eq(desk_do(&desk, VERB_CD, "f"), STATUS_NOT_A_FOLDER);
	ck_assert_int_ne(desk_do(&desk, VERB_CD, BASE_PRIVATE), STATUS_OK);
	ck_assert_str_eq(desk.cwd, "/");
}
END_TEST

START_TEST(mkdir_makes_a_folder_below_the_current_one)
{
	struct request request = desk_request(VERB_MKDIR, "b");

	store_mkdir(&desk.store, "a");
	strcpy(desk.cwd, "/a");
	request.has_mode = true;
	request.mode = 0750;
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_OK);
	ck_assert_uint_eq(store_mode(&desk.store, "a/b"), 0750);
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_EXISTS);
	ck_assert_int_eq(desk_do(&desk, VERB_MKDIR, "x/y"),
	    STATUS_NOT_FOUND);
}
END_TEST

START_TEST(rmdir_removes_an_empty_folder)
{
	store_mkdir(&desk.store, "a");
	store_put(&desk.store, "a/f", "");
	ck_assert_int_eq(desk_do(&desk, VERB_RMDIR, "a"), STATUS_NOT_EMPTY);
	ck_assert_int_eq(desk_do(&desk, VERB_RM, "a/f"), STATUS_OK);
	ck_assert_int_eq(desk_do(&desk, VERB_RMDIR, "a"), STATUS_OK);
	ck_assert(store_lacks(&desk.store, "a"));
	ck_assert_int_eq(desk_do(&desk, VERB_RMDIR, "a"), STATUS_NOT_FOUND);
	ck_assert_int_eq(desk_do(&desk, VERB_RMDIR, "/"),
	    STATUS_NOT_PERMITTED);
	ck_assert_int_eq(desk_do(&desk, VERB_RMDIR, BASE_PRIVATE),
	    STATUS_NOT_PERMITTED);
}
END_TEST

START_TEST(rm_removes_a_file_but_no_folder)
{
	store_mkdir(&desk.store, "a");
	store_put(&desk.store, "f", "");
	store_link(&desk.store, "f", "l");
	ck_assert_int_eq(desk_do(&desk, VERB_RM, "a"), STATUS_IS_A_FOLDER);
	ck_assert_int_eq(desk_do(&desk, VERB_RM, "l"), STATUS_OK);
	ck_assert(store_lacks(&desk.store, "l"));
	ck_assert_int_eq(desk_do(&desk, VERB_RM, "f"), STATUS_OK);
	ck_assert(store_lacks(&desk.store, "f"));
	ck_assert_int_eq(desk_do(&desk, VERB_RM, "f"), STATUS_NOT_FOUND);
}
END_TEST

START_TEST(rm_removes_only_the_version_that_is_meant)
{
	struct request request = desk_request(VERB_RM, "f");

	store_put(&desk.store, "f", "old");
	store_version(&desk.store, "f", request.version);
	request.if_version = true;
	store_put(&desk.store, "f", "newer");
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_PRECONDITION);
	store_version(&desk.store, "f", request.version);
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_OK);
	ck_assert(store_lacks(&desk.store, "f"));
}
END_TEST

START_TEST(rm_and_mv_respect_the_lock_of_another_program)
{
	struct holder holder;

	store_put(&desk.store, "f", "text");
	holder_begin(&holder, &desk.store, "f", classic(F_WRLCK, 0, 0));
	ck_assert_int_eq(desk_do(&desk, VERB_RM, "f"), STATUS_LOCKED);
	ck_assert_int_eq(move("f", "g"), STATUS_LOCKED);
	holder_end(&holder);
	ck_assert_int_eq(move("f", "g"), STATUS_OK);
}
END_TEST

START_TEST(mv_moves_and_replaces_files)
{
	struct request request = desk_request(VERB_MV, "b");

	store_put(&desk.store, "a", "1");
	store_put(&desk.store, "c", "2");
	store_mkdir(&desk.store, "d");
	ck_assert_int_eq(move("a", "b"), STATUS_OK);
	ck_assert(store_has(&desk.store, "b", "1"));
	request.target.at = "c";
	request.target.len = 1;
	request.taken = UPLOAD_REFUSE;
	ck_assert_int_eq(desk_ask(&desk, &request), STATUS_EXISTS);
	ck_assert_int_eq(move("b", "c"), STATUS_OK);
	ck_assert(store_has(&desk.store, "c", "1"));
	ck_assert_int_eq(move("c", "d"), STATUS_EXISTS);
	ck_assert_int_eq(move("c", "d/e"), STATUS_OK);
	ck_assert_int_eq(move("d", "d/f"), STATUS_BAD_REQUEST);
	ck_assert_int_eq(move("x", "y"), STATUS_NOT_FOUND);
}
END_TEST

START_TEST(mv_replaces_nothing_without_the_right_to_overwrite)
{
	store_put(&desk.store, "a", "1");
	store_put(&desk.store, "b", "2");
	desk.caller.rights &= ~(unsigned int)RIGHT_OVERWRITE;
	ck_assert_int_eq(move("a", "b"), STATUS_NOT_PERMITTED);
	ck_assert(store_has(&desk.store, "b", "2"));
	ck_assert_int_eq(move("a", "c"), STATUS_OK);
}
END_TEST

START_TEST(paths_that_cannot_be_are_refused_by_every_verb)
{
	struct request request;

	for (int verb = 0; verb < VERB_COUNT; verb++) {
		if (verb == VERB_PWD || verb == VERB_UPLOADS ||
		    verb == VERB_DISCARD || verb == VERB_TREE_COMMIT)
			continue;	/* they take none */
		request = desk_request((enum verb)verb, "a\0b");
		request.path.len = 3;
		request.target = request.path;
		ck_assert_int_eq(desk_ask(&desk, &request), STATUS_BAD_PATH);
	}
}
END_TEST

/* What each verb needs, one right after the other. */
START_TEST(each_verb_is_refused_without_its_right)
{
	static const struct {
		enum verb	 verb;
		unsigned int	 right;
	} needs[] = {
		{ VERB_LIST, RIGHT_LIST }, { VERB_STAT, RIGHT_LIST },
		{ VERB_GET, RIGHT_READ }, { VERB_PUT, RIGHT_WRITE },
		{ VERB_CD, RIGHT_LIST }, { VERB_MKDIR, RIGHT_MKDIR },
		{ VERB_RMDIR, RIGHT_DELETE }, { VERB_RM, RIGHT_DELETE },
		{ VERB_MV, RIGHT_RENAME }, { VERB_GET_TREE, RIGHT_LIST },
		{ VERB_GET_TREE, RIGHT_READ },
	};
	struct request request;

	store_put(&desk.store, "f", "text");
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		desk.caller.rights = RIGHTS_FULL & ~needs[i].right;
		request = desk_request(needs[i].verb, "f");
		request.target = request.path;
		ck_assert_int_eq(desk_ask(&desk, &request),
		    STATUS_NOT_PERMITTED);
		ck_assert_ptr_null(desk.face.consumer);
		ck_assert_uint_eq(desk.face.received, 0);
	}
	ck_assert(store_has(&desk.store, "f", "text"));
	desk.caller.rights = 0;
	ck_assert_int_eq(desk_do(&desk, VERB_PWD, NULL), STATUS_OK);
}
END_TEST

START_TEST(one_right_is_enough_where_one_is_needed)
{
	store_put(&desk.store, "f", "text");
	desk.caller.rights = RIGHT_READ;
	ck_assert_int_eq(desk_do(&desk, VERB_GET, "f"), STATUS_OK);
	desk.caller.rights = RIGHT_LIST;
	ck_assert_int_eq(desk_do(&desk, VERB_STAT, "f"), STATUS_OK);
	ck_assert_int_eq(desk_do(&desk, VERB_LIST, NULL), STATUS_OK);
	desk.caller.rights = RIGHT_RENAME;
	ck_assert_int_eq(move("f", "g"), STATUS_OK);
	desk.caller.rights = RIGHT_DELETE;
	ck_assert_int_eq(desk_do(&desk, VERB_RM, "g"), STATUS_OK);
	desk.caller.rights = RIGHT_MKDIR;
	ck_assert_int_eq(desk_do(&desk, VERB_MKDIR, "d"), STATUS_OK);
}
END_TEST

START_TEST(nobody_leaves_the_root)
{
	store_mkdir(&desk.store, "home");
	store_put(&desk.store, "secret", "text");
	store_link(&desk.store, "../secret", "home/l");
	desk.caller.place.root = "home";
	ck_assert_int_eq(desk_do(&desk, VERB_STAT, "/../secret"),
	    STATUS_NOT_FOUND);
	ck_assert_int_ne(desk_do(&desk, VERB_GET, "l"), STATUS_OK);
	ck_assert_uint_eq(desk.face.received, 0);
	ck_assert_int_eq(move("l", "../../m"), STATUS_OK);
	ck_assert(!store_lacks(&desk.store, "home/m"));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		pwd_tells_the_current_folder,
		cd_changes_the_current_folder,
		cd_stays_where_it_was_when_it_fails,
		mkdir_makes_a_folder_below_the_current_one,
		rmdir_removes_an_empty_folder,
		rm_removes_a_file_but_no_folder,
		rm_removes_only_the_version_that_is_meant,
		rm_and_mv_respect_the_lock_of_another_program,
		mv_moves_and_replaces_files,
		mv_replaces_nothing_without_the_right_to_overwrite,
		paths_that_cannot_be_are_refused_by_every_verb,
		each_verb_is_refused_without_its_right,
		one_right_is_enough_where_one_is_needed,
		nobody_leaves_the_root,
		NULL
	};

	return check_main("handlers", tests, set_up, tear_down);
}
