/*
 * reach - the places that a user reaches: the own root, and the shares in it.
 */
#ifndef REACH_H
#define REACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "caller.h"

/*
 * The next place, with the rights that hold there: first the root, then each
 * share that the user sees.  `*next` begins at 0, and is for the next call;
 * false behind the last.
 */
bool reach_next(struct caller *there, size_t *next,
    const struct caller *caller);

/*
 * Put the caller where the user's upload of that id lies, by the path that it
 * goes to.  False, and nothing done, if there is none in reach.
 */
bool reach_upload(struct caller *caller, const uint8_t *id);

#endif
