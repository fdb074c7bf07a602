/*
 * names - locks on names: who commits, removes or renames holds the byte
 * hash(parent inode, name) in one of the 64 `names` files of the base.
 * Names lie in [0, 2^61) of those files; claims lie above.
 *
 * A `struct names` holds descriptors of its own and belongs to one thread at
 * a time (OFD locks taken through one descriptor do not exclude each other).
 */
#ifndef NAMES_H
#define NAMES_H

#include "base.h"
#include "status.h"
#include "walk.h"

struct names;

/* A thread's own descriptors for the names files of one base. */
enum status names_open(struct names **out, const struct base *base);
void names_close(struct names *names);

/*
 * Hold one name, or two (`other` may be NULL) in an order that cannot
 * deadlock.  Waits for at most a few short moments: STATUS_LOCKED after that.
 */
enum status names_hold(struct names *names, const struct folder *folder,
    const char *name, const struct folder *other_folder, const char *other);

/*
 * The claim byte of a name, in [2^61, 2^62): a descriptor of its own for the
 * names file, the caller's, and where the byte lies.  Takes no lock.
 */
enum status names_claim_byte(int *fd, off_t *at, const struct base *base,
    const struct folder *folder, const char *name);

/* Give back all that names_hold took. */
void names_release(struct names *names);

#endif
