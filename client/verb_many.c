/* SPDX-License-Identifier: ISC */
/* Commands on all that patterns stand for: mget, mput, and -g of others. */
#include "config.h"

#include "verb.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "board.h"
#include "fleet.h"
#include "paths.h"
#include "progress.h"
#include "remote_glob.h"
#include "report.h"
#include "show.h"
#include "tally.h"
#include "tree_options.h"

/* What a pattern stands for, of either side. */
struct many {
	struct client	*client;	/* borrowed */
	const struct arguments *arguments;	/* borrowed */
	struct tally	 tally;
	struct tree_filter filter;	/* of all */
	const char	*folder;	/* where it goes */
	int		 top;		/* owned: that one here, or -1 */
	struct remote_matches matches;
	const char	*verb;		/* "get" or "put", of each file */
	bool		 sends;
	enum status	(*begin)(struct many *, const struct remote_match *,
	    struct fleet_file *);	/* names one that is to be moved */
};

static void
many_begin(struct many *many, struct client *client,
    const struct arguments *arguments)
{
	memset(many, 0, sizeof(*many));
	many->client = client;
	many->top = -1;
	many->arguments = arguments;
	many->folder = arguments->value != NULL ? arguments->value : ".";
	many->tally.report = client->settings->report;
	many->tally.is_dry = arguments->options[OPTION_DRY_RUN] != NULL ||
	    (arguments->letters & VERB_LETTER('n')) != 0;
}

static bool
has_letter(const struct many *many, char letter)
{
	return (many->arguments->letters & VERB_LETTER(letter)) != 0;
}

/* What is for one file, and without -r what is for folders. */
static enum status
check_options(struct many *many)
{
	const struct arguments *arguments = many->arguments;
	const uint64_t fit = OPTION_BIT(OPTION_WAIT) |
	    OPTION_BIT(OPTION_JOBS) | (has_letter(many, 'r') ? TREE_OPTIONS :
	    TREE_CHOICES | OPTION_BIT(OPTION_DRY_RUN));
	int i;

	for (i = 0; i < OPTION_COUNT; i++)
		if (arguments->options[i] != NULL &&
		    (fit & OPTION_BIT(i)) == 0)
			return status_set(STATUS_USAGE, "--%s does not go "
			    "with patterns%s", option_name((enum option)i),
			    (TREE_OPTIONS & OPTION_BIT(i)) != 0 ?
			    " without -r" : "");
	if (!has_letter(many, 'r') &&
	    (has_letter(many, 'l') || has_letter(many, 'L')))
		return status_set(STATUS_USAGE,
		    "-l and -L are for whole folders: -r");
	return tree_filter_read(&many->filter, arguments, time(NULL));
}

/* Do the options that choose let it in? */
static bool
is_chosen(const struct many *many, const struct remote_match *match)
{
	const char *base = path_base(match->path);

	return base == NULL || (tree_filter_admits(&many->filter, base,
	    match->type == 'd') && (match->type != 'f' ||
	    tree_filter_fits(&many->filter, match->size, match->mtime)));
}

/* Two names, by what they are called where they go. */
static int
compare_base(const void *a, const void *b)
{
	const char *const *left = a, *const *right = b;

	return strcmp(*left, *right);
}

/* One would take the place of the other. */
static enum status
check_names(const struct many *many)
{
	const char **names = calloc(many->matches.len + 1, sizeof(*names));
	enum status st = STATUS_OK;
	const char *base;
	size_t i, n = 0;

	if (names == NULL)
		return status_no_memory();
	for (i = 0; i < many->matches.len; i++)
		if ((base = path_base(many->matches.at[i].path)) != NULL)
			names[n++] = base;
	qsort(names, n, sizeof(*names), compare_base);
	for (i = 1; i < n && st == STATUS_OK; i++)
		if (strcmp(names[i - 1], names[i]) == 0)
			st = status_set(STATUS_CANNOT_CREATE,
			    "%s: more than one is called so", names[i]);
	free(names);
	return st;
}

/* A folder by the command for one, which tells of it. */
static enum status
take_folder(struct many *many, verb_function *run, char *path)
{
	char *words[] = { path, (char *)many->folder, NULL };
	struct arguments one = *many->arguments;
	const char *blame = NULL;
	enum status st;

	if (!has_letter(many, 'r')) {
		tally_skip(many->client->settings, path,
		    "is a folder (-r takes it)");
		return STATUS_OK;
	}
	one.words = words;
	one.len = 2;
	st = run(many->client, &one, &blame);
	if (st == STATUS_OK || st == STATUS_CANCELLED ||
	    remote_lost(many->client->remote) != STATUS_OK)
		return st;
	tally_fail(&many->tally, path, st);
	return STATUS_OK;
}

static enum status
take_folders(struct many *many, verb_function *run)
{
	enum status st = STATUS_OK;
	size_t i;

	for (i = 0; i < many->matches.len && st == STATUS_OK; i++)
		if (many->matches.at[i].type == 'd' &&
		    is_chosen(many, &many->matches.at[i]))
			st = take_folder(many, run, many->matches.at[i].path);
	return st;
}

static enum status
many_end(struct many *many, enum status st, const char *verb)
{
	if (st == STATUS_OK) {
		many->client->is_summed_up = true;
		tally_tell(&many->tally, many->client->settings, verb,
		    many->folder);
		st = tally_end(&many->tally);
	}
	remote_matches_clear(&many->matches);
	if (many->top != -1)
		close(many->top);
	return st;
}

static void
tell(const struct many *many, const char *path,
    const struct fleet_result *result)
{
	const struct command_line *settings = many->client->settings;

	if (settings->quiet || report_is_json(settings->report))
		return;
	board_hide(settings->board);
	printf("%s ", many->verb);
	show_string(stdout, path);
	printf(" %" PRIu64 " bytes%s\n", result->size,
	    result->is_async ? ", async" : "");
}

/*
 * --- Files ------------------------------------------------------------------
 */

/* What is sent is told of by its name there. */
static void
done(void *owner, size_t number, const struct fleet_result *result)
{
	struct many *many = owner;
	const char *path = many->matches.at[number].path;
	char *there = NULL;

	if (many->sends && !result->is_local && !result->is_none &&
	    many->matches.at[number].type != 'o')
		there = path_below(many->folder, path_base(path));
	if (there != NULL)
		path = there;
	if (result->st != STATUS_OK)
		tally_fail(&many->tally, path, result->st);
	else if (!result->is_none) {
		tally_moved(&many->tally, result->size);
		tell(many, path, result);
	}
	free(there);
}

static enum status
describe(void *owner, size_t number, struct fleet_file *file)
{
	struct many *many = owner;
	const struct remote_match *match = &many->matches.at[number];

	if (match->type == 'd' || !is_chosen(many, match))
		return STATUS_OK;
	if (match->type == 'o')
		return status_set(STATUS_NOT_A_FILE,
		    "%s: neither a file nor a folder", match->path);
	return many->begin(many, match, file);
}

static uint64_t
size_of(void *owner, size_t number)
{
	const struct many *many = owner;
	const struct remote_match *match = &many->matches.at[number];

	return match->type == 'f' && is_chosen(many, match) ? match->size : 0;
}

/* How many of them are files; not how many bytes those have by then. */
static void
show_total(struct many *many)
{
	uint64_t files = 0;
	size_t i;

	for (i = 0; i < many->matches.len; i++)
		files += many->matches.at[i].type == 'f' &&
		    is_chosen(many, &many->matches.at[i]);
	tally_show(&many->tally, many->client->settings->board, files,
	    PROGRESS_UNKNOWN);
}

static enum status
move_all(struct many *many, struct fleet_work *work)
{
	enum status st = verb_jobs(&work->jobs, many->arguments);

	if (st != STATUS_OK)
		return st;
	if (many->tally.is_dry)
		work->jobs = 1;
	else
		show_total(many);
	work->count = many->matches.len;
	work->describe = describe;
	work->size = size_of;
	work->done = done;
	work->owner = many;
	return fleet_run(many->client, work);
}

/*
 * --- From the server --------------------------------------------------------
 */

static enum status
begin_fetch(struct many *many, const struct remote_match *match,
    struct fleet_file *file)
{
	const char *base = path_base(match->path);
	char *local;

	/* A server may say of ".." that it is a file. */
	if (base == NULL)
		return status_set(STATUS_BAD_PATH, "%s: has no name of its own",
		    match->path);
	if ((local = path_join(many->folder, base)) == NULL)
		return status_no_memory();
	if (many->tally.is_dry) {
		tally_would_move(&many->tally, many->client->settings, "get",
		    local, match->size);
		free(local);
		return STATUS_OK;
	}
	file->local = local;
	file->below = base;
	file->remote = strdup(match->path);
	file->size = match->size;
	return file->remote == NULL ? status_no_memory() : STATUS_OK;
}

static enum status
fetch_all(struct many *many)
{
	struct download_plan plan = { .top = many->top,
	    .goes_on = has_letter(many, 'a'), .keeps = has_letter(many, 'p') };
	struct fleet_work work = { .fetch = &plan };
	enum status st;

	many->verb = "get";
	many->begin = begin_fetch;
	st = verb_wait_seconds(&plan.wait, many->arguments);
	return st == STATUS_OK ? move_all(many, &work) : st;
}

static enum status
open_folder(struct many *many)
{
	many->top = open(many->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return many->top != -1 ? STATUS_OK :
	    status_errno("%s", many->folder);
}

enum status
verb_mget(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	struct many many;
	enum status st;
	int i;

	many_begin(&many, client, arguments);
	if ((st = check_options(&many)) != STATUS_OK)
		return st;
	*blame = many.folder;
	st = open_folder(&many);
	for (i = 0; i < arguments->len && st == STATUS_OK; i++) {
		*blame = arguments->words[i];
		st = remote_glob(&many.matches, client, *blame);
	}
	if (st == STATUS_OK)
		st = check_names(&many);
	if (st == STATUS_OK)
		st = fetch_all(&many);
	if (st == STATUS_OK)
		st = take_folders(&many, verb_get_tree);
	return many_end(&many, st, "mget");
}

/*
 * --- To the server ----------------------------------------------------------
 */

static enum status
add_local(struct many *many, const char *path)
{
	struct remote_matches *matches = &many->matches;
	struct stat sb;

	if (stat(path, &sb) == -1)
		return status_errno("%s", path);
	/* A dash alone is the standard input for who sends it. */
	return remote_matches_add(matches,
	    strdup(strcmp(path, "-") == 0 ? "./-" : path),
	    &(struct remote_match){ .type = S_ISREG(sb.st_mode) ? 'f' :
	    S_ISDIR(sb.st_mode) ? 'd' : 'o', .size = (uint64_t)sb.st_size,
	    .mtime = { .seconds = sb.st_mtim.tv_sec,
	    .nanoseconds = (uint32_t)sb.st_mtim.tv_nsec } });
}

/* What the shell has expanded already is there by that name. */
static enum status
expand_local(struct many *many, const char *word)
{
	enum status st = STATUS_OK;
	struct stat sb;
	glob_t found;
	size_t i;
	int error;

	if (lstat(word, &sb) == 0)
		return add_local(many, word);
	error = glob(word, 0, NULL, &found);
	if (error == GLOB_NOSPACE)
		return status_no_memory();
	if (error != 0)
		return status_set(STATUS_NOT_FOUND, "%s: no such file", word);
	for (i = 0; i < found.gl_pathc && st == STATUS_OK; i++)
		st = add_local(many, found.gl_pathv[i]);
	globfree(&found);
	return st;
}

static enum status
begin_send(struct many *many, const struct remote_match *match,
    struct fleet_file *file)
{
	char *remote = path_below(many->folder, path_base(match->path));

	if (remote == NULL)
		return status_no_memory();
	if (many->tally.is_dry) {
		tally_would_move(&many->tally, many->client->settings, "put",
		    remote, match->size);
		free(remote);
		return STATUS_OK;
	}
	file->remote = remote;
	file->local = strdup(match->path);
	file->size = match->size;
	return file->local == NULL ? status_no_memory() : STATUS_OK;
}

static enum status
send_all(struct many *many)
{
	struct letter letter = { .may_fail = true,
	    .goes_on = has_letter(many, 'a'), .keeps = has_letter(many, 'p') };
	struct fleet_work work = { .send = &letter };
	enum status st;

	many->verb = "put";
	many->sends = true;
	many->begin = begin_send;
	st = verb_wait_seconds(&letter.wait, many->arguments);
	return st == STATUS_OK ? move_all(many, &work) : st;
}

enum status
verb_mput(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	struct many many;
	enum status st;
	int i;

	many_begin(&many, client, arguments);
	if ((st = check_options(&many)) == STATUS_OK)
		st = outbox_settle(client->outbox);
	for (i = 0; i < arguments->len && st == STATUS_OK; i++) {
		*blame = arguments->words[i];
		st = expand_local(&many, *blame);
	}
	if (st == STATUS_OK)
		st = check_names(&many);
	if (st == STATUS_OK)
		st = send_all(&many);
	if (st == STATUS_OK)
		st = take_folders(&many, verb_put_tree);
	return many_end(&many, st, "mput");
}
