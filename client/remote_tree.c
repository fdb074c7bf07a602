/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "remote_tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status
malformed(void)
{
	return status_set(STATUS_PROTOCOL,
	    "the server sent a path that leads out of its folder");
}

static enum status
too_many(uint64_t most)
{
	return status_set(STATUS_PROTOCOL, "the server tells of more than "
	    "%" PRIu64 " files, or %" PRIu64 " bytes of paths, in one folder "
	    "(see --max-files)", most, most * REMOTE_TREE_PATH);
}

/* One name of a path: not empty, not "." or "..". */
static bool
is_name(const char *at, size_t len)
{
	return len > 0 && len <= FT1_NAME_MAX &&
	    !(len == 1 && at[0] == '.') &&
	    !(len == 2 && at[0] == '.' && at[1] == '.');
}

bool
remote_path_is_below(const struct ft1_entry *entry)
{
	const char *at = entry->name, *slash;
	size_t left = entry->name_len;

	if (left > FT1_PATH_MAX || memchr(at, '\0', left) != NULL)
		return false;
	while ((slash = memchr(at, '/', left)) != NULL) {
		if (!is_name(at, (size_t)(slash - at)))
			return false;
		left -= (size_t)(slash + 1 - at);
		at = slash + 1;
	}
	return is_name(at, left);
}

static enum status
add(struct remote_tree *tree, const struct ft1_entry *entry)
{
	size_t room = tree->room * 2 + 64;
	struct remote_entry *more, *out;
	const char *prefix = tree->prefix != NULL ? tree->prefix : "";
	uint64_t most = tree->most != 0 ? tree->most : REMOTE_TREE_MOST;
	int len;

	if (tree->told >= most || strlen(prefix) + 1 + entry->name_len >=
	    most * REMOTE_TREE_PATH - tree->bytes)
		return too_many(most);
	if (tree->len == tree->room) {
		more = realloc(tree->at, room * sizeof(*more));
		if (more == NULL)
			return status_no_memory();
		tree->at = more;
		tree->room = room;
	}
	out = &tree->at[tree->len];
	*out = (struct remote_entry){ .type = entry->type,
	    .mode = entry->mode, .size = entry->size,
	    .mtime = entry->mtime };
	memcpy(out->id, entry->version, sizeof(out->id));
	len = asprintf(&out->path, "%s%s%.*s", prefix,
	    *prefix != '\0' ? "/" : "", (int)entry->name_len, entry->name);
	if (len == -1)
		return status_no_memory();
	tree->len++;
	tree->bytes += (size_t)len;
	return STATUS_OK;
}

bool
remote_tree_admits(const struct remote_tree *tree,
    const struct remote_entry *entry)
{
	const struct tree_filter *filter;

	if (tree->options == NULL)
		return true;
	filter = &tree->options->filter;
	return tree_filter_reaches(filter, entry->path, entry->type == 'd') &&
	    (entry->type != 'f' ||
	    tree_filter_fits(filter, entry->size, entry->mtime));
}

static enum status
note(struct remote_tree *tree, const struct remote_entry *entry, bool is_in)
{
	enum status st = STATUS_OK;

	if (tree->options == NULL || !tree->options->deletes)
		return STATUS_OK;
	if (!is_in || (entry->type == 'l' && !tree->options->follows))
		st = path_list_add(&tree->left, entry->path);
	return st == STATUS_OK ? path_list_add(&tree->seen, entry->path) : st;
}

/* The entry that came last stays only if the options let it in. */
static enum status
drop_if_out(struct remote_tree *tree)
{
	struct remote_entry *entry = &tree->at[tree->len - 1];
	bool is_in = remote_tree_admits(tree, entry);
	enum status st = note(tree, entry, is_in);

	if (!is_in) {
		free(entry->path);
		tree->len--;
	}
	return st;
}

enum status
remote_tree_take(struct remote_tree *tree, const struct frame *frame)
{
	const uint8_t *row = frame->payload;
	size_t left = frame->header.length;
	struct ft1_entry entry;
	enum ft1_next next;
	enum status st;

	while ((next = ft1_entry_next(&entry, &row, &left)) == FT1_FIELD) {
		if (!remote_path_is_below(&entry))
			return malformed();
		if ((st = add(tree, &entry)) != STATUS_OK ||
		    (st = drop_if_out(tree)) != STATUS_OK)
			return st;
		tree->told++;
	}
	return next == FT1_END ? STATUS_OK : malformed();
}

static enum status
take_found(struct call *call, const struct frame *frame)
{
	struct remote_tree *tree = call->owner;
	struct reply reply;
	enum status st;

	if (frame->header.type == FT1_ENTRIES)
		return remote_tree_take(tree, frame);
	st = reply_final(&reply, frame, "a find", REPLY_COUNT);
	if (st == STATUS_OK && reply.count != tree->told - tree->before)
		st = status_set(STATUS_PROTOCOL,
		    "the server told of fewer files than it found");
	return st;
}

static int
compare(const void *a, const void *b)
{
	const struct remote_entry *left = a, *right = b;

	return strcmp(left->path, right->path);
}

void
remote_tree_sort(struct remote_tree *tree)
{
	if (tree->len > 1)
		qsort(tree->at, tree->len, sizeof(*tree->at), compare);
	path_list_sort(&tree->seen);
	path_list_sort(&tree->left);
}

enum status
remote_tree_add(struct remote_tree *tree, struct remote *remote,
    const char *path, const char *prefix)
{
	struct call call = { .receiver = take_found, .owner = tree };
	struct ft1_frame *frame;
	enum status st;

	tree->before = tree->told;
	tree->prefix = prefix;
	frame = remote_request(remote, FT1_FIND, 0, &call);
	ft1_put_string(frame, FT1_TAG_PATH, path);
	if (tree->options != NULL && tree->options->is_flat)
		ft1_put_u32(frame, FT1_TAG_DEPTH, 1);
	st = remote_finish(remote, &call);
	tree->prefix = NULL;
	return st;
}

enum status
remote_tree_read(struct remote_tree *tree, struct remote *remote,
    const char *path)
{
	enum status st = remote_tree_add(tree, remote, path, NULL);

	remote_tree_sort(tree);
	return st;
}

void
remote_tree_clear(struct remote_tree *tree)
{
	while (tree->len > 0)
		free(tree->at[--tree->len].path);
	free(tree->at);
	tree->at = NULL;
	tree->room = 0;
	tree->bytes = 0;
	tree->told = tree->before = 0;
	path_list_clear(&tree->seen);
	path_list_clear(&tree->left);
}
