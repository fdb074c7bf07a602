/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "quota_count.h"

#include <string.h>

#include "tree.h"

static void
add(struct quota_amount *sum, const struct tree_entry *entry)
{
	if (entry->leaving || entry->depth == 0)
		return;
	sum->files++;
	if (S_ISREG(entry->st.st_mode))
		sum->bytes += entry->st.st_size;
}

enum status
quota_count_walk(struct quota_amount *out, const struct base *base,
    const char *root, uint64_t most)
{
	const struct place place = { .base = base, .root = root };
	const struct tree_entry *entry;
	struct tree *tree;
	enum status st;

	memset(out, 0, sizeof(*out));
	st = tree_begin(&tree, &place, "/", true);
	if (st == STATUS_NOT_FOUND)
		return STATUS_OK;
	if (st != STATUS_OK)
		return st;
	do {
		/* Of a folder that cannot be read nothing can be said. */
		st = tree_next(tree, &entry);
		if (st == STATUS_OK && entry != NULL)
			add(out, entry);
	} while ((st != STATUS_OK || entry != NULL) &&
	    (uint64_t)out->files <= most);
	tree_end(tree);
	return (uint64_t)out->files <= most ? STATUS_OK :
	    status_set(STATUS_BUSY, "the quota is being counted");
}

bool
quota_count_take(struct quota_data *data, const struct quota_data *before,
    struct quota_amount sum)
{
	bool is_same = data->born == before->born;
	bool is_exact = is_same && data->changes == before->changes;

	data->used = sum;
	data->is_counted = 1;
	data->counts++;
	data->is_unsure = !is_exact;
	if (!is_exact) {
		/* What came may have been seen already, or not. */
		data->used.bytes += data->added.bytes;
		data->used.files += data->added.files;
		if (is_same) {
			data->used.bytes -= before->added.bytes;
			data->used.files -= before->added.files;
		}
	}
	return is_exact;
}
