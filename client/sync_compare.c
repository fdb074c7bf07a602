/* SPDX-License-Identifier: ISC */
/* What has to be done so that the target becomes like the source. */
#include "config.h"

#include "sync.h"

#include <stdlib.h>
#include <string.h>

/* One side, sorted by the bytes of its paths: folders before their content. */
struct side {
	struct sync_entry *at;		/* owned */
	size_t		 len;
};

static int
compare_entries(const void *a, const void *b)
{
	const struct sync_entry *left = a, *right = b;

	return strcmp(left->path, right->path);
}

static enum status
make_sides(const struct sync *sync, struct side *here, struct side *there)
{
	const struct local_entry *local = sync->here.at;
	const struct remote_entry *remote = sync->there.at;

	here->at = calloc(sync->here.len + 1, sizeof(*here->at));
	there->at = calloc(sync->there.len + 1, sizeof(*there->at));
	if (here->at == NULL || there->at == NULL)
		return status_no_memory();
	for (; here->len < sync->here.len; local++)
		here->at[here->len++] = (struct sync_entry){ local->path,
		    local->type, local->mode, local->size, local->mtime };
	for (; there->len < sync->there.len; remote++)
		there->at[there->len++] = (struct sync_entry){ remote->path,
		    remote->type, remote->mode & 0777, remote->size,
		    remote->mtime };
	qsort(here->at, here->len, sizeof(*here->at), compare_entries);
	qsort(there->at, there->len, sizeof(*there->at), compare_entries);
	return STATUS_OK;
}

/*
 * --- Steps by their paths ---------------------------------------------------
 */

struct key {
	const char	*path;
	size_t		 len;
};

static int
compare_key(const void *a, const void *b)
{
	const struct key *key = a;
	const struct sync_step *step = b;
	int order = strncmp(key->path, step->path, key->len);

	return order == 0 && step->path[key->len] != '\0' ? -1 : order;
}

static struct sync_step *
find(const struct sync *sync, const char *path, size_t len)
{
	struct key key = { path, len };

	return bsearch(&key, sync->at, sync->len, sizeof(*sync->at),
	    compare_key);
}

struct sync_step *
sync_find(const struct sync *sync, const char *path)
{
	return find(sync, path, strlen(path));
}

struct sync_step *
sync_parent(const struct sync *sync, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? NULL :
	    find(sync, path, (size_t)(slash - path));
}

/*
 * --- One path ---------------------------------------------------------------
 */

/* Some file systems keep whole seconds only. */
static bool
is_same_time(const struct file_time *a, const struct file_time *b)
{
	return a->seconds == b->seconds &&
	    (a->nanoseconds == b->nanoseconds || a->nanoseconds == 0 ||
	    b->nanoseconds == 0);
}

bool
sync_has_same_facts(const struct sync_step *step)
{
	return step->from.mode == step->to.mode &&
	    is_same_time(&step->from.mtime, &step->to.mtime);
}

static enum sync_what
what_of_file(const struct sync *sync, const struct sync_step *step)
{
	if (!tree_filter_fits(&sync->options.filter, step->from.size,
	    step->from.mtime))
		return SYNC_LEFT;
	if (step->to.type == '\0')
		return SYNC_NEW;
	if (step->to.type != 'f')
		return SYNC_BLOCKED;
	if (step->from.size != step->to.size)
		return SYNC_CHANGED;
	if (sync->checks)
		return SYNC_CHECK;
	if (!is_same_time(&step->from.mtime, &step->to.mtime))
		return SYNC_CHANGED;
	return sync_has_same_facts(step) ? SYNC_SAME : SYNC_FACTS;
}

static enum sync_what
what_of_folder(const struct sync_step *step)
{
	if (step->to.type == '\0')
		return SYNC_MAKE;
	if (step->to.type != 'd')
		return SYNC_BLOCKED;
	return sync_has_same_facts(step) ? SYNC_SAME : SYNC_FACTS;
}

static enum sync_what
what_of(const struct sync *sync, const struct sync_step *step)
{
	switch (step->from.type) {
	case 'f':
		return what_of_file(sync, step);
	case 'd':
		return what_of_folder(step);
	case '\0':
		return SYNC_GONE;
	default:
		return SYNC_LEFT;	/* is skipped, and so is the other */
	}
}

/*
 * --- All paths --------------------------------------------------------------
 */

static enum status
merge(struct sync *sync, const struct side *from, const struct side *to)
{
	struct sync_step *step;
	size_t i = 0, j = 0;
	int order;

	sync->at = calloc(from->len + to->len + 1, sizeof(*sync->at));
	if (sync->at == NULL)
		return status_no_memory();
	while (i < from->len || j < to->len) {
		step = &sync->at[sync->len++];
		order = i == from->len ? 1 : j == to->len ? -1 :
		    strcmp(from->at[i].path, to->at[j].path);
		if (order <= 0)
			step->from = from->at[i++];
		if (order >= 0)
			step->to = to->at[j++];
		step->path = order <= 0 ? step->from.path : step->to.path;
		step->what = what_of(sync, step);
	}
	return STATUS_OK;
}

/* A server may say anything: each path once, and in a folder. */
static enum status
check_paths(const struct sync *sync, const struct side *there)
{
	bool is_source = sync->ops == &sync_down;
	const struct sync_step *parent;
	size_t i;

	for (i = 0; i < there->len; i++) {
		parent = sync_parent(sync, there->at[i].path);
		if ((i > 0 && strcmp(there->at[i - 1].path,
		    there->at[i].path) == 0) ||
		    (parent == NULL ?
		    strchr(there->at[i].path, '/') != NULL :
		    (is_source ? parent->from.type : parent->to.type) != 'd'))
			return status_set(STATUS_PROTOCOL, "the server tells "
			    "of a path twice, or not of its folder");
	}
	return STATUS_OK;
}

static const char *
kind_of(char type)
{
	return type == 'f' ? "a file" : type == 'd' ? "a folder" :
	    type == 'l' ? "a symbolic link" : "neither a file nor a folder";
}

static void
refuse(struct sync *sync, struct sync_step *step)
{
	step->what = SYNC_LEFT;
	tally_fail(&sync->tally, step->path, status_set(STATUS_CANNOT_CREATE,
	    "%s: is %s at the target, which only --delete replaces by %s",
	    step->path, kind_of(step->to.type), kind_of(step->from.type)));
}

static void
skip(struct sync *sync, const struct sync_step *step)
{
	if (step->from.type == 'l')
		tally_skip(sync->client->settings, step->path,
		    "is a symbolic link");
	else
		tally_fail(&sync->tally, step->path,
		    status_set(STATUS_NOT_A_FILE,
		    "%s: neither a file nor a folder", step->path));
}

/* What depends on the folder in which it is, which stands before it. */
static void
settle_step(struct sync *sync, struct sync_step *step)
{
	const struct sync_step *parent = sync_parent(sync, step->path);
	bool is_stuck = parent != NULL && parent->what == SYNC_LEFT &&
	    parent->from.type == 'd';

	if (step->from.type == 'l' || step->from.type == 'o')
		skip(sync, step);
	step->is_kept = step->what == SYNC_LEFT ||
	    (parent != NULL && parent->is_kept);
	step->is_late = step->what == SYNC_BLOCKED ||
	    (parent != NULL && parent->is_late);
	if (step->what == SYNC_GONE && (!sync->options.deletes ||
	    step->is_kept || (sync->names.is_flat && step->to.type == 'd')))
		step->what = SYNC_LEFT;
	else if (is_stuck)
		step->what = SYNC_LEFT;	/* has no folder to go into */
	else if (step->what == SYNC_BLOCKED && !sync->options.deletes)
		refuse(sync, step);
}

enum status
sync_compare(struct sync *sync)
{
	struct side here = { 0 }, there = { 0 };
	bool is_up = sync->ops == &sync_up;
	enum status st;
	size_t i;

	if ((st = make_sides(sync, &here, &there)) == STATUS_OK &&
	    (st = merge(sync, is_up ? &here : &there,
	    is_up ? &there : &here)) == STATUS_OK)
		st = check_paths(sync, &there);
	for (i = 0; i < sync->len && st == STATUS_OK; i++) {
		settle_step(sync, &sync->at[i]);
		if (sync->at[i].from.type == 'f')
			sync->total += sync->at[i].from.size;
	}
	free(here.at);
	free(there.at);
	return st;
}
