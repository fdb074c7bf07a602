/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "quota_watch.h"

#include <stdlib.h>

#include "quota.h"
#include "quota_rules.h"
#include "ticker.h"

#define INTERVAL 3600	/* ticks until all is counted again */

struct quota_watch {
	struct services	*services;	/* borrowed */
	struct quota_rules rules;
	struct ticker	*ticker;	/* owned */
};

static void
tick(void *ctx, unsigned int number)
{
	struct quota_watch *watch = ctx;
	const struct services *services = watch->services;

	for (size_t i = 0; i < services->base_count; i++)
		quota_table_tick(services->bases[i], number % INTERVAL == 0);
	quota_rules_tick(&watch->rules, watch->services);
}

enum status
quota_watch_start(struct quota_watch **out, struct services *services)
{
	struct quota_watch *watch;
	enum status st;

	*out = NULL;
	if ((watch = calloc(1, sizeof(*watch))) == NULL)
		return status_set(STATUS_NO_MEMORY, "out of memory");
	watch->services = services;
	if ((st = ticker_start(&watch->ticker, tick, watch)) != STATUS_OK) {
		free(watch);
		return st;
	}
	*out = watch;
	return STATUS_OK;
}

void
quota_watch_stop(struct quota_watch *watch)
{
	if (watch == NULL)
		return;
	ticker_stop(watch->ticker);
	quota_rules_clear(&watch->rules);
	free(watch);
}
