/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "ticker.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

struct ticker {
	ticker_function	*tick;
	void		*ctx;		/* borrowed */
	pthread_t	 thread;
	pthread_mutex_t	 mutex;
	pthread_cond_t	 stopped;
	bool		 stops;
};

static void *
ticker_thread(void *ctx)
{
	struct ticker *ticker = ctx;
	unsigned int number = 0;
	struct timespec until;

	pthread_mutex_lock(&ticker->mutex);
	while (!ticker->stops) {
		pthread_mutex_unlock(&ticker->mutex);
		ticker->tick(ticker->ctx, number++);
		pthread_mutex_lock(&ticker->mutex);
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec++;
		while (!ticker->stops && pthread_cond_timedwait(
		    &ticker->stopped, &ticker->mutex, &until) == 0)
			;
	}
	pthread_mutex_unlock(&ticker->mutex);
	return NULL;
}

static void
ticker_free(struct ticker *ticker)
{
	pthread_cond_destroy(&ticker->stopped);
	pthread_mutex_destroy(&ticker->mutex);
	free(ticker);
}

enum status
ticker_start(struct ticker **out, ticker_function *tick, void *ctx)
{
	struct ticker *ticker;
	pthread_condattr_t attr;

	*out = NULL;
	if ((ticker = calloc(1, sizeof(*ticker))) == NULL)
		return status_set(STATUS_NO_MEMORY, "out of memory");
	ticker->tick = tick;
	ticker->ctx = ctx;
	pthread_mutex_init(&ticker->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&ticker->stopped, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&ticker->thread, NULL, ticker_thread, ticker) != 0) {
		ticker_free(ticker);
		return status_set(STATUS_NO_MEMORY, "cannot start a thread");
	}
	*out = ticker;
	return STATUS_OK;
}

void
ticker_stop(struct ticker *ticker)
{
	if (ticker == NULL)
		return;
	pthread_mutex_lock(&ticker->mutex);
	ticker->stops = true;
	pthread_mutex_unlock(&ticker->mutex);
	pthread_cond_signal(&ticker->stopped);
	pthread_join(ticker->thread, NULL);
	ticker_free(ticker);
}
