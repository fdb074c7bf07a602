/*
 * put_held - what a server has of a folder that is sent as one: the digest of
 * each member that was sent, in this run or in an earlier one.
 */
#ifndef PUT_HELD_H
#define PUT_HELD_H

#include <stdbool.h>
#include <stdint.h>

#include "digest.h"
#include "put_tree.h"
#include "remote_tree.h"
#include "sender.h"
#include "status.h"

/* Nothing is there yet. */
enum status put_held_begin(struct put_tree *put);
void put_held_forget(struct put_tree *put);

/* The file of that path has been sent. */
void put_held_note(struct put_tree *put, const struct sending *sending);

/*
 * Which members of an earlier run are what is here now, by their digests?
 * `*fits` is false if something is there that is not here any more.
 */
enum status put_held_compare(struct put_tree *put,
    const struct remote_tree *there, bool *fits);

/* The digest of the manifest. */
enum status put_held_sum(uint8_t out[DIGEST_SIZE],
    const struct put_tree *put);

/* Is what was published with that manifest all that is here now? */
bool put_held_is_all(struct put_tree *put,
    const uint8_t published[DIGEST_SIZE]);

#endif
