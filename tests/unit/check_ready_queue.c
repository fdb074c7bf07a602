/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "check_main.h"
#include "ready_queue.h"

#define ROOM	64
#define WORKERS	4
#define ROUNDS	100000

/* Sessions are only passed on, so any address will do for one. */
static char sessions[ROOM];

static struct session *
session(size_t i)
{
	return (struct session *)(void *)&sessions[i];
}

static size_t
number(const struct session *session)
{
	return (size_t)((const char *)session - sessions);
}

START_TEST(first_come_is_first_served)
{
	struct ready_queue *queue = ready_queue_new(3);

	ck_assert_ptr_nonnull(queue);
	/* Also when the ring has turned. */
	for (size_t i = 0; i < 10; i++) {
		ready_queue_push(queue, session(i));
		ready_queue_push(queue, session(i + 1));
		ready_queue_push(queue, session(i + 2));
		ck_assert_ptr_eq(ready_queue_pop(queue), session(i));
		ck_assert_ptr_eq(ready_queue_pop(queue), session(i + 1));
		ck_assert_ptr_eq(ready_queue_pop(queue), session(i + 2));
	}
	ready_queue_free(queue);
}
END_TEST

START_TEST(there_is_room_for_every_session)
{
	struct ready_queue *queue = ready_queue_new(ROOM);

	for (size_t i = 0; i < ROOM; i++)
		ready_queue_push(queue, session(i));
	for (size_t i = 0; i < ROOM; i++)
		ck_assert_uint_eq(number(ready_queue_pop(queue)), i);
	ready_queue_free(queue);
}
END_TEST

START_TEST(a_closed_queue_is_emptied_first)
{
	struct ready_queue *queue = ready_queue_new(2);

	ready_queue_push(queue, session(7));
	ready_queue_close(queue);
	ck_assert_ptr_eq(ready_queue_pop(queue), session(7));
	ck_assert_ptr_null(ready_queue_pop(queue));
	ck_assert_ptr_null(ready_queue_pop(queue));
	ready_queue_free(queue);
}
END_TEST

struct pool {
	struct ready_queue *queue;
	pthread_mutex_t	 mutex;
	size_t		 taken, in_hand[ROOM];
	int		 shared;	/* a session was in two hands */
};

/* Put it back until there have been rounds enough. */
static void *
work(void *ctx)
{
	struct pool *pool = ctx;
	struct session *taken;
	size_t i;
	int enough;

	while ((taken = ready_queue_pop(pool->queue)) != NULL) {
		i = number(taken);
		pthread_mutex_lock(&pool->mutex);
		if (pool->in_hand[i]++ != 0)
			pool->shared = 1;
		pthread_mutex_unlock(&pool->mutex);
		pthread_mutex_lock(&pool->mutex);
		pool->in_hand[i]--;
		enough = ++pool->taken >= ROUNDS;
		pthread_mutex_unlock(&pool->mutex);
		if (enough)
			ready_queue_close(pool->queue);
		else
			ready_queue_push(pool->queue, taken);
	}
	return NULL;
}

START_TEST(many_workers_share_it_and_go_home_when_it_closes)
{
	struct pool pool = { .queue = ready_queue_new(ROOM) };
	pthread_t threads[WORKERS];

	pthread_mutex_init(&pool.mutex, NULL);
	for (size_t i = 0; i < WORKERS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, work,
		    &pool), 0);
	/* Fewer than workers, so that some have to sleep. */
	for (size_t i = 0; i < WORKERS - 1; i++)
		ready_queue_push(pool.queue, session(i));
	for (size_t i = 0; i < WORKERS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_uint_ge(pool.taken, ROUNDS);
	ck_assert_int_eq(pool.shared, 0);
	pthread_mutex_destroy(&pool.mutex);
	ready_queue_free(pool.queue);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		first_come_is_first_served,
		there_is_room_for_every_session,
		a_closed_queue_is_emptied_first,
		many_workers_share_it_and_go_home_when_it_closes,
		NULL
	};

	return check_main("ready_queue", tests, NULL, NULL);
}
