/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "lock_map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A set makes at most two ranges more. */
static bool
make_room(struct lock_map *map)
{
	/* A copy has no room to spare. */
	size_t room = map->count * 2 + 4;
	struct lock_range *ranges;

	if (map->room - map->count >= 2)
		return true;
	ranges = realloc(map->ranges, room * sizeof(*ranges));
	if (ranges == NULL)
		return false;
	map->ranges = ranges;
	map->room = room;
	return true;
}

static void
insert(struct lock_map *map, size_t i, struct lock_range range)
{
	memmove(&map->ranges[i + 1], &map->ranges[i],
	    (map->count - i) * sizeof(range));
	map->ranges[i] = range;
	map->count++;
}

static void
take_out(struct lock_map *map, size_t i)
{
	map->count--;
	memmove(&map->ranges[i], &map->ranges[i + 1],
	    (map->count - i) * sizeof(map->ranges[0]));
}

/* Cut away what lies in [start, end); returns where that would stand. */
static size_t
cut(struct lock_map *map, uint64_t start, uint64_t end)
{
	struct lock_range *range, rest;
	size_t i = 0;

	while (i < map->count && map->ranges[i].end <= start)
		i++;
	if (i < map->count && map->ranges[i].start < start) {
		range = &map->ranges[i];
		rest = *range;
		range->end = start;
		i++;
		if (rest.end > end) {
			rest.start = end;
			insert(map, i, rest);
			return i;
		}
	}
	while (i < map->count && map->ranges[i].end <= end)
		take_out(map, i);
	if (i < map->count && map->ranges[i].start < end)
		map->ranges[i].start = end;
	return i;
}

/* Join the range at `i` to the one before it, if they are one. */
static void
join(struct lock_map *map, size_t i)
{
	if (i == 0 || i >= map->count ||
	    map->ranges[i - 1].end != map->ranges[i].start ||
	    map->ranges[i - 1].kind != map->ranges[i].kind)
		return;
	map->ranges[i - 1].end = map->ranges[i].end;
	take_out(map, i);
}

bool
lock_map_set(struct lock_map *map, uint64_t start, uint64_t end,
    enum range_lock_kind kind)
{
	size_t i;

	assert(start < end);
	if (!make_room(map))
		return false;
	i = cut(map, start, end);
	if (kind == RANGE_LOCK_NONE)
		return true;
	insert(map, i, (struct lock_range){ start, end, kind });
	join(map, i + 1);
	join(map, i);
	return true;
}

enum range_lock_kind
lock_map_at(const struct lock_map *map, uint64_t at, uint64_t *until)
{
	size_t i;

	for (i = 0; i < map->count && map->ranges[i].end <= at; i++)
		;
	*until = RANGE_LOCK_END;
	if (i == map->count)
		return RANGE_LOCK_NONE;
	if (map->ranges[i].start > at) {
		*until = map->ranges[i].start;
		return RANGE_LOCK_NONE;
	}
	*until = map->ranges[i].end;
	return map->ranges[i].kind;
}

bool
lock_map_copy(struct lock_map *out, const struct lock_map *map)
{
	memset(out, 0, sizeof(*out));
	if (map->count == 0)
		return true;
	out->ranges = malloc(map->count * sizeof(*out->ranges));
	if (out->ranges == NULL)
		return false;
	memcpy(out->ranges, map->ranges, map->count * sizeof(*out->ranges));
	out->count = out->room = map->count;
	return true;
}

void
lock_map_clear(struct lock_map *map)
{
	free(map->ranges);
	memset(map, 0, sizeof(*map));
}
