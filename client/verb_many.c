/* SPDX-License-Identifier: ISC */
/* Commands on all that patterns stand for: mget, mput, and -g of others. */
#include "config.h"

#include "verb.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "board.h"
#include "inbox.h"
#include "paths.h"
#include "progress.h"
#include "remote_glob.h"
#include "report.h"
#include "sender.h"
#include "show.h"
#include "tally.h"
#include "tree_options.h"

/* What a pattern stands for, of either side. */
struct many {
	struct letter_watch watch;	/* mput */
	struct client	*client;	/* borrowed */
	const struct arguments *arguments;	/* borrowed */
	struct tally	 tally;
	const char	*folder;	/* where it goes */
	struct remote_matches matches;
	struct inbox	*inbox;		/* mget; owned while it fetches */
};

static void
many_begin(struct many *many, struct client *client,
    const struct arguments *arguments)
{
	memset(many, 0, sizeof(*many));
	many->client = client;
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
check_options(const struct many *many)
{
	const struct arguments *arguments = many->arguments;
	const uint64_t fit = OPTION_BIT(OPTION_WAIT) |
	    OPTION_BIT(OPTION_DRY_RUN) |
	    (has_letter(many, 'r') ? TREE_OPTIONS : 0);
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
	return STATUS_OK;
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
		if (many->matches.at[i].type == 'd')
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
	return st;
}

static void
tell(struct many *many, const char *verb, const char *path, uint64_t size)
{
	const struct command_line *settings = many->client->settings;

	if (settings->quiet || report_is_json(settings->report))
		return;
	board_hide(many->client->settings->board);
	printf("%s ", verb);
	show_string(stdout, path);
	printf(" %" PRIu64 " bytes", size);
}

/*
 * --- From the server --------------------------------------------------------
 */

static void
fetched(void *owner, size_t number, uint64_t size, enum status st)
{
	struct many *many = owner;
	const char *path = many->matches.at[number].path;

	if (st != STATUS_OK) {
		tally_fail(&many->tally, path, st);
		return;
	}
	tally_moved(&many->tally, size);
	tell(many, "get", path, size);
	if (!many->client->settings->quiet &&
	    !report_is_json(many->client->settings->report))
		putchar('\n');
}

static enum status
fetch(struct many *many, const struct download_plan *all, size_t number)
{
	const struct remote_match *match = &many->matches.at[number];
	const char *base = path_base(match->path);
	char *local = base == NULL ? NULL : path_join(many->folder, base);
	struct download_plan plan = *all;
	enum status st = STATUS_OK;

	plan.path = match->path;
	plan.local = local;
	/* A server may say of ".." that it is a file. */
	if (base == NULL)
		tally_fail(&many->tally, match->path,
		    status_set(STATUS_BAD_PATH, "%s: has no name of its own",
		    match->path));
	else if (local == NULL)
		st = status_no_memory();
	else if (many->tally.is_dry)
		tally_would_move(&many->tally, many->client->settings, "get",
		    local, match->size);
	else
		st = inbox_add(many->inbox, &plan, number);
	free(local);
	return st;
}

/* How many of them are files; not how many bytes those have by then. */
static void
show_total(struct many *many)
{
	uint64_t files = 0;
	size_t i;

	for (i = 0; i < many->matches.len; i++)
		files += many->matches.at[i].type == 'f';
	if (!many->tally.is_dry)
		tally_show(&many->tally, many->client->settings->board, files,
		    PROGRESS_UNKNOWN);
}

static enum status
fetch_all(struct many *many)
{
	struct download_plan plan = { .stays_below = true,
	    .goes_on = has_letter(many, 'a'), .keeps = has_letter(many, 'p') };
	const struct remote_match *match;
	enum status st;
	size_t i;

	if ((st = verb_wait_seconds(&plan.wait, many->arguments)) != STATUS_OK)
		return st;
	show_total(many);
	st = inbox_new(&many->inbox, many->client, fetched, many);
	if (st != STATUS_OK)
		return st;
	for (i = 0; i < many->matches.len && st == STATUS_OK; i++) {
		match = &many->matches.at[i];
		if (remote_is_interrupted(many->client->remote))
			st = status_set(STATUS_CANCELLED, "interrupted");
		else if (match->type == 'o')
			tally_fail(&many->tally, match->path,
			    status_set(STATUS_NOT_A_FILE,
			    "%s: neither a file nor a folder", match->path));
		else if (match->type != 'd')
			st = fetch(many, &plan, i);
	}
	return inbox_end(many->inbox, st);
}

static enum status
check_folder(const char *folder)
{
	struct stat sb;

	if (stat(folder, &sb) == -1)
		return status_errno("%s", folder);
	return S_ISDIR(sb.st_mode) ? STATUS_OK :
	    status_set(STATUS_NOT_A_FOLDER, "%s: not a folder", folder);
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
	st = check_folder(many.folder);
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

static void
sent(struct letter_watch *watch, const struct sending *sending)
{
	struct many *many = (struct many *)watch;

	tally_moved(&many->tally, sending->size);
	tell(many, "put", sending->path, sending->size);
	if (!many->client->settings->quiet &&
	    !report_is_json(many->client->settings->report))
		puts(sending->is_async ? ", async" : "");
}

static void
failed(struct letter_watch *watch, const struct sending *sending,
    enum status st)
{
	struct many *many = (struct many *)watch;

	if (st != STATUS_CANCELLED)
		tally_fail(&many->tally, sending->path, st);
}

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
	    S_ISREG(sb.st_mode) ? 'f' : S_ISDIR(sb.st_mode) ? 'd' : 'o',
	    (uint64_t)sb.st_size);
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
send(struct many *many, const struct letter *all,
    const struct remote_match *match)
{
	char *remote = path_below(many->folder, path_base(match->path));
	struct letter letter = *all;
	enum status st = STATUS_OK;

	letter.local = match->path;
	letter.remote = remote;
	if (remote == NULL)
		st = status_no_memory();
	else if (match->type == 'o')
		tally_fail(&many->tally, match->path,
		    status_set(STATUS_NOT_A_FILE,
		    "%s: neither a file nor a folder", match->path));
	else if (many->tally.is_dry)
		tally_would_move(&many->tally, many->client->settings, "put",
		    remote, match->size);
	else
		st = outbox_add(many->client->outbox, &letter);
	free(remote);
	if (st == STATUS_OK || st == STATUS_CANCELLED ||
	    remote_lost(many->client->remote) != STATUS_OK)
		return st;
	tally_fail(&many->tally, match->path, st);
	return STATUS_OK;
}

static enum status
send_all(struct many *many)
{
	struct letter letter = { .may_fail = true, .watch = &many->watch,
	    .goes_on = has_letter(many, 'a'), .keeps = has_letter(many, 'p') };
	enum status st;
	size_t i;

	show_total(many);
	st = verb_wait_seconds(&letter.wait, many->arguments);
	for (i = 0; i < many->matches.len && st == STATUS_OK; i++) {
		if (remote_is_interrupted(many->client->remote))
			break;
		if (many->matches.at[i].type != 'd')
			st = send(many, &letter, &many->matches.at[i]);
	}
	if (st == STATUS_OK)
		st = outbox_settle(many->client->outbox);
	if (st == STATUS_OK && remote_is_interrupted(many->client->remote))
		st = status_set(STATUS_CANCELLED, "interrupted");
	return st;
}

enum status
verb_mput(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	struct many many;
	enum status st;
	int i;

	many_begin(&many, client, arguments);
	many.watch.sent = sent;
	many.watch.failed = failed;
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
