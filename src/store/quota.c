/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "quota.h"

#include <stdio.h>
#include <string.h>

#include "quota_file.h"
#include "quota_table.h"

#define FULL_ROOM (2 * WALK_PATH_ROOM)

static bool
is_limited(const struct place *place)
{
	return place->quota.bytes != 0 || place->quota.files != 0;
}

/* The trees that the path lies in; with `make`, the place's own at least. */
static enum status
find_trees(struct quota_hold *hold, const struct place *place,
    const char *path, bool make)
{
	struct quota_table *table = base_quotas(place->base);
	char full[FULL_ROOM];
	enum status st;

	memset(hold, 0, sizeof(*hold));
	if (make && is_limited(place) && (st = quota_table_have(table,
	    place->base, place->root)) != STATUS_OK)
		return st;
	snprintf(full, sizeof(full), "%s%s", place->root,
	    place_path(place, path));
	hold->count = quota_table_find(table, place->base,
	    full + strspn(full, "/"), hold->tree);
	return STATUS_OK;
}

bool
quota_counts(const struct place *place, const char *path)
{
	struct quota_hold hold;

	return is_limited(place) ||
	    (find_trees(&hold, place, path, false) == STATUS_OK &&
	    hold.count > 0);
}

static enum status
check_one(int64_t limit, int64_t used, uint64_t kept, uint64_t want)
{
	if (limit == 0 || want == 0)
		return STATUS_OK;
	if (want > (uint64_t)limit)
		return status_set(STATUS_TOO_LARGE,
		    "this is more than the whole quota");
	if (used + (int64_t)want > limit)
		return status_set(STATUS_QUOTA, "the quota is used up");
	if (used + (int64_t)(kept + want) > limit)
		return status_set(STATUS_QUOTA, "unfinished uploads take the "
		    "rest of the quota: go on with them, or give them up");
	return STATUS_OK;
}

static enum status
check_limits(const struct quota_data *data, uint64_t kept,
    struct quota_amount more)
{
	struct quota_amount promised = quota_promised(data);
	enum status st;

	st = check_one(data->limit.bytes, data->used.bytes + promised.bytes,
	    kept, (uint64_t)more.bytes);
	if (st == STATUS_OK)
		st = check_one(data->limit.files,
		    data->used.files + promised.files, 0,
		    (uint64_t)more.files);
	return st;
}

/* Nothing is promised of what nobody knows. */
static enum status
begin_counted(struct quota_tree *tree, struct quota_data *data)
{
	enum status st;

	if ((st = quota_tree_begin(tree, data)) != STATUS_OK ||
	    data->is_counted)
		return st;
	quota_tree_end(tree, NULL);
	if ((st = quota_tree_count(tree)) != STATUS_OK ||
	    (st = quota_tree_begin(tree, data)) != STATUS_OK ||
	    data->is_counted)
		return st;
	quota_tree_end(tree, NULL);
	return status_set(STATUS_BUSY, "the quota is being counted");
}

/*
 * What is kept of other uploads than that of the hold, which a look that began
 * since does not find any more.
 */
static uint64_t
kept_beside(const struct quota_tree *tree, const struct quota_hold *hold)
{
	struct quota_kept kept = quota_tree_kept(tree);

	if (kept.look > hold->look)
		return kept.bytes;
	return kept.bytes > hold->stage ? kept.bytes - hold->stage : 0;
}

/* Promise more in one tree of the hold. */
static enum status
promise(struct quota_hold *hold, unsigned int number, const struct place *own,
    struct quota_amount more)
{
	struct quota_tree *tree = hold->tree[number];
	struct quota_amount *slot;
	struct quota_data data;
	enum status st;

	if ((st = begin_counted(tree, &data)) != STATUS_OK)
		return st;
	if (own != NULL)
		hold->counts[number] = data.counts;
	if (own != NULL && is_limited(own) && quota_tree_is(tree, own->root)) {
		data.limit.bytes = (int64_t)own->quota.bytes;
		data.limit.files = (int64_t)own->quota.files;
	}
	st = check_limits(&data, kept_beside(tree, hold), more);
	if (st == STATUS_OK) {
		slot = quota_tree_slot(tree, &data);
		slot->bytes += more.bytes;
		slot->files += more.files;
	}
	if (st != STATUS_OK) {
		quota_tree_end(tree, NULL);
		return st;
	}
	return quota_tree_end(tree, &data);
}

/* Less than nothing: somebody has changed files behind our back. */
static void
set_unsure(struct quota_data *data)
{
	data->used.bytes = data->used.bytes < 0 ? 0 : data->used.bytes;
	data->used.files = data->used.files < 0 ? 0 : data->used.files;
	data->is_unsure = 1;
}

static void
note_come(struct quota_data *data, struct quota_amount come, uint64_t counts)
{
	if (come.bytes == 0 && come.files == 0)
		return;
	data->changes++;
	if (data->counts != counts) {
		/* The count may have seen it already, or not. */
		come.bytes = come.bytes < 0 ? 0 : come.bytes;
		come.files = come.files < 0 ? 0 : come.files;
		data->is_unsure = 1;
	}
	data->used.bytes += come.bytes;
	data->used.files += come.files;
	if (come.bytes > 0)
		data->added.bytes += come.bytes;
	if (come.files > 0)
		data->added.files += come.files;
	if (data->used.bytes < 0 || data->used.files < 0)
		set_unsure(data);
}

/* Give back a promise, and say what has come of it. */
static void
keep(struct quota_tree *tree, struct quota_amount promised,
    struct quota_amount come, const uint64_t *counts)
{
	struct quota_amount *slot;
	struct quota_data data;

	if (quota_tree_begin(tree, &data) != STATUS_OK) {
		quota_tree_forgo(tree, promised);
		return;
	}
	slot = quota_tree_slot(tree, &data);
	slot->bytes -= promised.bytes;
	slot->files -= promised.files;
	note_come(&data, come, counts != NULL ? *counts : data.counts);
	if (quota_tree_end(tree, &data) != STATUS_OK)
		quota_tree_forgo(tree, promised);
}

static enum status
promise_all(struct quota_hold *hold, const struct place *own, uint64_t bytes,
    uint64_t files)
{
	const struct quota_amount more = { (int64_t)bytes, (int64_t)files };
	enum status st = STATUS_OK;
	unsigned int i;

	for (i = 0; i < hold->count && st == STATUS_OK; i++)
		st = promise(hold, i, own, more);
	if (st == STATUS_OK) {
		hold->bytes += bytes;
		hold->files += files;
		return STATUS_OK;
	}
	/* The one that said no has taken nothing. */
	while (--i > 0)
		keep(hold->tree[i - 1], more, (struct quota_amount){ 0 },
		    NULL);
	return st;
}

enum status
quota_reserve(struct quota_hold *hold, const struct place *place,
    const char *path, uint64_t bytes, uint64_t files)
{
	hold->stage = 0;
	return quota_reserve_again(hold, place, path, bytes, files);
}

enum status
quota_reserve_again(struct quota_hold *hold, const struct place *place,
    const char *path, uint64_t bytes, uint64_t files)
{
	uint64_t stage = hold->stage;
	enum status st;

	if ((st = find_trees(hold, place, path, true)) == STATUS_OK &&
	    hold->count > 0) {
		hold->stage = stage;
		hold->look = quota_table_looks(base_quotas(place->base));
		st = promise_all(hold, place, bytes, files);
	}
	if (st != STATUS_OK)
		hold->count = 0;
	return st;
}

enum status
quota_raise(struct quota_hold *hold, uint64_t bytes, uint64_t files)
{
	uint64_t more_bytes = bytes > hold->bytes ? bytes - hold->bytes : 0;
	uint64_t more_files = files > hold->files ? files - hold->files : 0;

	if (hold->count == 0 || (more_bytes == 0 && more_files == 0))
		return STATUS_OK;
	return promise_all(hold, NULL, more_bytes, more_files);
}

void
quota_settle(struct quota_hold *hold, int64_t bytes, int64_t files)
{
	const struct quota_amount promised = { (int64_t)hold->bytes,
		(int64_t)hold->files };
	unsigned int i;

	for (i = 0; i < hold->count; i++)
		keep(hold->tree[i], promised,
		    (struct quota_amount){ bytes, files }, &hold->counts[i]);
	memset(hold, 0, sizeof(*hold));
}

void
quota_release(struct quota_hold *hold)
{
	quota_settle(hold, 0, 0);
}

void
quota_doubt(struct quota_hold *hold)
{
	/* No count has this number. */
	memset(hold->counts, 0, sizeof(hold->counts));
}

void
quota_expect(struct quota_hold *hold, const struct place *place,
    const char *path)
{
	struct quota_data data;
	unsigned int i;

	if (find_trees(hold, place, path, false) != STATUS_OK)
		hold->count = 0;
	for (i = 0; i < hold->count; i++) {
		/* No count has this number: it will be counted again. */
		hold->counts[i] = 0;
		if (quota_tree_begin(hold->tree[i], &data) != STATUS_OK)
			continue;
		hold->counts[i] = data.counts;
		(void)quota_tree_end(hold->tree[i], NULL);
	}
}

static void
note_move(struct quota_tree *tree, bool is_unsure)
{
	struct quota_data data;

	if (quota_tree_begin(tree, &data) != STATUS_OK)
		return;
	data.changes++;
	if (is_unsure)
		data.is_unsure = 1;
	(void)quota_tree_end(tree, &data);
}

static bool
is_in(const struct quota_hold *hold, const struct quota_tree *tree)
{
	unsigned int i;

	for (i = 0; i < hold->count; i++)
		if (hold->tree[i] == tree)
			return true;
	return false;
}

void
quota_moved(const struct place *place, const char *path, const char *target)
{
	struct quota_hold from, to;
	unsigned int i;

	if (find_trees(&from, place, path, false) != STATUS_OK ||
	    find_trees(&to, place, target, false) != STATUS_OK)
		return;
	for (i = 0; i < from.count; i++)
		note_move(from.tree[i], !is_in(&to, from.tree[i]));
	for (i = 0; i < to.count; i++)
		if (!is_in(&from, to.tree[i]))
			note_move(to.tree[i], true);
}

enum status
quota_look(struct quota_usage *out, const struct place *place)
{
	struct quota_table *table = base_quotas(place->base);
	struct quota_kept kept;
	struct quota_tree *tree;
	struct quota_data data;
	enum status st;

	memset(out, 0, sizeof(*out));
	if (!is_limited(place))
		return STATUS_OK;
	if ((st = quota_table_have(table, place->base, place->root)) !=
	    STATUS_OK)
		return st;
	tree = quota_table_get(table, place->root);
	if ((st = begin_counted(tree, &data)) != STATUS_OK)
		return st;
	kept = quota_tree_kept(tree);
	quota_tree_end(tree, NULL);
	out->has_bytes = place->quota.bytes != 0;
	out->has_files = place->quota.files != 0;
	out->bytes = place->quota.bytes;
	out->files = place->quota.files;
	out->bytes_used = (uint64_t)data.used.bytes + kept.bytes;
	out->files_used = (uint64_t)data.used.files;
	return STATUS_OK;
}
