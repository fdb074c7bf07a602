/*
 * collector - removes stages that were left behind by a crash, now and then,
 * and what was given up, each second; and makes those let go of a claim who
 * must.
 */
#ifndef COLLECTOR_H
#define COLLECTOR_H

#include "services.h"
#include "ticker.h"

/* Each a thread of its own: to remove takes long, and claims cannot wait. */
enum status collector_start(struct ticker **out, struct services *services);
enum status collector_start_claims(struct ticker **out,
    struct services *services);

#endif
