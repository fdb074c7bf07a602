/* SPDX-License-Identifier: ISC */
/*
 * The race that a lock on the file alone loses: one removes it, one replaces
 * it, one locks the new one, all at once and again and again.
 */
#include "config.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "change.h"
#include "check_main.h"
#include "own_locks.h"
#include "store_support.h"

#define ROUNDS		3000	/* of each party */
#define ROUNDS_NIGHTLY	100000

static struct store store;
static struct lock_table *table;
static unsigned int rounds;
static atomic_uint created, removed, replaced, held, wrong;

/* One party: a session of its own, with names of its own. */
struct party {
	pthread_t	 thread;
	struct store	 store;
	struct own_locks *own;
	void		(*act)(struct party *party, unsigned int round);
};

static void
set_up(void)
{
	store_open(&store, DURABILITY_ASYNC);
	ck_assert_ptr_nonnull(table = lock_table_new());
	rounds = getenv("FT_NIGHTLY") != NULL ? ROUNDS_NIGHTLY : ROUNDS;
	atomic_store(&created, 0);
	atomic_store(&removed, 0);
	atomic_store(&replaced, 0);
	atomic_store(&held, 0);
	atomic_store(&wrong, 0);
}

static void
tear_down(void)
{
	lock_table_free(table);
	store_close(&store);
}

static enum status
put(struct party *party, struct upload_plan *plan)
{
	plan->path = "/a";
	plan->has_size = true;
	plan->size = 3;
	return store_upload(&party->store, plan, "new");
}

static void
create(struct party *party, unsigned int round)
{
	struct upload_plan plan = { .if_absent = true };

	(void)round;
	if (put(party, &plan) == STATUS_OK)
		atomic_fetch_add(&created, 1);
}

/* Only a file that is there, so that files are counted. */
static void
replace(struct party *party, unsigned int round)
{
	struct upload_plan plan = { .if_version = true };
	struct stat sb;

	(void)round;
	if (walk_stat(&sb, &party->store.place, "/a") != STATUS_OK)
		return;
	version_of(plan.version, &sb);
	if (put(party, &plan) == STATUS_OK)
		atomic_fetch_add(&replaced, 1);
}

static void
take_away(struct party *party, unsigned int round)
{
	static const struct change_terms none;

	(void)round;
	if (change_rm(&party->store.place, party->store.names, "/a",
	    &none) == STATUS_OK)
		atomic_fetch_add(&removed, 1);
}

/* What is locked stands under its name as long as it is. */
static void
hold(struct party *party, unsigned int round)
{
	const struct lock_wish wish = { round % 2 == 0 ? RANGE_LOCK_SHARED :
	    RANGE_LOCK_EXCLUSIVE, round % 5, 1 + round % 3 };
	struct file_key key;
	struct stat sb;
	int looks;

	if (own_locks_lock(&party->store.place, "/a", &wish, &key) !=
	    STATUS_OK)
		return;
	atomic_fetch_add(&held, 1);
	for (looks = 0; looks < 20; looks++)
		if (walk_stat(&sb, &party->store.place, "/a") != STATUS_OK ||
		    sb.st_ino != key.ino)
			atomic_fetch_add(&wrong, 1);
	if (own_locks_unlock(&party->store.place, "/a", 0, 0, &key) !=
	    STATUS_OK)
		atomic_fetch_add(&wrong, 1);
}

static void *
run(void *ctx)
{
	struct party *party = ctx;

	/* On a busy machine they may meet late. */
	for (unsigned int i = 0; i < rounds || (i < 100 * rounds &&
	    (atomic_load(&held) == 0 || atomic_load(&created) == 0)); i++)
		party->act(party, i);
	return NULL;
}

static void
begin(struct party *party, unsigned int number,
    void (*act)(struct party *party, unsigned int round))
{
	party->store = store;
	party->act = act;
	party->own = own_locks_new(table, "party", number);
	ck_assert_ptr_nonnull(party->own);
	party->store.place.own = party->own;
	ck_assert_int_eq(names_open(&party->store.names, store.base),
	    STATUS_OK);
	ck_assert_int_eq(pthread_create(&party->thread, NULL, run, party), 0);
}

static void
end(struct party *party)
{
	ck_assert_int_eq(pthread_join(party->thread, NULL), 0);
	own_locks_close(party->own);
	own_locks_unref(party->own);
	names_close(party->store.names);
}

START_TEST(no_file_is_lost_and_no_lock_is_worthless)
{
	static void (*const acts[])(struct party *, unsigned int) = { create,
	    replace, take_away, hold };
	struct party parties[4];
	struct stat sb;
	bool there;

	for (unsigned int i = 0; i < 4; i++)
		begin(&parties[i], i + 1, acts[i]);
	for (unsigned int i = 0; i < 4; i++)
		end(&parties[i]);
	there = walk_stat(&sb, &store.place, "/a") == STATUS_OK;
	ck_assert_uint_eq(wrong, 0);
	ck_assert_uint_gt(created, 0);
	ck_assert_uint_gt(held, 0);
	ck_assert_uint_eq(created - removed, there ? 1 : 0);
	ck_assert_int_eq(store_stages(&store), 0);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		no_file_is_lost_and_no_lock_is_worthless,
		NULL
	};

	return check_main("three_party", tests, set_up, tear_down);
}
