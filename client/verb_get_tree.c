/* SPDX-License-Identifier: ISC */
/* The command get -r: a folder with all in it. */
#include "config.h"

#include "verb.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "below.h"
#include "fleet.h"
#include "get_links.h"
#include "inflow.h"
#include "paths.h"
#include "prune.h"
#include "progress.h"
#include "remote_tree.h"
#include "tally.h"

struct get_tree {
	struct client	*client;	/* borrowed */
	struct tally	 tally;
	struct tree_options options;
	struct remote_tree tree;
	const char	*path;		/* borrowed; the server's folder */
	char		*local;		/* owned; what it is to be here */
	int		 top;		/* owned: that folder, or -1 */
	struct download_plan plan;	/* what holds for all files */
	unsigned int	 jobs;		/* connections */
	struct inflow	*inflow;	/* owned; NULL if nothing streamed in */
};

static char *
here(const struct get_tree *get, const char *path)
{
	return path_join(get->local, path);
}

/* As cp -r does it: into the folder LOCAL, or as LOCAL if there is none. */
static enum status
choose_local(struct get_tree *get, const char *local)
{
	size_t len = strlen(get->path);
	const char *base;
	struct stat sb;
	char *path;

	while (len > 1 && get->path[len - 1] == '/')
		len--;
	if ((path = strndup(get->path, len)) == NULL)
		return status_no_memory();
	base = path_base(path);
	if (local == NULL)
		get->local = strdup(base != NULL ? base : ".");
	else if (base != NULL && (path_is_folder(local) ||
	    (stat(local, &sb) == 0 && S_ISDIR(sb.st_mode))))
		get->local = path_join(local, base);
	else
		get->local = strdup(local);
	free(path);
	return get->local == NULL ? status_no_memory() : STATUS_OK;
}

/*
 * --- Folders ----------------------------------------------------------------
 */

/* The topmost one, which may be a link to one. */
static enum status
make_top(struct get_tree *get)
{
	struct stat sb;

	if (mkdir(get->local, 0777) == -1 && (errno != EEXIST ||
	    stat(get->local, &sb) == -1 || !S_ISDIR(sb.st_mode)))
		return status_set(STATUS_CANNOT_CREATE, "%s: %s", get->local,
		    strerrordesc_np(errno));
	get->tally.folders++;
	return STATUS_OK;
}

/* What would be made is told only. */
static enum status
plan_folder(struct get_tree *get, const char *path, bool may_be_link)
{
	struct stat sb;

	if ((may_be_link ? stat(path, &sb) : lstat(path, &sb)) == -1) {
		tally_would_make(&get->tally, get->client->settings, path);
		return STATUS_OK;
	}
	if (!S_ISDIR(sb.st_mode))
		return status_set(STATUS_CANNOT_CREATE, "%s: %s", path,
		    strerrordesc_np(EEXIST));
	get->tally.folders++;
	return STATUS_OK;
}

static enum status
have_top(struct get_tree *get)
{
	enum status st;

	if (get->options.is_dry)
		return plan_folder(get, get->local, true);
	if ((st = make_top(get)) != STATUS_OK)
		return st;
	get->top = open(get->local, O_PATH | O_DIRECTORY | O_CLOEXEC);
	get->plan.top = get->top;
	return get->top != -1 ? STATUS_OK : status_errno("%s", get->local);
}

/* A link is no folder here: what is fetched stays in its own. */
static enum status
have_folder(struct get_tree *get, const struct remote_entry *entry,
    const char *path)
{
	enum status st;

	if (get->options.is_dry)
		return plan_folder(get, path, false);
	if ((st = below_make_folder(get->top, entry->path,
	    0777)) == STATUS_OK)
		get->tally.folders++;
	return st;
}

static int
compare(const void *path, const void *entry)
{
	return strcmp(path, ((const struct remote_entry *)entry)->path);
}

/* Is the folder here that it belongs to? */
static bool
has_parent(const struct get_tree *get, const struct remote_entry *entry)
{
	const char *slash = strrchr(entry->path, '/');
	const struct remote_entry *parent;
	char *path;

	if (slash == NULL)
		return true;
	path = strndup(entry->path, (size_t)(slash - entry->path));
	if (path == NULL)
		return false;
	parent = bsearch(path, get->tree.at, get->tree.len,
	    sizeof(*get->tree.at), compare);
	free(path);
	return parent != NULL && parent->type == 'd';
}

static enum status
no_parent(const struct remote_entry *entry)
{
	return status_set(STATUS_CANNOT_CREATE,
	    "%s: its folder could not be made", entry->path);
}

static enum status
make_folders(struct get_tree *get)
{
	struct remote_entry *entry;
	enum status st;
	char *path;
	size_t i;

	if ((st = have_top(get)) != STATUS_OK)
		return st;
	for (i = 0; i < get->tree.len; i++) {
		entry = &get->tree.at[i];
		if (entry->type != 'd')
			continue;
		if ((path = here(get, entry->path)) == NULL)
			return status_no_memory();
		st = has_parent(get, entry) ?
		    have_folder(get, entry, path) : no_parent(entry);
		if (st != STATUS_OK) {
			tally_fail(&get->tally, path, st);
			entry->type = '\0';	/* and nothing goes into it */
		}
		free(path);
	}
	return STATUS_OK;
}

/* Their times and modes, once nothing more comes into them. */
static void
finish_folders(struct get_tree *get)
{
	const struct remote_entry *entry;
	enum status st;
	size_t i;

	for (i = get->tree.len; i-- > 0; ) {
		entry = &get->tree.at[i];
		if (entry->type != 'd')
			continue;
		st = below_set_facts(get->top, entry->path, entry->mode,
		    &entry->mtime);
		if (st != STATUS_OK)
			tally_fail(&get->tally, entry->path, st);
	}
}

/*
 * --- Files ------------------------------------------------------------------
 */

/* What became of each entry, in their order. */
static void
done(void *owner, size_t number, const struct fleet_result *result)
{
	struct get_tree *get = owner;
	const struct remote_entry *entry = &get->tree.at[number];

	if (result->st != STATUS_OK)
		tally_fail(&get->tally, entry->path, result->st);
	else if (!result->is_none)
		tally_moved(&get->tally, result->size);
	else if (entry->type == 'l' && !get->options.keeps_links &&
	    !inflow_has(get->inflow, entry))
		tally_skip(get->client->settings, entry->path,
		    "is a symbolic link");
}

/* What part_begin would say of its place; the file is not asked for. */
static enum status
plan_file(struct get_tree *get, const struct remote_entry *entry,
    const char *local)
{
	struct stat sb;

	if (local == NULL)
		return status_no_memory();
	if (lstat(local, &sb) == 0 && !S_ISREG(sb.st_mode))
		tally_fail(&get->tally, local, status_set(
		    STATUS_CANNOT_CREATE, "%s: is no file here", local));
	else
		tally_would_move(&get->tally, get->client->settings, "get",
		    local, entry->size);
	return STATUS_OK;
}

static enum status
begin_file(const struct get_tree *get, const struct remote_entry *entry,
    struct fleet_file *file)
{
	file->local = here(get, entry->path);
	file->remote = path_below(get->path, entry->path);
	file->below = entry->path;
	file->size = entry->size;
	file->goes_on |= inflow_has_some(get->inflow, entry);
	return file->local == NULL || file->remote == NULL ?
	    status_no_memory() : STATUS_OK;
}

static enum status
describe(void *owner, size_t number, struct fleet_file *file)
{
	struct get_tree *get = owner;
	const struct remote_entry *entry = &get->tree.at[number];
	enum status st;
	char *local;

	if (inflow_has(get->inflow, entry))
		return STATUS_OK;
	if (entry->type == 'o')
		return status_set(STATUS_NOT_A_FILE,
		    "%s: neither a file nor a folder", entry->path);
	if (entry->type != 'f')
		return STATUS_OK;
	if (!has_parent(get, entry))
		return no_parent(entry);
	if (!get->options.is_dry)
		return begin_file(get, entry, file);
	local = here(get, entry->path);
	st = plan_file(get, entry, local);
	free(local);
	return st;
}

static uint64_t
size_of(void *owner, size_t number)
{
	const struct get_tree *get = owner;
	const struct remote_entry *entry = &get->tree.at[number];

	return entry->type == 'f' ? entry->size : 0;
}

static enum status
fetch_files(struct get_tree *get)
{
	const struct fleet_work work = { .count = get->tree.len,
	    .jobs = get->options.is_dry ? 1 : get->jobs,
	    .fetch = &get->plan, .describe = describe,
	    .size = size_of, .done = done, .owner = get };

	return fleet_run(get->client, &work);
}

/* Behind the files: nothing is written through what is made here. */
static enum status
make_links(struct get_tree *get)
{
	const struct get_links links = { get->client, &get->tally, &get->tree,
		get->path, get->local, get->top, get->plan.keeps };

	return get->options.keeps_links ? get_links(&links) : STATUS_OK;
}

/* Only who has everything knows what is too much. */
static enum status
remove_rest(struct get_tree *get)
{
	const struct prune prune = { get->client, &get->tally, &get->options,
		&get->tree.seen, &get->tree.left };

	if (!get->options.deletes)
		return STATUS_OK;
	if (get->tally.failures > 0) {
		tally_not_removed(&get->tally, get->local);
		return STATUS_OK;
	}
	return prune_local(&prune, get->local);
}

static void
show_total(struct get_tree *get)
{
	uint64_t files = 0, bytes = 0;
	size_t i;

	for (i = 0; i < get->tree.len; i++)
		if (get->tree.at[i].type == 'f') {
			files++;
			bytes += get->tree.at[i].size;
		}
	/* After a loss it goes on with what it was. */
	if (get->inflow != NULL)
		tally_expect(&get->tally, files, bytes);
	else
		tally_show(&get->tally, get->client->settings->board, files,
		    bytes);
}

/* One request for each file; what has streamed in is not asked for again. */
static enum status
get_one_by_one(struct get_tree *get)
{
	enum status st;

	get->tally.folders = 0;
	st = remote_tree_read(&get->tree, get->client->remote, get->path);
	if (st == STATUS_OK && get->options.follows)
		st = remote_tree_follow(&get->tree, get->client, get->path,
		    &get->tally);
	if (st == STATUS_OK)
		st = make_folders(get);
	if (st == STATUS_OK && !get->options.is_dry)
		show_total(get);
	if (st == STATUS_OK)
		st = fetch_files(get);
	if (st == STATUS_OK)
		st = make_links(get);
	if (st == STATUS_OK)
		st = remove_rest(get);
	if (st == STATUS_OK && get->plan.keeps && !get->options.is_dry)
		finish_folders(get);
	return st;
}

/* One request for all. */
static enum status
get_as_stream(struct get_tree *get)
{
	const struct inflow_plan plan = { .path = get->path,
	    .local = get->local, .keeps = get->plan.keeps,
	    .wait = get->plan.wait };
	bool is_lost = false;
	enum status st;

	if ((st = make_top(get)) != STATUS_OK)
		return st;
	tally_show(&get->tally, get->client->settings->board,
	    PROGRESS_UNKNOWN, PROGRESS_UNKNOWN);
	st = inflow_new(&get->inflow, get->client, &get->tally, &plan);
	if (st == STATUS_OK)
		st = inflow_run(get->inflow, &is_lost);
	return is_lost ? get_one_by_one(get) : st;
}

/* Is it all of the folder, and nothing here that is gone on with? */
static bool
can_stream(const struct get_tree *get)
{
	return get->jobs == 1 && !get->plan.goes_on &&
	    !get->options.is_dry &&
	    !get->options.deletes && !get->options.follows &&
	    !get->options.keeps_links &&
	    !tree_filter_is_any(&get->options.filter) &&
	    inflow_is_known(get->client);
}

static enum status
get_all(struct get_tree *get, const char *local)
{
	struct client *client = get->client;
	enum status st;

	if ((st = choose_local(get, local)) != STATUS_OK)
		return st;
	st = can_stream(get) ? get_as_stream(get) : get_one_by_one(get);
	if (st != STATUS_OK)
		return st;
	client->is_summed_up = true;
	tally_tell(&get->tally, client->settings, "get", get->path);
	return tally_end(&get->tally);
}

enum status
verb_get_tree(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	struct get_tree get = { .client = client,
	    .tally = { .report = client->settings->report },
	    .path = arguments->words[0], .top = -1, .plan = {
	    .goes_on = (arguments->letters & VERB_LETTER('a')) != 0,
	    .keeps = (arguments->letters & VERB_LETTER('p')) != 0 } };
	enum status st;
	char type;

	*blame = get.path;
	if (arguments->len > 1 && strcmp(arguments->words[1], "-") == 0)
		return status_set(STATUS_USAGE,
		    "a folder cannot be printed");
	if ((st = verb_wait_seconds(&get.plan.wait, arguments)) != STATUS_OK ||
	    (st = verb_jobs(&get.jobs, arguments)) != STATUS_OK ||
	    (st = tree_options_read(&get.options, arguments)) != STATUS_OK ||
	    (st = verb_type_of(&type, client, get.path)) != STATUS_OK)
		return st;
	if (type != 'd')
		return status_set(STATUS_NOT_A_FOLDER, "%s: not a folder",
		    get.path);
	get.tree.options = &get.options;
	get.tree.most = client->settings->max_files;
	get.tally.is_dry = get.options.is_dry;
	st = get_all(&get, arguments->words[1]);
	remote_tree_clear(&get.tree);
	inflow_free(get.inflow);
	if (get.top != -1)
		close(get.top);
	free(get.local);
	return st;
}
