/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/socket.h>

#include "check_main.h"
#include "login_line.h"
#include "users_support.h"

#define JOBS_MAX 40
#define TRIES 100000	/* to see a line close */
#define TRIES_BAD 50	/* until a pair is locked out */

static struct user_source *users;
static struct login_line *line;
static struct lockouts *lockouts;
static struct login_job jobs[TRIES];
static const struct audit_who who;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char order[4 * JOBS_MAX];	/* names of jobs that are done */
static sem_t done, entered, leave;

/* A right password keeps its thread until the test lets it go on. */
static void
good(void *ctx, const struct user *user, const struct login_job *job)
{
	(void)ctx;
	(void)job;
	if (strcmp(user->name, "wait") != 0)
		return;
	sem_post(&entered);
	sem_wait(&leave);
}

static void
is_done(struct login_job *job)
{
	pthread_mutex_lock(&mutex);
	strcat(order, job->ctx);
	pthread_mutex_unlock(&mutex);
	sem_post(&done);
}

static void
open_line(unsigned int threads, unsigned int queue, unsigned int total)
{
	struct login_line_plan plan = { .threads = threads, .queue = queue,
	    .queue_total = total, .users = users, .good = good,
	    .lockouts = lockouts };

	ck_assert_int_eq(login_line_new(&line, &plan), STATUS_OK);
}

static void
set_up(void)
{
	make_folder();
	put_text(users_path, "alice:" CHEAP_HASH ":\nwait:" CHEAP_HASH ":\n"
	    "locked:" CHEAP_HASH ":locked=yes\n", 0600);
	ck_assert_int_eq(user_source_new(&users, users_path, NULL),
	    STATUS_OK);
	sem_init(&done, 0, 0);
	sem_init(&entered, 0, 0);
	sem_init(&leave, 0, 0);
	order[0] = '\0';
	line = NULL;
	lockouts = lockouts_new(TRIES_BAD, 3600);
	ck_assert_ptr_nonnull(lockouts);
}

static void
tear_down(void)
{
	login_line_free(line);
	lockouts_free(lockouts);
	user_source_free(users);
	remove_folder();
}

/* Job number `i`, from the address that the first letter of its name says. */
static enum status
submit(unsigned int i, const char *name, const char *user,
    const char *password)
{
	struct login_job *job = &jobs[i];

	memset(job, 0, sizeof(*job));
	job->origin[0] = (uint8_t)name[0];
	job->fd = -1;
	job->who = &who;
	job->user = (char *)(uintptr_t)user;
	job->user_len = strlen(user);
	job->password = (char *)(uintptr_t)password;
	job->password_len = strlen(password);
	job->done = is_done;
	job->ctx = (void *)(uintptr_t)name;
	return login_line_submit(line, job);
}

static void
wait_for(unsigned int count)
{
	while (count-- > 0)
		while (sem_wait(&done) != 0)
			continue;
}

/* The one thread of the line is busy from now on. */
static void
occupy(void)
{
	ck_assert_int_eq(submit(0, "z", "wait", "hunter2"), STATUS_OK);
	while (sem_wait(&entered) != 0)
		continue;
}

static void
go_on(void)
{
	sem_post(&leave);
}

static enum status
log_in(const char *user, const char *password)
{
	ck_assert_int_eq(submit(0, "a", user, password), STATUS_OK);
	wait_for(1);
	return jobs[0].result;
}

START_TEST(the_right_password_of_a_user_lets_in_and_nothing_else)
{
	open_line(1, 10, 10);
	ck_assert_int_eq(log_in("alice", "hunter2"), STATUS_OK);
	ck_assert_int_eq(log_in("alice", "hunter3"), STATUS_LOGIN_REFUSED);
	ck_assert_int_eq(log_in("alice", ""), STATUS_LOGIN_REFUSED);
	ck_assert_int_eq(log_in("nobody", "hunter2"), STATUS_LOGIN_REFUSED);
	ck_assert_int_eq(log_in("", "hunter2"), STATUS_LOGIN_REFUSED);
	ck_assert_int_eq(log_in("locked", "hunter2"), STATUS_LOGIN_REFUSED);
}
END_TEST

START_TEST(addresses_are_served_in_turn)
{
	static const char *const names[] = { "a1 ", "a2 ", "a3 ", "a4 ",
	    "b1 ", "b2 ", "c1 " };

	open_line(1, 10, 10);
	occupy();
	for (unsigned int i = 0; i < 7; i++)
		ck_assert_int_eq(submit(i + 1, names[i], "alice", "x"),
		    STATUS_OK);
	go_on();
	wait_for(8);
	ck_assert_str_eq(order, "za1 b1 c1 a2 b2 a3 a4 ");
}
END_TEST

START_TEST(so_many_may_wait_of_one_address)
{
	open_line(1, 2, 10);
	occupy();
	ck_assert_int_eq(submit(1, "a", "alice", "x"), STATUS_OK);
	ck_assert_int_eq(submit(2, "a", "alice", "x"), STATUS_OK);
	ck_assert_int_eq(submit(3, "a", "alice", "x"), STATUS_BUSY);
	ck_assert_int_eq(submit(4, "b", "alice", "x"), STATUS_OK);
	/* As many as a reload says. */
	login_line_set_queue(line, 3);
	ck_assert_int_eq(submit(5, "a", "alice", "x"), STATUS_OK);
	ck_assert_int_eq(submit(6, "a", "alice", "x"), STATUS_BUSY);
	go_on();
	wait_for(5);
	ck_assert_int_eq(submit(7, "a", "alice", "x"), STATUS_OK);
	wait_for(1);
}
END_TEST

START_TEST(so_many_may_wait_in_all)
{
	open_line(1, 10, 3);
	occupy();
	ck_assert_int_eq(submit(1, "a", "alice", "x"), STATUS_OK);
	ck_assert_int_eq(submit(2, "b", "alice", "x"), STATUS_OK);
	ck_assert_int_eq(submit(3, "c", "alice", "x"), STATUS_OK);
	ck_assert_int_eq(submit(4, "d", "alice", "x"), STATUS_BUSY);
	ck_assert_uint_ge(login_line_wait(line), 1);
	ck_assert_uint_le(login_line_wait(line), 30);
	go_on();
	wait_for(4);
}
END_TEST

static void *
free_line(void *ctx)
{
	login_line_free(ctx);
	return NULL;
}

START_TEST(who_waits_when_the_server_stops_is_told_so)
{
	pthread_t thread;
	unsigned int n;

	open_line(1, TRIES, TRIES);
	occupy();
	ck_assert_int_eq(submit(1, "a", "alice", "hunter2"), STATUS_OK);
	ck_assert_int_eq(submit(2, "b", "alice", "hunter2"), STATUS_OK);
	ck_assert_int_eq(pthread_create(&thread, NULL, free_line, line), 0);
	/* From now on it takes no more; until then each is given back too. */
	for (n = 3; submit(n, "", "alice", "hunter2") == STATUS_OK; n++) {
		ck_assert_uint_lt(n, TRIES - 1);
		sched_yield();
	}
	go_on();
	pthread_join(thread, NULL);
	line = NULL;
	wait_for(n);
	ck_assert_int_eq(jobs[0].result, STATUS_OK);
	ck_assert_int_eq(jobs[1].result, STATUS_STOPPING);
	ck_assert_int_eq(jobs[2].result, STATUS_STOPPING);
}
END_TEST

START_TEST(no_password_is_checked_for_a_client_that_is_gone)
{
	int fds[2];

	open_line(1, 10, 10);
	occupy();
	ck_assert_int_eq(submit(1, "a", "alice", "hunter2"), STATUS_OK);
	ck_assert_int_eq(submit(2, "b", "alice", "hunter2"), STATUS_OK);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    fds), 0);
	jobs[1].fd = fds[0];
	close(fds[1]);
	go_on();
	wait_for(3);
	ck_assert_int_eq(jobs[1].result, STATUS_CANCELLED);
	ck_assert_int_eq(jobs[2].result, STATUS_OK);
	close(fds[0]);
}
END_TEST

START_TEST(who_is_locked_out_is_not_checked)
{
	open_line(1, 10, 10);
	lockouts_set(lockouts, 2, 3600);
	ck_assert_int_eq(log_in("alice", "x"), STATUS_LOGIN_REFUSED);
	/* A good one clears what was before. */
	ck_assert_int_eq(log_in("alice", "hunter2"), STATUS_OK);
	ck_assert_int_eq(log_in("alice", "x"), STATUS_LOGIN_REFUSED);
	ck_assert_int_eq(log_in("alice", "x"), STATUS_LOGIN_REFUSED);
	ck_assert_uint_eq(jobs[0].locked_out, 0);
	/* Behind it in the line, or later: the right one is too late. */
	ck_assert_int_eq(log_in("alice", "hunter2"), STATUS_BUSY);
	ck_assert_uint_gt(jobs[0].locked_out, 3500);
	ck_assert_int_eq(submit(1, "b", "alice", "hunter2"), STATUS_OK);
	wait_for(1);
	ck_assert_int_eq(jobs[1].result, STATUS_OK);
}
END_TEST

START_TEST(many_threads_lose_no_job)
{
	static const char *const names[] = { "a", "b", "c", "d" };

	open_line(4, 10, JOBS_MAX);
	for (unsigned int i = 0; i < JOBS_MAX; i++)
		ck_assert_int_eq(submit(i, names[i % 4], "alice",
		    i % 3 == 0 ? "hunter2" : "x"), STATUS_OK);
	wait_for(JOBS_MAX);
	for (unsigned int i = 0; i < JOBS_MAX; i++)
		ck_assert_int_eq(jobs[i].result, i % 3 == 0 ? STATUS_OK :
		    STATUS_LOGIN_REFUSED);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		the_right_password_of_a_user_lets_in_and_nothing_else,
		addresses_are_served_in_turn,
		so_many_may_wait_of_one_address,
		so_many_may_wait_in_all,
		who_waits_when_the_server_stops_is_told_so,
		no_password_is_checked_for_a_client_that_is_gone,
		who_is_locked_out_is_not_checked,
		many_threads_lose_no_job,
		NULL
	};

	return check_main("login_line", tests, set_up, tear_down);
}
