/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "command_line.h"

#include <getopt.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"

/* What an option sets: a string if it has an argument, else a flag. */
struct option_row {
	const char	*name;
	char		 letter;	/* or 0 */
	const char	*argument;	/* its name in --help, or NULL */
	size_t		 offset;	/* in struct command_line */
	const char	*help;
};

#define RETRIES	5	/* unless said otherwise */
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
	{ "batch", 'b', "FILE", FIELD(batch_file),
	    "run the commands in FILE, one a line (-: standard input)" },
	{ "retries", 0, "N", FIELD(retries_word),
	    "try a lost connection again so often (5)" },
	{ "quiet", 'q', NULL, FIELD(quiet),
	    "say nothing that was not asked for" },
	{ "verbose", 'v', NULL, FIELD(verbose),
	    "tell what is going on" },
	{ "help", 'h', NULL, FIELD(help),
	    "show this text" },
	{ "version", 'V', NULL, FIELD(version),
	    "show the version" },
};

#define ROWS	(sizeof(rows) / sizeof(rows[0]))
#define FIRST	256		/* getopt's number of rows[0] */

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

static void
set_option(struct command_line *out, const struct option_row *row)
{
	char *field = (char *)out + row->offset;

	if (row->offset == NOTHING)
		return;
	if (row->argument != NULL)
		memcpy(field, &optarg, sizeof(optarg));
	else
		*(bool *)field = true;
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
		set_option(out, row);
	}
}

static enum status
read_retries(struct command_line *out)
{
	const char *word = out->retries_word;
	char *end;
	unsigned long number;

	out->retries = RETRIES;
	if (word == NULL)
		return STATUS_OK;
	number = strtoul(word, &end, 10);
	if (*word < '0' || *word > '9' || *end != '\0' || number > 1000)
		return status_set(STATUS_USAGE,
		    "--retries takes a number from 0 to 1000");
	out->retries = (unsigned int)number;
	return STATUS_OK;
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
	if (out->pin != NULL && out->cafile != NULL)
		return status_set(STATUS_USAGE,
		    "--pin and --cafile exclude each other");
	if ((st = read_retries(out)) != STATUS_OK)
		return st;
	if (out->command != NULL && out->batch_file != NULL)
		return status_set(STATUS_USAGE,
		    "a batch (-b) and a command exclude each other");
	return STATUS_OK;
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
		fprintf(file, "  %-26s %s\n", left, rows[i].help);
	}
}
