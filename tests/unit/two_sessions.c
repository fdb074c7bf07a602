/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "two_sessions.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <check.h>

#include "change.h"

struct store store;
struct session alice, bob;

static struct lock_table *table;
static const struct change_terms none;

void
begin_session(struct session *session, const char *user, uint64_t number)
{
	session->own = own_locks_new(table, user, number);
	ck_assert_ptr_nonnull(session->own);
	session->place = store.place;
	session->place.own = session->own;
	ck_assert_int_eq(names_open(&session->names, store.base), STATUS_OK);
}

void
end_session(struct session *session)
{
	if (session->own == NULL)
		return;
	own_locks_close(session->own);
	own_locks_unref(session->own);
	names_close(session->names);
	session->own = NULL;
}

void
sessions_open(void)
{
	store_open(&store, DURABILITY_ASYNC);
	table = lock_table_new();
	ck_assert_ptr_nonnull(table);
	begin_session(&alice, "alice", 1);
	begin_session(&bob, "bob", 2);
	store_put(&store, "a", "0123456789");
}

void
sessions_close(void)
{
	end_session(&alice);
	end_session(&bob);
	lock_table_free(table);
	store_close(&store);
}

enum status
lock(struct session *session, const char *path, enum range_lock_kind kind,
    uint64_t start, uint64_t length)
{
	const struct lock_wish wish = { kind, start, length };
	struct file_key key;

	return own_locks_lock(&session->place, path, &wish, &key);
}

enum status
shared(struct session *session, uint64_t start, uint64_t length)
{
	return lock(session, "/a", RANGE_LOCK_SHARED, start, length);
}

enum status
exclusive(struct session *session, uint64_t start, uint64_t length)
{
	return lock(session, "/a", RANGE_LOCK_EXCLUSIVE, start, length);
}

enum status
unlock(struct session *session, const char *path, uint64_t start,
    uint64_t length)
{
	struct file_key key;

	return own_locks_unlock(&session->place, path, start, length, &key);
}

enum status
rm(struct session *session, const char *path)
{
	return change_rm(&session->place, session->names, path, &none);
}

enum status
mv(struct session *session, const char *path, const char *target)
{
	return change_mv(&session->place, session->names, path, target, &none);
}

enum status
put(struct session *session, const char *path, const char *text)
{
	struct upload_plan plan = { .path = path, .has_size = true,
	    .size = strlen(text) };
	struct store as = store;

	as.place = session->place;
	as.names = session->names;
	return store_upload(&as, &plan, text);
}

/* What an operation does with a range of the file, and at once ends. */
static enum status
operate(struct session *session, const char *name, struct own_want want)
{
	struct own_hold hold = { 0 };
	char path[128];
	enum status st;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", store.path, name);
	ck_assert_int_ne(fd = open(path, O_RDWR | O_CLOEXEC), -1);
	st = own_hold_take(&hold, session->own, fd, &want, name);
	own_hold_release(&hold);
	close(fd);
	return st;
}

enum status
read_part(struct session *session, uint64_t start, uint64_t length)
{
	return operate(session, "a",
	    (struct own_want){ .kind = RANGE_LOCK_SHARED,
	    .start = start, .length = length });
}

enum status
write_part(struct session *session, uint64_t start, uint64_t length)
{
	return operate(session, "a",
	    (struct own_want){ .kind = RANGE_LOCK_EXCLUSIVE,
	    .start = start, .length = length });
}

bool
local_may(short type, off_t start, off_t len)
{
	char path[128];
	struct flock ask = classic(type, start, len);
	int fd;

	snprintf(path, sizeof(path), "%s/a", store.path);
	ck_assert_int_ne(fd = open(path, O_RDWR | O_CLOEXEC), -1);
	/* The test's own classic lock: not of the sessions' descriptors. */
	ck_assert_int_eq(fcntl(fd, F_GETLK, &ask), 0);
	close(fd);
	return ask.l_type == F_UNLCK;
}
