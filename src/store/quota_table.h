/*
 * quota_table - the folders with quotas that a process knows of on a base: all
 * that have a file in the base's private folder.
 */
#ifndef QUOTA_TABLE_H
#define QUOTA_TABLE_H

#include "quota.h"
#include "quota_file.h"

/* Have the one for `root`; it is made if need be. */
enum status quota_table_have(struct quota_table *table,
    const struct base *base, const char *root);

/* NULL if there is none. */
struct quota_tree *quota_table_get(struct quota_table *table,
    const char *root);

/* Those that `full`, a path from the base on, lies in; how many. */
unsigned int quota_table_find(struct quota_table *table,
    const struct base *base, const char *full,
    struct quota_tree *out[QUOTA_NESTED]);

/*
 * Between these two nobody else changes it, in this process or another.  A file
 * that was removed or spoiled is made anew, with what this process has
 * promised; nothing may be promised before it is counted.
 */
enum status quota_tree_begin(struct quota_tree *tree, struct quota_data *data);
enum status quota_tree_end(struct quota_tree *tree, struct quota_data *data);

/*
 * For when these fail: give back what this process has promised, without a
 * word of what has come of it, and have it counted again.
 */
void quota_tree_forgo(struct quota_tree *tree, struct quota_amount promised);

/*
 * Count it now if that was never done.  STATUS_BUSY if that takes long: then
 * the tick does it.
 */
enum status quota_tree_count(struct quota_tree *tree);

/*
 * Bytes that are kept of uploads into it, as they were counted last; between
 * begin and end.
 */
struct quota_kept {
	uint64_t	 bytes;
	uint64_t	 look;		/* number of that look */
};
struct quota_kept quota_tree_kept(const struct quota_tree *tree);

/*
 * How many looks at what is kept have begun.  Later ones do not find what has
 * been claimed before this call.
 */
uint64_t quota_table_looks(const struct quota_table *table);

/*
 * For who counts them, from one thread only: false until the time (clock_ms)
 * that the last count ended with.
 */
bool quota_table_may_look(const struct quota_table *table, uint64_t now);
void quota_table_begin_kept(struct quota_table *table);
void quota_tree_add_kept(struct quota_tree *tree, uint64_t bytes);
void quota_table_end_kept(struct quota_table *table, uint64_t next);

bool quota_tree_is(const struct quota_tree *tree, const char *root);

/* What this process has promised, within `data`. */
struct quota_amount *quota_tree_slot(const struct quota_tree *tree,
    struct quota_data *data);

#endif
