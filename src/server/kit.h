/*
 * kit - what each worker and each thread of a line has for itself: descriptors
 * for locks on names, which only exclude others while they are its own.
 */
#ifndef KIT_H
#define KIT_H

#include <stddef.h>

#include "names.h"
#include "status.h"

struct kit;

/* For the bases given, which outlive the kit. */
enum status kit_new(struct kit **out, struct base *const *bases,
    size_t count);
void kit_free(struct kit *kit);

/* The thread's names of this base; NULL if it is none of the kit's. */
struct names *kit_names(struct kit *kit, const struct base *base);

#endif
