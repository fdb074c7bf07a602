/*
 * quota_kept - count what is kept of uploads that nobody sends at the moment,
 * so that it takes room in the quotas of the folders that they go to.
 */
#ifndef QUOTA_KEPT_H
#define QUOTA_KEPT_H

#include "base.h"

/*
 * Look through all uploads of the base, and note in its quotas what was found.
 * To be called by one thread, as often as it likes: after a look that took long
 * the next ones are left out for ten times as long.
 */
void quota_kept_count(const struct base *base);

#endif
