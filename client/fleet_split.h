/*
 * fleet_split - which files go over all connections of a fleet, one after the
 * other: those that are long, and that cannot be shared out evenly.
 */
#ifndef FLEET_SPLIT_H
#define FLEET_SPLIT_H

#include "fleet.h"

/* Bytes of a long one. */
#define FLEET_SPLIT_LEAST	(UINT64_C(64) << 20)

struct fleet_split {
	size_t		*numbers;	/* owned; ascending */
	size_t		 len;
};

/*
 * The largest of the long ones, until those that are left are as many as go
 * evenly on so many connections, and none is more than twice their mean.
 */
enum status fleet_split(struct fleet_split *out,
    const struct fleet_work *work, unsigned int jobs);

void fleet_split_clear(struct fleet_split *split);

#endif
