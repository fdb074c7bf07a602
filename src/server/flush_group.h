/*
 * flush_group - batches that are made durable and published together.
 */
#ifndef FLUSH_GROUP_H
#define FLUSH_GROUP_H

#include <stddef.h>

#include "batch.h"
#include "flush_choice.h"
#include "kit.h"

/*
 * Carry out `batches` (linked by next, all of one base): flush the stages,
 * publish in order, flush the folders, and note each member's outcome.
 */
/*
 * Or until `waits` is set: then its first member that is not settled meets
 * locks and may wait, and what comes behind stays as it is.  Run again, it goes
 * on there.
 */
void flush_group_run(struct batch *batches, struct kit *kit,
    struct flush_choice *choice);

#endif
