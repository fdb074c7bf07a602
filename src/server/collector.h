/*
 * collector - a thread that now and then removes stages which were left behind
 * by a crash, and each second makes those let go of a claim who must.
 */
#ifndef COLLECTOR_H
#define COLLECTOR_H

#include "services.h"
#include "ticker.h"

enum status collector_start(struct ticker **out, struct services *services);

#endif
