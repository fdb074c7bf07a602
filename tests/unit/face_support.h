/*
 * face_support - one conversation with the FT/1 face for each test.
 */
#ifndef FACE_SUPPORT_H
#define FACE_SUPPORT_H

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "check_main.h"
#include "frames_support.h"

#define USERS "alice:" SERVING_HASH ":\n" \
	"drop:" SERVING_HASH ":rights=drop\n"
#define BIG 300000

static struct serving serving;
static struct talk talk;

static inline void
set_up(void)
{
	static const struct serving_plan plan = { .under = "/tmp",
	    .users = USERS, .max_stages = 100 };

	serving_open(&serving, &plan);
	talk_begin(&talk, &serving);
}

static inline void
tear_down(void)
{
	talk_end(&talk);
	ck_assert_uint_eq(serving_stages(&serving), 0);
	serving_close(&serving);
}

static inline void
must_hear(const char *what)
{
	ck_assert_str_eq(heard(&talk), what);
	talk.out_len = 0;
}

/* Everything is said and heard. */
static inline void
must_settle(const char *what)
{
	talk_settle(&talk);
	must_hear(what);
}

static inline void
log_in(const char *user)
{
	say_hello(&talk);
	say_login(&talk, 1, user, "hunter2");
	must_settle("HELLO 0, OK 1");
}

static inline void
make_file(const char *name, size_t len)
{
	int fd = openat(base_fd(serving.services.bases[0]), name,
	    O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	char bytes[1000];

	memset(bytes, 'x', sizeof(bytes));
	ck_assert_int_ne(fd, -1);
	for (; len > 0; len -= len < sizeof(bytes) ? len : sizeof(bytes))
		ck_assert_int_gt(write(fd, bytes, len < sizeof(bytes) ? len :
		    sizeof(bytes)), 0);
	close(fd);
}

static inline bool
is_there(const char *name)
{
	return faccessat(base_fd(serving.services.bases[0]), name, F_OK,
	    0) == 0;
}

/* A get that cannot go on, as its client does not read. */
static inline void
stall(uint32_t id)
{
	make_file("big", BIG);
	say_path(&talk, FT1_GET, id, "big");
	while (talk_turn(&talk, 9000, true))
		if (talk.out_len > 0)
			break;
	talk.out_len = 0;
}

#endif
