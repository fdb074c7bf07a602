/* SPDX-License-Identifier: ISC */
/* Shares: who sees them, with which rights, and where they stand. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "services.h"
#include "share.h"
#include "stub_face.h"

static struct desk desk;
static struct services services;
static struct config config;
static struct config_share share;
static struct user user;
static char *rules[2];
static char name[] = "in", box[] = "/box", top[] = "/";

static void
set_up(void)
{
	desk_open(&desk, DURABILITY_COMMIT);
	services.bases = desk.bases;
	services.base_count = 1;
	share = (struct config_share){ .name = name, .path = box,
	    .allow = rules };
	config.shares = &share;
	config.share_count = 1;
	user = (struct user){ .name = "alice", .groups = "@staff+night",
	    .rights = RIGHTS_READ };
	desk.caller.user = &user;
	desk.caller.config = &config;
	desk.caller.services = &services;
	store_mkdir(&desk.store, "box");
}

static void
tear_down(void)
{
	desk_close(&desk);
}

static void
allow(const char *first, const char *second)
{
	/* The casts drop a const that share.c keeps. */
	rules[0] = (char *)(uintptr_t)first;
	rules[1] = (char *)(uintptr_t)second;
	share.allow_count = second != NULL ? 2 : 1;
}

static unsigned int
rights(void)
{
	unsigned int out;

	return share_rights(&out, &share, &user) ? out : 0;
}

START_TEST(the_name_counts_before_groups_and_those_before_all)
{
	allow("@all:full", "bob:full");
	ck_assert_uint_eq(rights(), RIGHTS_FULL);
	allow("@all:full", "@staff:drop");
	ck_assert_uint_eq(rights(), RIGHTS_DROP);
	allow("alice:lock", "@staff:drop");
	ck_assert_uint_eq(rights(), RIGHT_LOCK);
}
END_TEST

START_TEST(rights_of_groups_add_up)
{
	allow("@night:lock", "@staff:drop");
	ck_assert_uint_eq(rights(), RIGHT_LOCK | RIGHT_WRITE);
}
END_TEST

START_TEST(without_rights_those_at_home_hold)
{
	allow("@staff", NULL);
	ck_assert_uint_eq(rights(), RIGHTS_READ);
}
END_TEST

START_TEST(whom_nothing_fits_does_not_see_it)
{
	allow("bob:full", "@day:full");
	ck_assert_uint_eq(rights(), 0);
	store_put(&desk.store, "box/f", "text");
	ck_assert_int_eq(desk_do(&desk, VERB_STAT, "/in/f"),
	    STATUS_NOT_FOUND);
}
END_TEST

START_TEST(a_share_is_a_folder_at_the_top)
{
	allow("alice:list+write", NULL);
	store_mkdir(&desk.store, "in");
	store_put(&desk.store, "in/hidden", "text");
	store_put(&desk.store, "box/f", "text");
	ck_assert_int_eq(desk_do(&desk, VERB_LIST, "/"), STATUS_OK);
	ck_assert(desk_lists(&desk, "din"));
	ck_assert_uint_eq(desk.face.entry_count, 2);
	ck_assert_int_eq(desk_do(&desk, VERB_LIST, "/in"), STATUS_OK);
	ck_assert(desk_lists(&desk, "ff"));
	ck_assert(!desk_lists(&desk, "fhidden"));
	ck_assert_int_eq(desk_do(&desk, VERB_CD, "in"), STATUS_OK);
	ck_assert_str_eq(desk.face.path, "/in");
	ck_assert_int_eq(desk_do(&desk, VERB_STAT, "f"), STATUS_OK);
	ck_assert_int_eq(desk_do(&desk, VERB_STAT, "../in/f"), STATUS_OK);
}
END_TEST

START_TEST(its_own_rights_hold_in_it)
{
	allow("alice:list", NULL);
	store_put(&desk.store, "box/f", "text");
	store_put(&desk.store, "f", "text");
	ck_assert_int_eq(desk_do(&desk, VERB_RM, "/in/f"),
	    STATUS_NOT_PERMITTED);
	ck_assert_int_eq(desk_do(&desk, VERB_GET, "/in/f"),
	    STATUS_NOT_PERMITTED);
	ck_assert_int_eq(desk_do(&desk, VERB_RM, "/f"), STATUS_OK);
}
END_TEST

START_TEST(it_stays_what_it_is)
{
	struct request move;

	allow("alice:full", NULL);
	store_put(&desk.store, "box/f", "text");
	store_put(&desk.store, "g", "text");
	ck_assert_int_eq(desk_do(&desk, VERB_RMDIR, "/in"),
	    STATUS_NOT_PERMITTED);
	ck_assert_int_eq(desk_do(&desk, VERB_MKDIR, "/in"),
	    STATUS_NOT_PERMITTED);
	move = desk_request(VERB_MV, "/in/f");
	move.target = (struct request_bytes){ "/f", 2 };
	ck_assert_int_eq(desk_ask(&desk, &move), STATUS_CROSS_DEVICE);
	move.target = (struct request_bytes){ "/in/h", 5 };
	ck_assert_int_eq(desk_ask(&desk, &move), STATUS_OK);
	ck_assert(store_has(&desk.store, "box/h", "text"));
	move = desk_request(VERB_MV, "/g");
	move.target = (struct request_bytes){ "/in/g", 5 };
	ck_assert_int_eq(desk_ask(&desk, &move), STATUS_CROSS_DEVICE);
}
END_TEST

START_TEST(a_copy_goes_from_one_to_another_by_the_rights_of_each)
{
	struct request copy = desk_request(VERB_CP, "/in/f");

	allow("alice:read", NULL);
	store_put(&desk.store, "box/f", "text");
	copy.target = (struct request_bytes){ "/g", 2 };
	ck_assert_int_eq(desk_ask(&desk, &copy), STATUS_OK);
	ck_assert(store_has(&desk.store, "g", "text"));
	copy.path = copy.target;
	copy.target = (struct request_bytes){ "/in/g", 5 };
	ck_assert_int_eq(desk_ask(&desk, &copy), STATUS_NOT_PERMITTED);
	ck_assert(store_lacks(&desk.store, "box/g"));
	allow("alice:full", NULL);
	ck_assert_int_eq(desk_ask(&desk, &copy), STATUS_OK);
	ck_assert(store_has(&desk.store, "box/g", "text"));
}
END_TEST

START_TEST(nothing_leads_out_of_it)
{
	allow("alice:full", NULL);
	store_put(&desk.store, "f", "text");
	store_link(&desk.store, "../f", "box/l");
	ck_assert_int_eq(desk_do(&desk, VERB_GET, "/in/l"),
	    STATUS_NOT_PERMITTED);
	share.path = top;
	ck_assert_int_eq(desk_do(&desk, VERB_LIST, "/in/.ftserver"),
	    STATUS_NOT_FOUND);
	ck_assert_int_eq(desk_do(&desk, VERB_STAT, "/in/.FTserver/names"),
	    STATUS_NOT_FOUND);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		the_name_counts_before_groups_and_those_before_all,
		rights_of_groups_add_up,
		without_rights_those_at_home_hold,
		whom_nothing_fits_does_not_see_it,
		a_share_is_a_folder_at_the_top,
		its_own_rights_hold_in_it,
		it_stays_what_it_is,
		a_copy_goes_from_one_to_another_by_the_rights_of_each,
		nothing_leads_out_of_it,
		NULL
	};

	return check_main("share", tests, set_up, tear_down);
}
