/* SPDX-License-Identifier: ISC */
/* Any command with -g: its words are patterns. */
#include "config.h"

#include "verb.h"

#include "paths.h"
#include "remote_glob.h"

/* get and put: a pattern, and perhaps a folder. */
static enum status
run_one(verb_function *run, struct client *client,
    const struct arguments *arguments, const char **blame)
{
	char *words[] = { arguments->words[0], NULL };
	struct arguments one = *arguments;

	one.value = arguments->words[1];
	one.words = words;
	one.len = 1;
	return run(client, &one, blame);
}

/* The words are kept as long as the command may be tried again. */
static enum status
expand_words(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	struct remote_matches matches = { 0 };
	enum status st = STATUS_OK;
	size_t n;
	int i;

	for (i = 0; i < arguments->len && st == STATUS_OK; i++) {
		*blame = arguments->words[i];
		st = remote_glob(&matches, client, *blame);
	}
	for (n = 0; n < matches.len && st == STATUS_OK; n++)
		st = path_list_add(&client->found, matches.at[n].path);
	remote_matches_clear(&matches);
	if (st != STATUS_OK)
		path_list_clear(&client->found);
	return st;
}

static enum status
run_each(const struct verb *verb, struct client *client,
    const struct arguments *all, const char **blame)
{
	struct arguments one = *all;
	enum status st = STATUS_OK;
	int i;

	one.len = 1;
	for (i = client->done; i < all->len && st == STATUS_OK; i++) {
		char *words[] = { all->words[i], NULL };

		client->done = i;
		one.words = words;
		st = verb->run(client, &one, blame);
	}
	return st;
}

enum status
verb_run(const struct verb *verb, struct client *client,
    const struct arguments *arguments, const char **blame)
{
	struct arguments all = *arguments;
	enum status st;

	if ((arguments->letters & VERB_LETTER('g')) == 0)
		return verb->run(client, arguments, blame);
	if (verb->run == verb_get)
		return run_one(verb_mget, client, arguments, blame);
	if (verb->run == verb_put)
		return run_one(verb_mput, client, arguments, blame);
	if (client->found.len == 0 &&
	    (st = expand_words(client, arguments, blame)) != STATUS_OK)
		return st;
	if ((all.words = path_list_words(&client->found)) == NULL)
		return status_no_memory();
	all.len = (int)client->found.len;
	st = verb->most == -1 ? verb->run(client, &all, blame) :
	    run_each(verb, client, &all, blame);
	return st;
}
