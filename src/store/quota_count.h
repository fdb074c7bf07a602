/*
 * quota_count - count what lies below a folder, while it is served.
 */
#ifndef QUOTA_COUNT_H
#define QUOTA_COUNT_H

#include "quota_file.h"
#include "status.h"

/*
 * How much lies below the root by now: nothing if it is not there.  STATUS_BUSY
 * if there are more than `most` names.
 */
enum status quota_count_walk(struct quota_amount *out,
    const struct base *base, const char *root, uint64_t most);

/*
 * Put a sum taken by looking in place of what was counted, where `before` was
 * read before the look and `data` is as it is now.  False if so much has
 * happened meanwhile that it has to be done again; the counts are an upper
 * bound then.
 */
bool quota_count_take(struct quota_data *data, const struct quota_data *before,
    struct quota_amount sum);

#endif
