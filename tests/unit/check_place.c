/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <pthread.h>

#include "check_main.h"
#include "place.h"

#define WISHERS	3
#define ROUNDS	100000

START_TEST(a_wish_moves_a_parked_session_into_the_queue_once)
{
	struct session_place place;

	place_init(&place, PLACE_PARKED);
	ck_assert(place_wish(&place, WISH_READY));
	ck_assert_int_eq(place_now(&place), PLACE_QUEUED);
	ck_assert(!place_wish(&place, WISH_RESULT));
	ck_assert(!place_wish(&place, WISH_READY));
	ck_assert_uint_eq(place_take(&place), WISH_READY | WISH_RESULT);
	ck_assert_int_eq(place_now(&place), PLACE_WORKING);
}
END_TEST

START_TEST(taking_a_session_clears_its_wishes)
{
	struct session_place place;

	place_init(&place, PLACE_QUEUED);
	ck_assert(!place_wish(&place, WISH_DRAIN));
	ck_assert_uint_eq(place_take(&place), WISH_DRAIN);
	place_move(&place, PLACE_WORKING, PLACE_QUEUED);
	ck_assert_uint_eq(place_take(&place), 0);
}
END_TEST

START_TEST(a_session_without_a_wish_can_be_parked)
{
	struct session_place place;

	place_init(&place, PLACE_WORKING);
	ck_assert(place_park(&place));
	ck_assert_int_eq(place_now(&place), PLACE_PARKED);
}
END_TEST

START_TEST(a_session_with_a_wish_cannot_be_parked)
{
	static const enum wish wishes[] = { WISH_READY, WISH_RESULT,
	    WISH_TIMEOUT, WISH_DRAIN, WISH_KICK };
	struct session_place place;

	for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
		place_init(&place, PLACE_WORKING);
		ck_assert(!place_wish(&place, wishes[i]));
		ck_assert(!place_park(&place));
		ck_assert_int_eq(place_now(&place), PLACE_WORKING);
		place_move(&place, PLACE_WORKING, PLACE_QUEUED);
		ck_assert_uint_eq(place_take(&place), wishes[i]);
	}
}
END_TEST

START_TEST(wishes_stay_through_the_login_line)
{
	struct session_place place;

	place_init(&place, PLACE_WORKING);
	place_move(&place, PLACE_WORKING, PLACE_LOGIN);
	ck_assert_int_eq(place_now(&place), PLACE_LOGIN);
	ck_assert(!place_wish(&place, WISH_TIMEOUT));
	ck_assert_int_eq(place_now(&place), PLACE_LOGIN);
	place_move(&place, PLACE_LOGIN, PLACE_QUEUED);
	ck_assert_uint_eq(place_take(&place), WISH_TIMEOUT);
}
END_TEST

/*
 * Wishers wish as fast as they can, each when its last wish has been heard; the
 * worker takes and parks.  A lost wish would leave both waiting for ever.
 */
struct race {
	struct session_place place;
	pthread_mutex_t	 mutex;
	pthread_cond_t	 changed;
	bool		 queued;	/* in the ready queue */
	bool		 twice;		/* it was put there a second time */
	unsigned int	 heard[WISHERS];
};

struct wisher {
	struct race	*race;
	unsigned int	 number;
	enum wish	 wish;
};

static void
enqueue(struct race *race)
{
	pthread_mutex_lock(&race->mutex);
	if (race->queued)
		race->twice = true;
	race->queued = true;
	pthread_cond_broadcast(&race->changed);
	pthread_mutex_unlock(&race->mutex);
}

static void *
wish(void *ctx)
{
	struct wisher *wisher = ctx;
	struct race *race = wisher->race;
	unsigned int i;

	for (i = 1; i <= ROUNDS / WISHERS; i++) {
		if (place_wish(&race->place, wisher->wish))
			enqueue(race);
		pthread_mutex_lock(&race->mutex);
		while (race->heard[wisher->number] < i)
			pthread_cond_wait(&race->changed, &race->mutex);
		pthread_mutex_unlock(&race->mutex);
	}
	return NULL;
}

/* Note whose wishes were heard; true when all have been. */
static bool
hear(struct race *race, const struct wisher *wishers, unsigned int wishes)
{
	bool all = true;

	pthread_mutex_lock(&race->mutex);
	for (unsigned int i = 0; i < WISHERS; i++) {
		if ((wishes & wishers[i].wish) != 0)
			race->heard[i]++;
		all = all && race->heard[i] == ROUNDS / WISHERS;
	}
	pthread_cond_broadcast(&race->changed);
	pthread_mutex_unlock(&race->mutex);
	return all;
}

static void
dequeue(struct race *race)
{
	pthread_mutex_lock(&race->mutex);
	while (!race->queued)
		pthread_cond_wait(&race->changed, &race->mutex);
	race->queued = false;
	pthread_mutex_unlock(&race->mutex);
}

START_TEST(no_wish_is_lost_while_a_worker_takes_and_parks)
{
	static const enum wish wishes[WISHERS] = { WISH_READY, WISH_RESULT,
	    WISH_TIMEOUT };
	struct race race = { .queued = false };
	struct wisher wishers[WISHERS];
	pthread_t threads[WISHERS];
	bool done = false;

	place_init(&race.place, PLACE_PARKED);
	pthread_mutex_init(&race.mutex, NULL);
	pthread_cond_init(&race.changed, NULL);
	for (unsigned int i = 0; i < WISHERS; i++) {
		wishers[i] = (struct wisher){ &race, i, wishes[i] };
		ck_assert_int_eq(pthread_create(&threads[i], NULL, wish,
		    &wishers[i]), 0);
	}
	while (!done) {
		dequeue(&race);
		done = hear(&race, wishers, place_take(&race.place));
		if (!place_park(&race.place)) {
			place_move(&race.place, PLACE_WORKING, PLACE_QUEUED);
			enqueue(&race);
		}
	}
	for (unsigned int i = 0; i < WISHERS; i++)
		pthread_join(threads[i], NULL);
	ck_assert(!race.twice);
	ck_assert_int_eq(place_now(&race.place), PLACE_PARKED);
	pthread_cond_destroy(&race.changed);
	pthread_mutex_destroy(&race.mutex);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_wish_moves_a_parked_session_into_the_queue_once,
		taking_a_session_clears_its_wishes,
		a_session_without_a_wish_can_be_parked,
		a_session_with_a_wish_cannot_be_parked,
		wishes_stay_through_the_login_line,
		no_wish_is_lost_while_a_worker_takes_and_parks,
		NULL
	};

	return check_main("place", tests, NULL, NULL);
}
