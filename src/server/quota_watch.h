/*
 * quota_watch - a thread that keeps the counts of quotas right.  It has nothing
 * else to do: to count a large folder takes long.
 */
#ifndef QUOTA_WATCH_H
#define QUOTA_WATCH_H

#include "services.h"

struct quota_watch;

enum status quota_watch_start(struct quota_watch **out,
    struct services *services);

/* Ends the thread; quota_watch_stop(NULL) does nothing. */
void quota_watch_stop(struct quota_watch *watch);

#endif
