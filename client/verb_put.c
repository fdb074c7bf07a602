/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "verb.h"

#include <string.h>

#include "tree_options.h"

static enum status
check_segments(struct letter *letter, const struct arguments *arguments)
{
	enum status st;

	if ((st = verb_segments(&letter->segments, arguments)) != STATUS_OK)
		return st;
	if (letter->segments > 1 &&
	    (arguments->options[OPTION_OFFSET] != NULL ||
	    (arguments->letters & VERB_LETTER('r')) != 0 ||
	    strcmp(letter->local, "-") == 0))
		return status_set(STATUS_USAGE, "--segments is for a whole "
		    "file of this machine");
	return STATUS_OK;
}

static enum status
check_delta(const struct letter *letter, const struct arguments *arguments)
{
	if (letter->has_basis &&
	    ((arguments->letters & VERB_LETTER('r')) != 0 ||
	    arguments->options[OPTION_OFFSET] != NULL ||
	    strcmp(letter->local, "-") == 0))
		return status_set(STATUS_USAGE, "--delta is for a whole file "
		    "of this machine");
	return STATUS_OK;
}

enum status
verb_put(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	struct letter letter = {
		.local = arguments->words[0],
		.remote = arguments->words[1],
		.may_fail = client->tolerant,
		.goes_on = (arguments->letters & VERB_LETTER('a')) != 0,
		.keeps = (arguments->letters & VERB_LETTER('p')) != 0,
		.has_basis = arguments->options[OPTION_DELTA] != NULL,
	};
	enum status st;

	if ((arguments->letters & VERB_LETTER('r')) != 0 &&
	    arguments->options[OPTION_OFFSET] != NULL)
		return status_set(STATUS_USAGE,
		    "-r and --offset do not go together");
	if (arguments->options[OPTION_ATOMIC] != NULL &&
	    ((arguments->letters & VERB_LETTER('r')) == 0 ||
	    arguments->options[OPTION_WAIT] != NULL))
		return status_set(STATUS_USAGE,
		    "--atomic is for -r, and waits for no locks");
	if (arguments->options[OPTION_ATOMIC] != NULL &&
	    arguments->options[OPTION_DELETE] != NULL)
		return status_set(STATUS_USAGE, "--atomic is for a name that "
		    "is free, where --delete finds nothing");
	if (arguments->options[OPTION_ATOMIC] != NULL &&
	    (arguments->letters & VERB_LETTER('l')) != 0)
		return status_set(STATUS_USAGE,
		    "-l and --atomic do not go together");
	if (arguments->options[OPTION_ATOMIC] != NULL &&
	    arguments->options[OPTION_JOBS] != NULL)
		return status_set(STATUS_USAGE,
		    "-j and --atomic do not go together");
	if ((st = check_delta(&letter, arguments)) != STATUS_OK ||
	    (st = check_segments(&letter, arguments)) != STATUS_OK)
		return st;
	if ((st = conditions_read(&letter.conditions, arguments)) != STATUS_OK)
		return st;
	if ((arguments->letters & VERB_LETTER('r')) != 0)
		return verb_put_tree(client, arguments, blame);
	if ((st = tree_options_refuse(arguments)) != STATUS_OK)
		return st;
	if (arguments->options[OPTION_OFFSET] != NULL)
		return verb_write(client, arguments, blame);
	if ((st = verb_wait_seconds(&letter.wait, arguments)) != STATUS_OK)
		return st;
	st = outbox_add(client->outbox, &letter);
	if (st == STATUS_OK && !client->gathering)
		st = outbox_settle(client->outbox);
	if (st != STATUS_OK)
		*blame = outbox_blame(client->outbox);
	return st;
}
