/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "quota_table.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "quota_count.h"
#include "quota_kept.h"

#define COUNTS_MOST 5		/* at once, while others change the folder */
#define NAMES_AT_ONCE 4096	/* counted while somebody waits */

struct quota_tree {
	struct quota_tree *next;	/* set before it is in the table */
	char		*root;		/* owned */
	const struct base *base;	/* borrowed */
	pthread_mutex_t	 mutex;		/* held from begin to end */
	struct quota_file file;
	struct quota_amount promised;	/* by this process; as in its slot */
	uint64_t	 forgone;	/* changes that no count knows of */
	struct quota_kept kept;		/* with the mutex */
	uint64_t	 kept_next;	/* bytes, as they are being counted */
};

struct quota_table {
	pthread_rwlock_t lock;		/* of all below */
	struct quota_tree *first;	/* owned; trees stay to the end */
	bool		 is_loaded;
	struct timespec	 seen;		/* mtime of the folder when loaded */

	_Atomic uint64_t looks;		/* at what is kept, begun so far */
	uint64_t	 next_look;	/* clock_ms; the tick's thread alone */
};

struct quota_table *
quota_table_new(void)
{
	struct quota_table *table;

	if ((table = calloc(1, sizeof(*table))) == NULL)
		return NULL;
	pthread_rwlock_init(&table->lock, NULL);
	return table;
}

static void
free_tree(struct quota_tree *tree)
{
	if (tree == NULL)
		return;
	quota_file_close(&tree->file);
	pthread_mutex_destroy(&tree->mutex);
	free(tree->root);
	free(tree);
}

void
quota_table_free(struct quota_table *table)
{
	struct quota_tree *next;

	if (table == NULL)
		return;
	for (; table->first != NULL; table->first = next) {
		next = table->first->next;
		free_tree(table->first);
	}
	pthread_rwlock_destroy(&table->lock);
	free(table);
}

bool
quota_tree_is(const struct quota_tree *tree, const char *root)
{
	return strcmp(tree->root, root) == 0;
}

struct quota_amount *
quota_tree_slot(const struct quota_tree *tree, struct quota_data *data)
{
	return &data->slot[tree->file.slot];
}

enum status
quota_tree_begin(struct quota_tree *tree, struct quota_data *data)
{
	enum status st = STATUS_OK;

	pthread_mutex_lock(&tree->mutex);
	if (quota_file_is_gone(&tree->file)) {
		quota_file_close(&tree->file);
		st = quota_file_open(&tree->file, tree->base, tree->root,
		    true);
	}
	if (st == STATUS_OK)
		st = quota_file_begin(&tree->file, data);
	if (st == STATUS_OK) {
		*quota_tree_slot(tree, data) = tree->promised;
		data->changes += tree->forgone;
		data->is_unsure |= tree->forgone > 0;
	} else
		pthread_mutex_unlock(&tree->mutex);
	return st;
}

enum status
quota_tree_end(struct quota_tree *tree, struct quota_data *data)
{
	enum status st = quota_file_end(&tree->file, data);

	if (data != NULL && st == STATUS_OK) {
		tree->promised = *quota_tree_slot(tree, data);
		tree->forgone = 0;
	}
	pthread_mutex_unlock(&tree->mutex);
	return st;
}

void
quota_tree_forgo(struct quota_tree *tree, struct quota_amount promised)
{
	pthread_mutex_lock(&tree->mutex);
	tree->promised.bytes -= promised.bytes;
	tree->promised.files -= promised.files;
	tree->forgone++;
	pthread_mutex_unlock(&tree->mutex);
}

/*
 * One look at all of it, or at `most` names.  `*is_done` unless it was changed
 * meanwhile.
 */
static enum status
count_once(struct quota_tree *tree, uint64_t most, bool *is_done)
{
	struct quota_data before, data;
	struct quota_amount sum;
	enum status st;

	*is_done = false;
	if ((st = quota_tree_begin(tree, &before)) != STATUS_OK)
		return st;
	quota_tree_end(tree, NULL);
	if ((st = quota_count_walk(&sum, tree->base, tree->root, most)) !=
	    STATUS_OK ||
	    (st = quota_tree_begin(tree, &data)) != STATUS_OK)
		return st;
	*is_done = quota_count_take(&data, &before, sum);
	return quota_tree_end(tree, &data);
}

static enum status
count(struct quota_tree *tree, uint64_t most)
{
	enum status st = STATUS_OK;
	bool is_done = false;
	int i;

	for (i = 0; i < COUNTS_MOST && !is_done && st == STATUS_OK; i++)
		st = count_once(tree, most, &is_done);
	return st;
}

/* Nothing is promised from a quota of which nothing is known yet. */
enum status
quota_tree_count(struct quota_tree *tree)
{
	struct quota_data data;
	enum status st;

	if ((st = quota_tree_begin(tree, &data)) != STATUS_OK)
		return st;
	/* What was adopted in reading it counts from here on. */
	st = quota_tree_end(tree, &data);
	if (st == STATUS_OK && !data.is_counted)
		st = count(tree, NAMES_AT_ONCE);
	return st;
}

static enum status
open_tree(struct quota_tree **out, const struct base *base, const char *root,
    bool make)
{
	struct quota_tree *tree;
	enum status st = STATUS_NO_MEMORY;

	*out = NULL;
	if ((tree = calloc(1, sizeof(*tree))) == NULL)
		return st;
	pthread_mutex_init(&tree->mutex, NULL);
	tree->base = base;
	tree->file.fd = -1;
	if ((tree->root = strdup(root)) != NULL)
		st = quota_file_open(&tree->file, base, root, make);
	if (st != STATUS_OK) {
		free_tree(tree);
		return st;
	}
	*out = tree;
	return STATUS_OK;
}

static struct quota_tree *
get(const struct quota_table *table, const char *root)
{
	struct quota_tree *tree;

	for (tree = table->first; tree != NULL; tree = tree->next)
		if (quota_tree_is(tree, root))
			return tree;
	return NULL;
}

/* With the lock held to write. */
static enum status
add_tree(struct quota_table *table, const struct base *base, const char *root,
    bool make)
{
	struct quota_tree *tree;
	enum status st;

	if (get(table, root) != NULL)
		return STATUS_OK;
	if ((st = open_tree(&tree, base, root, make)) != STATUS_OK)
		return st;
	tree->next = table->first;
	table->first = tree;
	return STATUS_OK;
}

static void
load_all(struct quota_table *table, const struct base *base, DIR *dir)
{
	char root[QUOTA_ROOT_ROOM];
	struct dirent *entry;

	while ((entry = readdir(dir)) != NULL)
		if (strlen(entry->d_name) == QUOTA_NAME_ROOM - 1 &&
		    quota_file_root(root, base, entry->d_name) == STATUS_OK)
			(void)add_tree(table, base, root, false);
}

/* Those that are on disk already, and that other servers have made. */
static void
load(struct quota_table *table, const struct base *base)
{
	struct stat sb;
	DIR *dir;
	int fd;

	if (fstat(base_quota_fd(base), &sb) == -1 || (table->is_loaded &&
	    sb.st_mtim.tv_sec == table->seen.tv_sec &&
	    sb.st_mtim.tv_nsec == table->seen.tv_nsec))
		return;
	fd = openat(base_quota_fd(base), ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return;
	if ((dir = fdopendir(fd)) == NULL) {
		close(fd);
		return;
	}
	load_all(table, base, dir);
	closedir(dir);
	table->seen = sb.st_mtim;
	table->is_loaded = true;
}

enum status
quota_table_have(struct quota_table *table, const struct base *base,
    const char *root)
{
	enum status st = STATUS_OK;
	bool is_there;

	pthread_rwlock_rdlock(&table->lock);
	is_there = get(table, root) != NULL;
	pthread_rwlock_unlock(&table->lock);
	if (is_there)
		return STATUS_OK;
	pthread_rwlock_wrlock(&table->lock);
	st = add_tree(table, base, root, true);
	pthread_rwlock_unlock(&table->lock);
	return st;
}

struct quota_tree *
quota_table_get(struct quota_table *table, const char *root)
{
	struct quota_tree *tree;

	pthread_rwlock_rdlock(&table->lock);
	tree = get(table, root);
	pthread_rwlock_unlock(&table->lock);
	return tree;
}

static bool
lies_in(const char *full, const char *root)
{
	size_t len = strlen(root);

	return len == 0 || (strncmp(full, root, len) == 0 &&
	    (full[len] == '/' || full[len] == '\0'));
}

unsigned int
quota_table_find(struct quota_table *table, const struct base *base,
    const char *full, struct quota_tree *out[QUOTA_NESTED])
{
	struct quota_tree *tree;
	unsigned int count = 0;

	pthread_rwlock_rdlock(&table->lock);
	if (!table->is_loaded) {
		pthread_rwlock_unlock(&table->lock);
		pthread_rwlock_wrlock(&table->lock);
		load(table, base);
	}
	for (tree = table->first; tree != NULL && count < QUOTA_NESTED;
	    tree = tree->next)
		if (lies_in(full, tree->root))
			out[count++] = tree;
	pthread_rwlock_unlock(&table->lock);
	return count;
}

struct quota_kept
quota_tree_kept(const struct quota_tree *tree)
{
	return tree->kept;
}

uint64_t
quota_table_looks(const struct quota_table *table)
{
	return atomic_load(&table->looks);
}

/* What comes into the table meanwhile is looked at the next time. */
static struct quota_tree *
first_tree(struct quota_table *table)
{
	struct quota_tree *tree;

	pthread_rwlock_rdlock(&table->lock);
	tree = table->first;
	pthread_rwlock_unlock(&table->lock);
	return tree;
}

bool
quota_table_may_look(const struct quota_table *table, uint64_t now)
{
	return now >= table->next_look;
}

void
quota_table_begin_kept(struct quota_table *table)
{
	struct quota_tree *tree;

	/* Before anything is looked at: see quota_table_looks. */
	atomic_fetch_add(&table->looks, 1);
	for (tree = first_tree(table); tree != NULL; tree = tree->next)
		tree->kept_next = 0;
}

void
quota_tree_add_kept(struct quota_tree *tree, uint64_t bytes)
{
	tree->kept_next += bytes;
}

void
quota_table_end_kept(struct quota_table *table, uint64_t next)
{
	struct quota_tree *tree;

	for (tree = first_tree(table); tree != NULL; tree = tree->next) {
		pthread_mutex_lock(&tree->mutex);
		tree->kept.bytes = tree->kept_next;
		tree->kept.look = quota_table_looks(table);
		pthread_mutex_unlock(&tree->mutex);
	}
	table->next_look = next;
}

static bool
is_unsure(struct quota_tree *tree)
{
	struct quota_data data;

	/* Also adopts what servers that have died had promised. */
	return quota_tree_begin(tree, &data) == STATUS_OK &&
	    quota_tree_end(tree, &data) == STATUS_OK &&
	    (data.is_unsure || !data.is_counted);
}

void
quota_table_tick(const struct base *base, bool again)
{
	struct quota_table *table = base_quotas(base);
	struct quota_tree *tree;

	pthread_rwlock_wrlock(&table->lock);
	load(table, base);
	tree = table->first;
	pthread_rwlock_unlock(&table->lock);
	if (tree != NULL)
		quota_kept_count(base);
	/* New ones come in front; a tree stays. */
	for (; tree != NULL; tree = tree->next)
		if (is_unsure(tree) || again)
			(void)count(tree, UINT64_MAX);
}

static void
unbind(struct quota_tree *tree)
{
	struct quota_data data;

	if (quota_tree_begin(tree, &data) != STATUS_OK)
		return;
	data.limit = (struct quota_amount){ 0 };
	(void)quota_tree_end(tree, &data);
}

void
quota_table_unbind(const struct base *base,
    bool (*is_bounded)(void *ctx, const char *root), void *ctx)
{
	struct quota_table *table = base_quotas(base);
	struct quota_tree *tree;

	for (tree = first_tree(table); tree != NULL; tree = tree->next)
		if (!is_bounded(ctx, tree->root))
			unbind(tree);
}
