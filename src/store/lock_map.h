/*
 * lock_map - which bytes of a file are locked, and how: ranges in order that do
 * not overlap.  Only arithmetic; the kernel's locks are set elsewhere.
 */
#ifndef LOCK_MAP_H
#define LOCK_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "range_lock.h"

struct lock_range {
	uint64_t	 start, end;	/* end: the first byte behind it */
	enum range_lock_kind kind;	/* never RANGE_LOCK_NONE */
};

/* Begin with { 0 }. */
struct lock_map {
	struct lock_range *ranges;	/* owned; neighbours differ in kind */
	size_t		 count;
	size_t		 room;
};

/*
 * Make the bytes from `start` up to `end` (which is behind it) of that kind,
 * whatever they were.  False, and nothing is changed, if there is no memory.
 */
bool lock_map_set(struct lock_map *map, uint64_t start, uint64_t end,
    enum range_lock_kind kind);

/* The kind of the byte `at`; it is the same up to `*until`. */
enum range_lock_kind lock_map_at(const struct lock_map *map, uint64_t at,
    uint64_t *until);

bool lock_map_copy(struct lock_map *out, const struct lock_map *map);
void lock_map_clear(struct lock_map *map);

#endif
