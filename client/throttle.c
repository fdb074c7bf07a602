/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "throttle.h"

#include <pthread.h>
#include <stdlib.h>

#include "clock.h"

#define SECOND		1000000u	/* in the clock's microseconds */
#define STORED		(SECOND / 8)	/* what is saved up, as time */
#define GRAIN		(SECOND / 50)	/* what is worth moving, likewise */

struct throttle {
	uint64_t	 rate;		/* bytes per second */
	pthread_mutex_t	 mutex;		/* guards what follows */
	uint64_t	 paid;		/* clock_us up to which bytes have
					 * been moved */
	uint64_t	 rest;		/* bytes * SECOND, of less than one
					 * microsecond */
};

enum status
throttle_new(struct throttle **out, uint64_t rate)
{
	if ((*out = calloc(1, sizeof(**out))) == NULL)
		return status_no_memory();
	(*out)->rate = rate;
	(*out)->paid = clock_us();
	pthread_mutex_init(&(*out)->mutex, NULL);
	return STATUS_OK;
}

void
throttle_free(struct throttle *throttle)
{
	if (throttle == NULL)
		return;
	pthread_mutex_destroy(&throttle->mutex);
	free(throttle);
}

uint64_t
throttle_rate(const struct throttle *throttle)
{
	return throttle->rate;
}

/* Bytes of so many microseconds, of which there are few. */
static uint64_t
bytes_in(const struct throttle *throttle, uint64_t microseconds)
{
	return throttle->rate / SECOND * microseconds +
	    throttle->rate % SECOND * microseconds / SECOND;
}

size_t
throttle_ask(struct throttle *throttle, size_t want, int *wait)
{
	uint64_t now, least, saved = 0;

	*wait = 0;
	pthread_mutex_lock(&throttle->mutex);
	now = clock_us();
	if (throttle->paid + STORED < now)
		throttle->paid = now - STORED;
	if (throttle->paid < now)
		saved = bytes_in(throttle, now - throttle->paid);
	/* Many small pieces would cost more than they move. */
	least = bytes_in(throttle, GRAIN);
	if (least > want)
		least = want;
	if (saved < least)
		*wait = 1 + (int)(((throttle->paid > now ?
		    throttle->paid - now : 0) + GRAIN) / 1000);
	pthread_mutex_unlock(&throttle->mutex);
	if (saved < least)
		return 0;
	return saved < want ? (size_t)saved : want;
}

void
throttle_take(struct throttle *throttle, size_t moved)
{
	uint64_t due;

	pthread_mutex_lock(&throttle->mutex);
	due = (uint64_t)moved * SECOND + throttle->rest;
	throttle->paid += due / throttle->rate;
	throttle->rest = due % throttle->rate;
	pthread_mutex_unlock(&throttle->mutex);
}
