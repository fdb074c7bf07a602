/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "command_line.h"

#include <getopt.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "size_text.h"
#include "throttle.h"
#include "trust.h"

/* What an option sets: a string if it has an argument, else a flag. */
struct option_row {
	const char	*name;
	char		 letter;	/* or 0 */
	const char	*argument;	/* its name in --help, or NULL */
	size_t		 offset;	/* in struct command_line */
	const char	*help;
};

#define HELP_LEFT 26	/* columns of an option in --help */
#define RETRIES	5	/* unless said otherwise */
#define MAX_FILES	250000	/* likewise: less than 64 MiB of memory */
#define MAX_FILES_MOST	4194304
#define NOTHING SIZE_MAX	/* an option that changes nothing */
#define FIELD(name) offsetof(struct command_line, name)

static const struct option_row rows[] = {
	{ "tls", 0, NULL, NOTHING,
	    "speak TLS, as always: there is nothing else" },
	{ "pin", 0, "sha256//BASE64", FIELD(pin),
	    "trust the server with this public key, and no other" },
	{ "cafile", 0, "FILE", FIELD(cafile),
	    "trust servers that the CAs in FILE vouch for, and no other" },
	{ "known-hosts", 0, "FILE", FIELD(known_hosts),
	    "keep the keys of known servers in FILE" },
	{ "password-file", 0, "FILE", FIELD(password_file),
	    "read the password from the first line of FILE" },
	{ "password-command", 0, "COMMAND", FIELD(password_command),
	    "run COMMAND: the first line that it prints is the password" },
	{ "batch", 'b', "FILE", FIELD(batch_file),
	    "run the commands in FILE, one a line (-: standard input)" },
	{ "config", 0, "FILE", FIELD(config),
	    "read settings from FILE (none: from no file)" },
	{ "json", 0, NULL, FIELD(json),
	    "tell results as JSON, an object a line" },
	{ "receipts", 0, "FILE", FIELD(receipts),
	    "add a line to FILE for all that the server acknowledges" },
	{ "retries", 0, "N", FIELD(retries_word),
	    "try a lost connection again so often (5)" },
	{ "timeout", 0, "SECONDS", FIELD(timeout_word),
	    "give up a server that is silent for so long" },
	{ "max-files", 0, "N", FIELD(max_files_word),
	    "keep in mind so many files of a folder at most (250000)" },
	{ "limit-rate", 0, "RATE", FIELD(limit_word),
	    "move at most so many bytes per second (100K, 2M)" },
	{ "progress", 0, "MODE", FIELD(progress_word),
	    "show transfers: auto (on a terminal), plain or none" },
	{ "quiet", 'q', NULL, FIELD(quiet),
	    "say nothing that was not asked for" },
	{ "verbose", 'v', NULL, FIELD(verbose),
	    "tell what is going on" },
	{ "show-key", 0, NULL, FIELD(show_key),
	    "show the server's key, and whether it is trusted; no login" },
	{ "help", 'h', NULL, FIELD(help),
	    "show this text" },
	{ "version", 'V', NULL, FIELD(version),
	    "show the version" },
};

#define ROWS	(sizeof(rows) / sizeof(rows[0]))
_Static_assert(ROWS <= 64, "a bit for each");
#define FIRST	256		/* getopt's number of rows[0] */

static uint64_t
bit_of(const struct option_row *row)
{
	return UINT64_C(1) << (row - rows);
}

static void
make_getopt(struct option *longs, char *letters)
{
	size_t i;

	*letters++ = '+';	/* stop at the target */
	*letters++ = ':';	/* tell a missing argument apart */
	for (i = 0; i < ROWS; i++) {
		longs[i].name = rows[i].name;
		longs[i].has_arg = rows[i].argument != NULL;
		longs[i].flag = NULL;
		longs[i].val = FIRST + (int)i;
		if (rows[i].letter == 0)
			continue;
		*letters++ = rows[i].letter;
		if (rows[i].argument != NULL)
			*letters++ = ':';
	}
	*letters = '\0';
	memset(&longs[ROWS], 0, sizeof(longs[ROWS]));
}

static const struct option_row *
find_row(int number)
{
	size_t i;

	if (number >= FIRST && number < FIRST + (int)ROWS)
		return &rows[number - FIRST];
	for (i = 0; i < ROWS; i++)
		if (rows[i].letter != 0 && rows[i].letter == number)
			return &rows[i];
	return NULL;
}

/* `value` is NULL for a flag that is off. */
static void
set_option(struct command_line *out, const struct option_row *row,
    const char *value)
{
	char *field = (char *)out + row->offset;

	if (row->offset == NOTHING)
		return;
	if (row->argument != NULL)
		memcpy(field, &value, sizeof(value));
	else
		*(bool *)field = value != NULL;
	out->given |= bit_of(row);
}

static enum status
unknown_option(const char *word)
{
	const char *names[ROWS + 1] = { NULL };
	char typed[64], hint[128];
	size_t i;

	if (strncmp(word, "--", 2) != 0)
		return status_set(STATUS_USAGE,
		    "there is no option -%c (see --help)", optopt);
	for (i = 0; i < ROWS; i++)
		names[i] = rows[i].name;
	snprintf(typed, sizeof(typed), "%.*s", (int)strcspn(word + 2, "="),
	    word + 2);
	for (i = 0; i < ROWS; i++)
		if (strcmp(typed, rows[i].name) == 0)
			return status_set(STATUS_USAGE,
			    "--%s takes no argument", typed);
	return status_set(STATUS_USAGE, "there is no option --%s%s", typed,
	    nearest_option(hint, sizeof(hint), typed, names));
}

static enum status
read_options(struct command_line *out, int argc, char **argv)
{
	struct option longs[ROWS + 1];
	char letters[2 * ROWS + 3];
	const struct option_row *row;
	const char *word;
	int number;

	make_getopt(longs, letters);
	opterr = 0;
	optind = 0;		/* glibc: start over */
	for (;;) {
		word = argv[optind == 0 ? 1 : optind];
		number = getopt_long(argc, argv, letters, longs, NULL);
		if (number == -1)
			return STATUS_OK;
		if (number == ':')
			return status_set(STATUS_USAGE,
			    "%s misses its argument", word);
		if ((row = find_row(number)) == NULL)
			return unknown_option(word);
		set_option(out, row, row->argument != NULL ? optarg : "");
	}
}

/* Leaves `out` alone without a word. */
static enum status
read_number(unsigned int *out, const char *word, const char *name,
    unsigned int least, unsigned int most)
{
	unsigned long number;
	char *end;

	if (word == NULL)
		return STATUS_OK;
	number = strtoul(word, &end, 10);
	if (*word < '0' || *word > '9' || *end != '\0' || number < least ||
	    number > most)
		return status_set(STATUS_USAGE,
		    "--%s takes a number from %u to %u", name, least, most);
	*out = (unsigned int)number;
	return STATUS_OK;
}

static enum status
read_limit(struct command_line *out)
{
	if (out->limit_word == NULL)
		return STATUS_OK;
	if (!size_text_parse(&out->limit_rate, out->limit_word) ||
	    out->limit_rate < THROTTLE_LEAST ||
	    out->limit_rate > THROTTLE_MOST)
		return status_set(STATUS_USAGE, "--limit-rate takes bytes "
		    "per second, such as 100K or 2M, from 1K to 1T");
	return STATUS_OK;
}

static enum status
read_progress(struct command_line *out)
{
	static const char *const modes[] = {
		[PROGRESS_AUTO] = "auto",
		[PROGRESS_PLAIN] = "plain",
		[PROGRESS_NONE] = "none",
	};
	size_t i;

	out->progress = PROGRESS_AUTO;
	if (out->progress_word == NULL)
		return STATUS_OK;
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(out->progress_word, modes[i]) == 0) {
			out->progress = (enum progress_mode)i;
			return STATUS_OK;
		}
	return status_set(STATUS_USAGE,
	    "--progress takes auto, plain or none");
}

/* What is wrong between options, and words to numbers. */
static enum status
check_options(struct command_line *out)
{
	enum status st;

	if (out->pin != NULL && out->cafile != NULL)
		return status_set(STATUS_USAGE,
		    "--pin and --cafile exclude each other");
	if (out->password_file != NULL && out->password_command != NULL)
		return status_set(STATUS_USAGE, "--password-file and "
		    "--password-command exclude each other");
	out->retries = RETRIES;
	out->max_files = MAX_FILES;
	if ((st = read_number(&out->retries, out->retries_word, "retries", 0,
	    1000)) != STATUS_OK || (st = read_number(&out->timeout,
	    out->timeout_word, "timeout", 1, 3600)) != STATUS_OK ||
	    (st = read_number(&out->max_files, out->max_files_word,
	    "max-files", 1, MAX_FILES_MOST)) != STATUS_OK)
		return st;
	if ((st = read_limit(out)) != STATUS_OK)
		return st;
	return read_progress(out);
}

enum status
command_line_parse(struct command_line *out, int argc, char **argv)
{
	enum status st;

	memset(out, 0, sizeof(*out));
	if ((st = read_options(out, argc, argv)) != STATUS_OK)
		return st;
	if (out->help || out->version)
		return STATUS_OK;
	if (optind == argc)
		return status_set(STATUS_USAGE, "name a server: "
		    "ftclient [user@]host[:port] (see --help)");
	out->target = argv[optind++];
	if (optind < argc) {
		out->command = argv + optind;
		out->command_len = argc - optind;
	}
	if ((st = check_options(out)) != STATUS_OK)
		return st;
	if (out->command != NULL && out->batch_file != NULL)
		return status_set(STATUS_USAGE,
		    "a batch (-b) and a command exclude each other");
	if (out->show_key && (out->command != NULL ||
	    out->batch_file != NULL || out->json))
		return status_set(STATUS_USAGE, "--show-key goes with no "
		    "command, and not with --json");
	return STATUS_OK;
}

/*
 * --- The same options from elsewhere ----------------------------------------
 */

/* These are of one run, or say where to look for the others. */
static bool
is_for_one_run(const struct option_row *row)
{
	static const char *const names[] = { "tls", "batch", "config",
	    "show-key", "help", "version" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(row->name, names[i]) == 0)
			return true;
	return false;
}

size_t
command_line_names(const char *names[COMMAND_LINE_NAMES_MAX])
{
	size_t i, n = 0;

	_Static_assert(ROWS <= COMMAND_LINE_NAMES_MAX, "room for all");
	for (i = 0; i < ROWS; i++)
		if (!is_for_one_run(&rows[i]))
			names[n++] = rows[i].name;
	return n;
}

static const struct option_row *
find_name(const char *name)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

bool
command_line_takes_file(const char *name)
{
	const struct option_row *row = find_name(name);

	return row != NULL && row->argument != NULL &&
	    strcmp(row->argument, "FILE") == 0;
}

bool
command_line_has(const struct command_line *line, const char *name)
{
	const struct option_row *row = find_name(name);

	return row != NULL && (line->given & bit_of(row)) != 0;
}

enum status
command_line_give(struct command_line *out, const char *name,
    const char *value)
{
	const struct option_row *row = find_name(name);
	bool yes = strcmp(value, "yes") == 0;
	enum status st;

	if (row == NULL)
		return status_set(STATUS_USAGE, "there is no option --%s",
		    name);
	if (row->argument == NULL && !yes && strcmp(value, "no") != 0)
		return status_set(STATUS_USAGE, "%s is yes or no, not `%.64s`",
		    name, value);
	if (strcmp(name, "pin") == 0 &&
	    (st = trust_check_pin(value)) != STATUS_OK)
		return st;
	set_option(out, row, row->argument != NULL || yes ? value : NULL);
	return check_options(out);
}

/* Options of which the first that is found does for both. */
static uint64_t
with_rivals(uint64_t given)
{
	static const char *const pairs[][2] = { { "pin", "cafile" },
		{ "password-file", "password-command" } };
	uint64_t both, all = given;
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		both = bit_of(find_name(pairs[i][0])) |
		    bit_of(find_name(pairs[i][1]));
		if ((given & both) != 0)
			all |= both;
	}
	return all;
}

enum status
command_line_inherit(struct command_line *to, const struct command_line *from)
{
	uint64_t wanted = from->given & ~with_rivals(to->given);
	const struct option_row *row;
	size_t size;

	for (row = rows; row < rows + ROWS; row++) {
		if ((wanted & bit_of(row)) == 0)
			continue;
		size = row->argument != NULL ? sizeof(char *) : sizeof(bool);
		memcpy((char *)to + row->offset,
		    (const char *)from + row->offset, size);
	}
	to->given |= wanted;
	return check_options(to);
}

void
command_line_help(FILE *file)
{
	char left[64];
	size_t i;

	for (i = 0; i < ROWS; i++) {
		snprintf(left, sizeof(left), "%s%c%s--%s%s%s",
		    rows[i].letter != 0 ? "-" : " ",
		    rows[i].letter != 0 ? rows[i].letter : ' ',
		    rows[i].letter != 0 ? ", " : "  ", rows[i].name,
		    rows[i].argument != NULL ? " " : "",
		    rows[i].argument != NULL ? rows[i].argument : "");
		/* What does not fit before the help stands above it. */
		if (strlen(left) > HELP_LEFT)
			fprintf(file, "  %s\n  %*s", left, HELP_LEFT, "");
		else
			fprintf(file, "  %-*s", HELP_LEFT, left);
		fprintf(file, " %s\n", rows[i].help);
	}
}
