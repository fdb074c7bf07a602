/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "collector.h"

#include "claim_table.h"
#include "collect.h"
#include "log.h"

#define INTERVAL 3600	/* ticks between collections */

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
tick(void *ctx, unsigned int number)
{
	struct services *services = ctx;

	if (number % INTERVAL == 0)
		collect(services);
	for (size_t i = 0; i < services->base_count; i++)
		collect_gone(services->bases[i]);
}

static void
tick_claims(void *ctx, unsigned int number)
{
	const struct services *services = ctx;

	(void)number;
	for (size_t i = 0; i < services->base_count; i++)
		claim_table_tick(base_claims(services->bases[i]));
}

enum status
collector_start(struct ticker **out, struct services *services)
{
	return ticker_start(out, tick, services);
}

enum status
collector_start_claims(struct ticker **out, struct services *services)
{
	return ticker_start(out, tick_claims, services);
}
