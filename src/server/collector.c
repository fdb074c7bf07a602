/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "collector.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "claim_table.h"
#include "collect.h"
#include "log.h"
#include "quota.h"
#include "quota_rules.h"

#define INTERVAL 3600	/* seconds between collections */

struct collector {
	struct services	*services;	/* borrowed */
	pthread_t	 thread;
	pthread_mutex_t	 mutex;
	pthread_cond_t	 stopped;
	bool		 stops;
};

static void
collect(struct services *services)
{
	struct settings *settings = services_settings(services);
	unsigned int n;

	for (size_t i = 0; i < services->base_count; i++) {
		n = collect_stages(services->bases[i],
		    settings->config->stage_expiry);
		if (n > 0)
			log_line(LOG_LEVEL_NOTICE, 0, "removed %u unfinished "
			    "uploads from base %s", n,
			    base_name(services->bases[i]));
	}
	settings_unref(settings);
}

static void
tick(const struct services *services, bool is_hour)
{
	for (size_t i = 0; i < services->base_count; i++) {
		claim_table_tick(base_claims(services->bases[i]));
		quota_table_tick(services->bases[i], is_hour);
	}
}

static void *
collector_thread(void *ctx)
{
	struct collector *collector = ctx;
	unsigned int seconds = 0;
	struct quota_rules rules = { 0 };
	bool is_hour;
	struct timespec until;

	pthread_mutex_lock(&collector->mutex);
	while (!collector->stops) {
		pthread_mutex_unlock(&collector->mutex);
		is_hour = seconds++ % INTERVAL == 0;
		if (is_hour)
			collect(collector->services);
		tick(collector->services, is_hour);
		quota_rules_tick(&rules, collector->services);
		pthread_mutex_lock(&collector->mutex);
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec++;
		while (!collector->stops && pthread_cond_timedwait(
		    &collector->stopped, &collector->mutex, &until) == 0)
			;
	}
	pthread_mutex_unlock(&collector->mutex);
	quota_rules_clear(&rules);
	return NULL;
}

enum status
collector_start(struct collector **out, struct services *services)
{
	struct collector *collector;
	pthread_condattr_t attr;

	*out = NULL;
	if ((collector = calloc(1, sizeof(*collector))) == NULL)
		return STATUS_NO_MEMORY;
	collector->services = services;
	pthread_mutex_init(&collector->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&collector->stopped, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&collector->thread, NULL, collector_thread,
	    collector) != 0) {
		free(collector);
		return status_set(STATUS_NO_MEMORY,
		    "cannot start the collector");
	}
	*out = collector;
	return STATUS_OK;
}

void
collector_stop(struct collector *collector)
{
	if (collector == NULL)
		return;
	pthread_mutex_lock(&collector->mutex);
	collector->stops = true;
	pthread_mutex_unlock(&collector->mutex);
	pthread_cond_signal(&collector->stopped);
	pthread_join(collector->thread, NULL);
	pthread_cond_destroy(&collector->stopped);
	pthread_mutex_destroy(&collector->mutex);
	free(collector);
}
