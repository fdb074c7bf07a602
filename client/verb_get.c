/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "verb.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "download.h"
#include "go_on.h"
#include "paths.h"
#include "range_option.h"
#include "report.h"
#include "show.h"
#include "tree_options.h"

/* Where the file goes: as it is called there, or into a folder. */
static enum status
choose_local(char **out, const char *path, const char *local)
{
	const char *base = path_base(path);
	struct stat sb;
	bool into;

	into = local != NULL && strcmp(local, "-") != 0 &&
	    (path_is_folder(local) ||
	    (stat(local, &sb) == 0 && S_ISDIR(sb.st_mode)));
	if ((local == NULL || into) && base == NULL)
		return status_set(STATUS_USAGE, "%s is no name of a file",
		    path);
	if (into)
		*out = path_join(local, base);
	else if (local == NULL && strcmp(base, "-") == 0)
		*out = strdup("./-");	/* not standard output */
	else
		*out = strdup(local != NULL ? local : base);
	if (*out == NULL)
		return status_no_memory();
	return STATUS_OK;
}

static enum status
fetch(struct client *client, const struct download_plan *plan)
{
	_Atomic uint64_t moved = 0;
	struct download_plan counted = *plan;
	struct download *download;
	bool left = false;
	enum status st;
	uint64_t size;

	counted.moved = &moved;
	counted.left = &left;
	if ((st = download_begin(&download, client, &counted)) == STATUS_OK)
		st = download_end(download, &size);
	if (left)
		go_on_with_get(client->settings, plan, st);
	if (st != STATUS_OK || report_is_json(client->settings->report) ||
	    client->settings->quiet || strcmp(plan->local, "-") == 0)
		return st;
	fputs("get ", stdout);
	show_string(stdout, plan->path);
	printf(" %" PRIu64 " bytes", size);
	if (plan->has_basis)
		printf(", %" PRIu64 " of them fetched", moved);
	putchar('\n');
	return STATUS_OK;
}

#define CHANGES_MOST	3	/* of a file whose end is fetched */

/* From the end it is a range of one version: look for the end again. */
static enum status
fetch_plan(struct client *client, struct download_plan *plan)
{
	enum status st;
	int i;

	for (i = 0; i < CHANGES_MOST; i++) {
		st = range_option_place(&plan->range, client, plan->path);
		if (st == STATUS_OK)
			st = fetch(client, plan);
		if (st != STATUS_PRECONDITION || !plan->range.from_end)
			break;
	}
	return st;
}

static enum status
check_segments(struct download_plan *plan, const struct arguments *arguments)
{
	enum status st;

	if ((st = verb_segments(&plan->segments, arguments)) != STATUS_OK)
		return st;
	if (plan->segments > 1 &&
	    ((arguments->letters & VERB_LETTER('r')) != 0 ||
	    (arguments->len > 1 && strcmp(arguments->words[1], "-") == 0)))
		return status_set(STATUS_USAGE,
		    "--segments is for one file that is written here");
	return STATUS_OK;
}

static enum status
check_delta(const struct download_plan *plan,
    const struct arguments *arguments)
{
	if (plan->has_basis && (plan->range.given ||
	    (arguments->letters & VERB_LETTER('r')) != 0 ||
	    (arguments->len > 1 && strcmp(arguments->words[1], "-") == 0)))
		return status_set(STATUS_USAGE,
		    "--delta is for a whole file that is written here");
	return STATUS_OK;
}

enum status
verb_get(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	struct download_plan plan = { .path = arguments->words[0],
	    .goes_on = (arguments->letters & VERB_LETTER('a')) != 0,
	    .keeps = (arguments->letters & VERB_LETTER('p')) != 0,
	    .has_basis = arguments->options[OPTION_DELTA] != NULL };
	char *local = NULL;
	enum status st;

	if ((st = range_option_read(&plan.range, arguments)) != STATUS_OK ||
	    (st = check_delta(&plan, arguments)) != STATUS_OK ||
	    (st = check_segments(&plan, arguments)) != STATUS_OK)
		return st;
	if ((arguments->letters & VERB_LETTER('r')) != 0)
		return verb_get_tree(client, arguments, blame);
	if ((st = tree_options_refuse(arguments)) != STATUS_OK)
		return st;
	*blame = plan.path;
	if ((st = path_check(plan.path)) == STATUS_OK &&
	    (st = verb_wait_seconds(&plan.wait, arguments)) == STATUS_OK &&
	    (st = choose_local(&local, plan.path, arguments->words[1])) ==
	    STATUS_OK) {
		plan.local = local;
		st = fetch_plan(client, &plan);
	}
	free(local);
	return st;
}

enum status
verb_cat(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	enum status st = STATUS_OK;
	int i;

	for (i = client->done; i < arguments->len && st == STATUS_OK; i++) {
		client->done = i;
		char *words[] = { arguments->words[i], (char[]){ "-" }, NULL };
		struct arguments one = *arguments;

		one.words = words;
		one.len = 2;
		st = verb_get(client, &one, blame);
	}
	return st;
}
