/*
 * quota_rules - takes a bound off a folder once no user and no share has it.
 * (A bound that is set or changed comes with the next request of who has it.)
 */
#ifndef QUOTA_RULES_H
#define QUOTA_RULES_H

#include "services.h"

/* What was looked at last; all zero at first. */
struct quota_rules {
	struct users	*users;		/* owned reference */
	struct settings	*settings;	/* likewise */
};

/* To be called about once a second; does little unless something is new. */
void quota_rules_tick(struct quota_rules *rules, struct services *services);
void quota_rules_clear(struct quota_rules *rules);

#endif
