/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "verb.h"

#include <string.h>

#define HELP_LEFT	26	/* columns of a command's words */
#define USAGE_WIDTH	78
#define NONE		OPTION_COUNT

/*
 * Each option in a line of at most 80 columns.  Of rows for the same one that
 * follow each other, the first that fits the command is shown.
 */
static const struct help_option {
	const char	*words;
	char		 letter;	/* or NUL: */
	enum option	 option;
	verb_function	*only;		/* of that command, or NULL */
	const char	*help;
} help_options[] = {
	{ "-a", 'a', NONE, NULL, "go on with what an earlier run left" },
	{ "-c, --checksum", 'c', NONE, NULL,
	    "compare contents, not sizes and times" },
	{ "-d ID", 'd', NONE, verb_uploads, "give up that upload" },
	{ "-d FOLDER", 'd', NONE, NULL, "into that folder" },
	{ "-g", 'g', NONE, NULL, "words are patterns, such as '*.c'" },
	{ "-L", 'L', NONE, NULL, "follow symbolic links" },
	{ "-l", 'l', NONE, verb_list, "a line for each name" },
	{ "-l", 'l', NONE, NULL,
	    "keep symbolic links; else they are left out" },
	{ "-n, --dry-run", 'n', NONE, NULL, "only tell what would be done" },
	{ "-p", 'p', NONE, verb_mkdir, "and the folders above them" },
	{ "-p", 'p', NONE, NULL, "keep times and permissions" },
	{ "-r", 'r', NONE, NULL, "folders with all in them" },
	{ "-x", 'x', NONE, NULL, "by XXH128" },
	{ "-j, --jobs N", '\0', OPTION_JOBS, NULL,
	    "many files over N connections, 1 to 16" },
	{ "--atomic", '\0', OPTION_ATOMIC, NULL,
	    "a folder as one: all of it is seen at once, or none" },
	{ "--delta", '\0', OPTION_DELTA, NULL,
	    "move only what differs from the older file" },
	{ "--segments N", '\0', OPTION_SEGMENTS, NULL,
	    "one large file over N connections, 1 to 16" },
	{ "--range RANGE", '\0', OPTION_RANGE, NULL,
	    "a part: OFFSET:LENGTH, OFFSET: or -COUNT:" },
	{ "--offset OFFSET", '\0', OPTION_OFFSET, NULL,
	    "write into a file that is there, from that byte on" },
	{ "--shared", '\0', OPTION_SHARED, NULL,
	    "others may read it, and lock it so too" },
	{ "--wait SECONDS", '\0', OPTION_WAIT, NULL,
	    "wait so long for a lock of somebody else" },
	{ "--watch", '\0', OPTION_WATCH, NULL,
	    "go on with what is changed in LOCAL" },
	{ "--include GLOB", '\0', OPTION_INCLUDE, NULL,
	    "of a folder, take what is named so" },
	{ "--exclude GLOB", '\0', OPTION_EXCLUDE, NULL,
	    "leave that out; of both, the first that fits decides" },
	{ "--newer-than TIME", '\0', OPTION_NEWER_THAN, NULL,
	    "only files changed since, such as 2h or 2026-01-31" },
	{ "--min-size SIZE", '\0', OPTION_MIN_SIZE, NULL,
	    "only files of at least that size, such as 20K" },
	{ "--max-size SIZE", '\0', OPTION_MAX_SIZE, NULL,
	    "only files of at most that size" },
	{ "--delete", '\0', OPTION_DELETE, NULL,
	    "remove what the source does not have" },
	{ "--name GLOB", '\0', OPTION_NAME, NULL, "what is named so" },
	{ "--type LETTER", '\0', OPTION_TYPE, NULL,
	    "f: files, d: folders, l: symbolic links, o: others" },
	{ "--type", '\0', OPTION_MIME, NULL, "with MIME types" },
	{ "--min SIZE", '\0', OPTION_MIN, NULL,
	    "of at least that size, such as 20K" },
	{ "--max SIZE", '\0', OPTION_MAX, NULL, "of at most that size" },
	{ "--newer TIME", '\0', OPTION_NEWER, NULL,
	    "changed after that, such as 7d or 2026-01-31" },
	{ "--older TIME", '\0', OPTION_OLDER, NULL, "changed before that" },
	{ "--depth LEVELS", '\0', OPTION_DEPTH, NULL,
	    "not more than so many levels down" },
	{ "--if-absent", '\0', OPTION_IF_ABSENT, NULL,
	    "only if there is no such file" },
	{ "--if-version VERSION", '\0', OPTION_IF_VERSION, NULL,
	    "only if it is that version (stat tells it)" },
	{ "--taken POLICY", '\0', OPTION_TAKEN, verb_put,
	    "a name that is taken: replace (else), refuse, fresh" },
	{ "--taken POLICY", '\0', OPTION_TAKEN, NULL,
	    "a name that is taken: replace (else) or refuse" },
};

/* A usage is broken between its words, never inside of brackets. */
static void
show_usage(FILE *file, const struct verb *verb)
{
	const char *at = verb->usage;
	size_t column = (size_t)fprintf(file, "%s", verb->name);
	size_t len;

	while (*at != '\0') {
		len = *at == '[' ? strcspn(at, "]") : 0;
		len += strcspn(at + len, " ");
		if (column + 1 + len > USAGE_WIDTH)
			column = (size_t)fprintf(file, "\n    ") - 2;
		column += (size_t)fprintf(file, " %.*s", (int)len, at);
		at += len;
		at += *at == ' ';
	}
}

/* Each line but the first stands behind so many blanks. */
static void
show_lines(FILE *file, const char *text, int indent)
{
	size_t len;

	for (;; text += len + 1) {
		len = strcspn(text, "\n");
		fprintf(file, "%.*s\n", (int)len, text);
		if (text[len] == '\0')
			return;
		fprintf(file, "%*s", indent, "");
	}
}

/* What does not fit before the help stands above it. */
static void
help_row(FILE *file, const struct verb *verb)
{
	int len = (int)strlen(verb->name) + 1 + (int)strlen(verb->usage);

	fputs("  ", file);
	show_usage(file, verb);
	if (*verb->usage == '\0')
		fputc(' ', file);
	if (len > HELP_LEFT)
		fprintf(file, "\n  %*s", HELP_LEFT, "");
	else
		fprintf(file, "%*s", HELP_LEFT - len, "");
	fputc(' ', file);
	show_lines(file, verb->help, HELP_LEFT + 3);
}

void
verb_help_all(FILE *file)
{
	const struct verb *verb;
	size_t i;

	for (i = 0; (verb = verb_row(i)) != NULL; i++)
		help_row(file, verb);
	fprintf(file, "  %-*s %s\n", HELP_LEFT, "!COMMAND",
	    "run a command of the shell on this machine");
	fprintf(file, "\nWhat changes something takes --if-absent and "
	    "--if-version VERSION (see stat);\nput, mv and cp take --taken "
	    "POLICY: replace or refuse, put also fresh.\n");
	fprintf(file, "get -r, put -r and sync take --include GLOB and "
	    "--exclude GLOB (the first that\nfits decides), --newer-than "
	    "TIME, --min-size SIZE and --max-size SIZE; --delete\nremoves "
	    "what the source does not have, and -n (--dry-run) only tells.\n");
	fprintf(file, "get -r, put -r, mget, mput and sync take -j N (--jobs "
	    "N): over N connections.\n`help COMMAND` tells what each option "
	    "of a command does.\n");
}

static bool
is_known(const struct verb *verb, const struct help_option *row)
{
	if (row->only != NULL && row->only != verb->run)
		return false;
	if (row->letter == '\0')
		return (verb->options & OPTION_BIT(row->option)) != 0;
	return verb->letters != NULL &&
	    strchr(verb->letters, row->letter) != NULL;
}

void
verb_help(FILE *file, const struct verb *verb)
{
	const struct help_option *row, *shown = NULL;
	size_t i;

	show_usage(file, verb);
	fputs("\n    ", file);
	show_lines(file, verb->help, 4);
	if (verb->alias != NULL)
		fprintf(file, "    also called %s\n", verb->alias);
	for (i = 0; i < sizeof(help_options) / sizeof(*row); i++) {
		row = &help_options[i];
		if (!is_known(verb, row) || (shown != NULL &&
		    shown->letter == row->letter &&
		    shown->option == row->option))
			continue;
		fprintf(file, "    %-21s %s\n", row->words, row->help);
		shown = row;
	}
}
