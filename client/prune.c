/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "prune.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "below.h"
#include "errands.h"
#include "local_tree.h"
#include "paths.h"
#include "remote_tree.h"

/* What stands where it was written to. */
struct item {
	const char	*path;		/* borrowed; from the folder on */
	bool		 is_folder;
};

struct items {
	struct item	*at;		/* owned */
	size_t		 len;
};

/* Removes it, or counts why not; a failure ends the command. */
typedef enum status remover(void *owner, const struct item *item);

/* A folder stands right before all that is in it: / is below all bytes. */
static int
compare(const void *left, const void *right)
{
	const char *a = ((const struct item *)left)->path;
	const char *b = ((const struct item *)right)->path;

	while (*a == *b && *a != '\0') {
		a++;
		b++;
	}
	if (*a == '/' || *b == '/')
		return *a == '/' ? (*b == '\0' ? 1 : -1) :
		    (*a == '\0' ? -1 : 1);
	return (unsigned char)*a - (unsigned char)*b;
}

static bool
is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return strncmp(path, folder, len) == 0 && path[len] == '/';
}

static bool
stays(const struct prune *prune, const struct item *item)
{
	return path_list_has(prune->source, item->path) ||
	    path_list_has_above(prune->left, item->path) ||
	    !tree_filter_reaches(&prune->options->filter, item->path,
	    item->is_folder);
}

/* From behind: a folder comes when all that was in it is gone, or stays. */
static enum status
remove_all(const struct prune *prune, struct items *items, remover *remove,
    void *owner)
{
	const char *stayed = NULL;
	const struct item *item;
	enum status st = STATUS_OK;
	size_t i;

	if (items->len > 1)
		qsort(items->at, items->len, sizeof(*items->at), compare);
	for (i = items->len; i-- > 0 && st == STATUS_OK; ) {
		item = &items->at[i];
		if (stays(prune, item) || (item->is_folder &&
		    stayed != NULL && is_below(stayed, item->path)))
			stayed = item->path;
		else if (remote_is_interrupted(prune->client->remote))
			st = status_set(STATUS_CANCELLED, "interrupted");
		else
			st = remove(owner, item);
	}
	return st;
}

/*
 * --- On this machine --------------------------------------------------------
 */

struct local {
	const struct prune *prune;
	const char	*folder;
	int		 fd;		/* owned */
};

static enum status
remove_local(void *owner, const struct item *item)
{
	const struct local *local = owner;
	const struct prune *prune = local->prune;
	char *full = path_join(local->folder, item->path);
	enum status st = STATUS_OK;

	if (full == NULL)
		return status_no_memory();
	if (!prune->options->is_dry)
		st = below_remove(local->fd, item->path, item->is_folder);
	if (st == STATUS_OK)
		tally_removed(prune->tally, prune->client->settings, full);
	else
		tally_fail(prune->tally, full, st);
	free(full);
	return STATUS_OK;
}

static enum status
prune_entries(struct local *local, const struct local_tree *tree)
{
	struct items items = { calloc(tree->len + 1, sizeof(struct item)), 0 };
	enum status st;
	size_t i;

	if (items.at == NULL)
		return status_no_memory();
	for (i = 0; i < tree->len; i++)
		items.at[items.len++] = (struct item){ tree->at[i].path,
		    tree->at[i].is_folder };
	st = remove_all(local->prune, &items, remove_local, local);
	free(items.at);
	return st;
}

enum status
prune_local(const struct prune *prune, const char *folder)
{
	struct local local = { prune, folder, -1 };
	struct local_tree tree;
	enum status st;

	local.fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* With -n it may not be there yet. */
	if (local.fd == -1 && prune->options->is_dry)
		return STATUS_OK;
	if (local.fd == -1)
		return status_errno("%s", folder);
	st = local_tree_list(&tree, folder, prune->client->settings,
	    prune->tally, NULL);
	if (st == STATUS_OK)
		st = prune_entries(&local, &tree);
	local_tree_clear(&tree);
	close(local.fd);
	return st;
}

/*
 * --- On the server ----------------------------------------------------------
 */

struct far {
	const struct prune *prune;
	const char	*folder;
	struct errands	*errands;	/* owned */
};

static void
removed(void *owner, const struct errand *errand, enum status st)
{
	const struct far *far = owner;

	/* Somebody was quicker, or it is asked again behind a loss. */
	if (st == STATUS_OK || st == STATUS_NOT_FOUND)
		tally_removed(far->prune->tally, far->prune->client->settings,
		    errand->path);
	else
		tally_fail(far->prune->tally, errand->path, st);
}

static enum status
remove_remote(void *owner, const struct item *item)
{
	struct far *far = owner;
	char *path = path_below(far->folder, item->path);
	struct errand errand = { .path = path,
	    .type = item->is_folder ? FT1_RMDIR : FT1_RM };
	enum status st = STATUS_OK;

	if (path == NULL)
		return status_no_memory();
	if (far->prune->options->is_dry)
		tally_removed(far->prune->tally, far->prune->client->settings,
		    path);
	else
		st = errands_add(far->errands, &errand);
	free(path);
	return st;
}

static enum status
prune_found(struct far *far, const struct remote_tree *tree)
{
	struct items items = { calloc(tree->len + 1, sizeof(struct item)), 0 };
	enum status st;
	size_t i;

	if (items.at == NULL)
		return status_no_memory();
	for (i = 0; i < tree->len; i++)
		items.at[items.len++] = (struct item){ tree->at[i].path,
		    tree->at[i].type == 'd' };
	st = errands_new(&far->errands, far->prune->client, removed, far);
	if (st == STATUS_OK)
		st = errands_end(far->errands, remove_all(far->prune, &items,
		    remove_remote, far));
	free(items.at);
	return st;
}

enum status
prune_remote(const struct prune *prune, const char *folder)
{
	struct far far = { .prune = prune, .folder = folder };
	struct remote_tree tree = {
		.most = prune->client->settings->max_files
	};
	enum status st;

	st = remote_tree_read(&tree, prune->client->remote, folder);
	if (st == STATUS_OK)
		st = prune_found(&far, &tree);
	else if (st == STATUS_NOT_FOUND && prune->options->is_dry)
		st = STATUS_OK;
	remote_tree_clear(&tree);
	return st;
}
