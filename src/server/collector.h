/*
 * collector - a thread that now and then removes stages which were left behind
 * by a crash, and each second makes those let go of a claim who must.
 */
#ifndef COLLECTOR_H
#define COLLECTOR_H

#include "services.h"

struct collector;

enum status collector_start(struct collector **out,
    struct services *services);

/* Ends the thread; collector_stop(NULL) does nothing. */
void collector_stop(struct collector *collector);

#endif
