/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "runner.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "board.h"
#include "hold.h"
#include "local.h"
#include "patience.h"
#include "report.h"
#include "show.h"
#include "verb.h"
#include "words.h"

static enum status
wrong_use(const struct verb *verb, const char *what)
{
	return status_set(STATUS_USAGE, "%s: %s (see `help %s`)", verb->name,
	    what, verb->name);
}

/* The rest of the word is the letter's value, or the next word is. */
static enum status
read_value(struct arguments *arguments, const struct verb *verb, char **argv,
    int *i)
{
	const char *rest = strchr(argv[*i], verb->letters[0]) + 1;

	arguments->value = *rest != '\0' ? rest : argv[++*i];
	if (arguments->value == NULL || *arguments->value == '\0')
		return wrong_use(verb, "something is missing");
	return STATUS_OK;
}

/* Likewise, of one that a letter stands for. */
static enum status
read_short(struct arguments *arguments, const struct verb *verb,
    enum option option, const char *rest, char **next)
{
	const char *value = *rest != '\0' ? rest : *next;

	if (value == NULL || *value == '\0')
		return wrong_use(verb, "something is missing");
	arguments->options[option] = value;
	return STATUS_OK;
}

/* Letters in one word; steps over a value apart from it. */
static enum status
read_letters(struct arguments *arguments, const struct verb *verb,
    char **argv, int *i)
{
	enum option option;
	const char *word;
	char what[64];

	for (word = argv[*i] + 1; *word != '\0'; word++) {
		option = option_by_letter(*word);
		if (option != OPTION_COUNT &&
		    (verb->options & OPTION_BIT(option)) != 0) {
			*i += word[1] == '\0';
			return read_short(arguments, verb, option, word + 1,
			    argv + *i);
		}
		if (!isalpha((unsigned char)*word) ||
		    strchr(verb->letters, *word) == NULL) {
			snprintf(what, sizeof(what), "there is no option -%c",
			    *word);
			return wrong_use(verb, what);
		}
		arguments->letters |= VERB_LETTER(*word);
		if (verb->letters[1] == ':' && *word == verb->letters[0])
			return read_value(arguments, verb, argv, i);
	}
	return STATUS_OK;
}

/* `typed` with its dashes. */
static enum status
no_option(const struct verb *verb, const char *typed, size_t len)
{
	char name[67], hint[128], what[256];

	snprintf(name, sizeof(name), "%.*s",
	    (int)(len < sizeof(name) ? len : sizeof(name) - 1), typed);
	snprintf(what, sizeof(what), "there is no option %s%s", name,
	    option_hint(hint, sizeof(hint), name, verb->options));
	return wrong_use(verb, what);
}

/* --NAME, --NAME VALUE or --NAME=VALUE; steps over a value apart from it. */
static enum status
read_option(struct arguments *arguments, const struct verb *verb, char **argv,
    int *i)
{
	const char *name = argv[*i] + 2, *value = strchr(name, '=');
	size_t len = value != NULL ? (size_t)(value - name) : strlen(name);
	enum option option = option_find(name, len, verb->options);
	char what[96];

	if (option == OPTION_COUNT)
		return no_option(verb, argv[*i], len + 2);
	if (value != NULL)
		value++;
	else
		value = option_has_value(option) ? argv[++*i] : "";
	if (value == NULL || (*value == '\0') == option_has_value(option)) {
		snprintf(what, sizeof(what), "--%.*s takes %s value",
		    (int)len, name, option_has_value(option) ? "a" : "no");
		return wrong_use(verb, what);
	}
	arguments->options[option] = value;
	if (!option_repeats(option))
		return STATUS_OK;
	if (arguments->given_len == OPTION_GIVEN_MOST)
		return status_set(STATUS_USAGE, "%s: at most %d patterns",
		    verb->name, OPTION_GIVEN_MOST);
	arguments->given[arguments->given_len++] =
	    (struct given){ option, value };
	return STATUS_OK;
}

/* Tell options from words; "-" alone is a word, "--" ends the options. */
static enum status
read_arguments(struct arguments *out, const struct verb *verb, int argc,
    char **argv)
{
	enum status st;
	int i = 1;

	memset(out, 0, sizeof(*out));
	for (; verb->letters != NULL && i < argc && argv[i][0] == '-' &&
	    argv[i][1] != '\0'; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		st = argv[i][1] == '-' ? read_option(out, verb, argv, &i) :
		    read_letters(out, verb, argv, &i);
		if (st != STATUS_OK)
			return st;
	}
	out->words = argv + i;
	out->len = argc - i;
	if (out->len < verb->least)
		return wrong_use(verb, "something is missing");
	if (verb->most != -1 && out->len > verb->most)
		return wrong_use(verb, "that is too much");
	return STATUS_OK;
}

/* Does the server say that it lacks what the command needs? */
static bool
is_lacking(const struct client *client, const struct verb *verb,
    const struct arguments *arguments)
{
	const struct limits *limits;

	if (client->remote == NULL || !verb_needs_files(verb, arguments))
		return false;
	limits = remote_limits(client->remote);
	return limits->known && (limits->features & FT1_FEATURE_FILES) == 0;
}

/* If the hello is not here yet, what the server answers brings it. */
static enum status
run_if_known(struct client *client, const struct verb *verb,
    const struct arguments *arguments, const char **blame)
{
	static const struct arguments plain;
	enum status st = STATUS_UNSUPPORTED;

	if (!is_lacking(client, verb, arguments))
		st = verb_run(verb, client, arguments, blame);
	if (st == STATUS_UNSUPPORTED && is_lacking(client, verb, arguments)) {
		*blame = client->target->host;
		status_set(st, "the server does not offer `%s`%s", verb->name,
		    verb_needs_files(verb, &plain) ? "" :
		    " with these options");
	}
	return st;
}

/* Is that asked only of a server that says so in its hello? */
static bool
tells_types(const struct verb *verb, const struct arguments *arguments)
{
	return verb->run == verb_stat ||
	    arguments->options[OPTION_MIME] != NULL;
}

/* Does it send a file, which it cannot take back nor read once more? */
static bool
sends_content(const struct verb *verb)
{
	return verb->gathers || verb->run == verb_append ||
	    verb->run == verb_mput;
}

/*
 * The first command may follow a login by ticket at once.  Where that was
 * refused, so was the command: it goes again behind the next login.
 */
static enum status
run_once(struct client *client, const struct verb *verb,
    const struct arguments *arguments, const char **blame)
{
	enum status st, login;
	bool refused;

	/* Only the hello tells how much of it goes into a frame, or more. */
	if ((sends_content(verb) || tells_types(verb, arguments)) &&
	    (st = hold_settle(client, &refused)) != STATUS_OK)
		return st;
	st = run_if_known(client, verb, arguments, blame);
	if (!hold_is_open(client) || st == STATUS_CANCELLED)
		return st;
	login = hold_settle(client, &refused);
	if (!refused)
		return st;
	if (login == STATUS_OK)
		return run_if_known(client, verb, arguments, blame);
	*blame = client->target->host;
	return login;
}

/* A server that is busy is asked again by itself, for what is left to do. */
static enum status
run_patiently(struct client *client, const struct verb *verb,
    const struct arguments *arguments, const char **blame)
{
	struct patience patience = { 0 };
	enum status st;

	client->done = 0;
	client->is_summed_up = false;
	do
		st = run_once(client, verb, arguments, blame);
	while (st == STATUS_BUSY && !sends_content(verb) &&
	    !client->is_summed_up &&
	    client->remote != NULL &&
	    remote_lost(client->remote) == STATUS_OK &&
	    patience_wait(&patience, client->interrupt,
	    client->settings->verbose, client->settings->board) == STATUS_OK);
	return st;
}

static enum status
tell_failure(const struct client *client, const char *blame, enum status st)
{
	if (st != STATUS_OK)
		report_error(client->settings->report, blame, st);
	return st;
}

/* What was told of has to be where it belongs before more is done. */
static enum status
settle_report(const struct client *client, enum status st)
{
	struct status_words words = { NULL, NULL };
	enum status told;

	status_words_keep(&words, st);
	told = report_settle(client->settings->report);
	if (st != STATUS_OK)
		status_words_use(&words, st);
	status_words_free(&words);
	return st != STATUS_OK ? st : told;
}

enum status
runner_settle(struct client *client)
{
	enum status st;

	if (client->outbox == NULL)
		return STATUS_OK;
	st = outbox_settle(client->outbox);
	st = settle_report(client, st);
	return tell_failure(client, outbox_blame(client->outbox), st);
}

static enum status
no_form(const char *what)
{
	return status_set(STATUS_USAGE,
	    "`%s` prints what is no JSON: not with --json", what);
}

/* With --json nothing else may come to standard output. */
static enum status
check_form(const struct client *client, const struct verb *verb,
    const struct arguments *arguments)
{
	if (!report_is_json(client->settings->report))
		return STATUS_OK;
	if (verb->run == verb_get && arguments->len > 1 &&
	    strcmp(arguments->words[1], "-") == 0)
		return no_form("get FILE -");
	if (verb->run == verb_cat || verb->run == verb_page ||
	    verb->run == verb_lls || verb->run == verb_help_command)
		return no_form(verb->name);
	return STATUS_OK;
}

/* Is `*blame`, or any word without it, written like a pattern? */
static bool
is_pattern(const struct arguments *arguments, const char *blame)
{
	int i;

	if (blame != NULL)
		return strpbrk(blame, "*?[") != NULL;
	for (i = 0; i < arguments->len; i++)
		if (strpbrk(arguments->words[i], "*?[") != NULL)
			return true;
	return false;
}

/* Would -r do?  Not where put meets a folder of the server. */
static bool
wants_tree(const struct verb *verb, const struct arguments *arguments)
{
	struct stat sb;

	if ((arguments->letters & VERB_LETTER('r')) != 0 || arguments->len < 1)
		return false;
	if (verb->run == verb_put)
		return stat(arguments->words[0], &sb) == 0 &&
		    S_ISDIR(sb.st_mode);
	return verb->run == verb_get || verb->run == verb_rm;
}

/* The option that would do what may have been meant. */
static const char *
advice(const struct verb *verb, const struct arguments *arguments,
    const char *blame, enum status st)
{
	uint64_t has = arguments->letters;

	if (st == STATUS_IS_A_FOLDER && wants_tree(verb, arguments))
		return " (-r takes it)";
	if (st != STATUS_NOT_FOUND)
		return "";
	if (verb->run == verb_mkdir && (has & VERB_LETTER('p')) == 0)
		return " (-p makes the folders above it)";
	if (verb->letters != NULL && strchr(verb->letters, 'g') != NULL &&
	    (has & VERB_LETTER('g')) == 0 && is_pattern(arguments, blame))
		return " (-g takes patterns)";
	return "";
}

enum status
runner_run(struct client *client, int argc, char **argv)
{
	const struct verb *verb = verb_find(argv[0]);
	struct arguments arguments;
	const char *blame = NULL;
	enum status st = STATUS_USAGE;

	if (verb == NULL || !verb->gathers ||
	    (st = read_arguments(&arguments, verb, argc, argv)) != STATUS_OK) {
		/* What went before comes before. */
		if ((st = runner_settle(client)) != STATUS_OK)
			return st;
		verb = verb_find(argv[0]);
		st = verb == NULL ? STATUS_USAGE :
		    read_arguments(&arguments, verb, argc, argv);
	}
	if (st == STATUS_OK) {
		report_command(client->settings->report, verb->name);
		st = check_form(client, verb, &arguments);
	}
	if (st == STATUS_OK)
		st = run_patiently(client, verb, &arguments, &blame);
	if (st == STATUS_IS_A_FOLDER || st == STATUS_NOT_FOUND)
		status_add(st, advice(verb, &arguments, blame, st));
	board_end_total(client->settings->board);
	if (!client->gathering || verb == NULL || !verb->gathers)
		st = settle_report(client, st);
	if (st == STATUS_OK && !verb->gathers && fflush(stdout) == EOF)
		st = status_errno("standard output");
	st = tell_failure(client, blame, st);
	path_list_clear(&client->found);
	return st;
}

enum status
runner_run_line(struct client *client, const char *line)
{
	struct words words;
	enum status st;

	line += strspn(line, " \t");
	if (*line == '!') {
		if ((st = runner_settle(client)) != STATUS_OK)
			return st;
		st = report_is_json(client->settings->report) ?
		    no_form("!") : local_shell(line + 1);
		return tell_failure(client, NULL, st);
	}
	if ((st = words_split(&words, line)) != STATUS_OK)
		return tell_failure(client, NULL, st);
	if (words.len > 0)
		st = runner_run(client, words.len, words.at);
	words_free(&words);
	return st;
}
