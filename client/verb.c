/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "verb.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crew.h"
#include "fleet.h"
#include "nearest.h"
#include "size_text.h"
#include "tree_options.h"

#define WAITS OPTION_BIT(OPTION_WAIT)
/* Of commands that change something: conditions.h. */
#define IF (OPTION_BIT(OPTION_IF_ABSENT) | OPTION_BIT(OPTION_IF_VERSION))
#define TAKEN OPTION_BIT(OPTION_TAKEN)
#define JOBS OPTION_BIT(OPTION_JOBS)

static const struct verb verbs[] = {
	{ "list", "ls dir", "gl", 0, 1, "[-gl] [--type] [PATH]",
	    "list a folder (the current one; --type: with MIME types)",
	    verb_list, false, OPTION_BIT(OPTION_MIME) },
	{ "get", NULL, "Laglnpr", 1, 2,
	    "[-Laglnpr] [-j N] [--delta] [--range RANGE] [--segments N] "
	    "[--wait SECONDS] FILE [LOCAL]",
	    "fetch a file (LOCAL may be a folder, or - to print it), or\n"
	    "OFFSET:LENGTH, OFFSET: or -COUNT: "
	    "of it;\n"
	    "-r: a folder with all in it",
	    verb_get, false, WAITS | OPTION_BIT(OPTION_SEGMENTS) |
	    OPTION_BIT(OPTION_RANGE) | OPTION_BIT(OPTION_DELTA) | JOBS |
	    TREE_OPTIONS },
	{ "put", NULL, "Laglnpr", 1, 2,
	    "[-Laglnpr] [-j N] [--atomic] [--delta] "
	    "[--segments N] [--wait SECONDS] [--offset OFFSET] LOCAL [FILE]",
	    "send a file (LOCAL may be - for standard input), or into one;\n"
	    "-r: a folder with all in it "
	    "(--atomic: as one)",
	    verb_put, true, WAITS | IF | TAKEN | OPTION_BIT(OPTION_OFFSET) |
	    OPTION_BIT(OPTION_SEGMENTS) | OPTION_BIT(OPTION_ATOMIC) |
	    OPTION_BIT(OPTION_DELTA) | JOBS | TREE_OPTIONS },
	{ "mget", NULL, "d:Lalnpr", 1, -1,
	    "[-Lalnpr] [-d FOLDER] [-j N] [--wait SECONDS] PATTERN ...",
	    "fetch all files of the server that patterns such as *.c stand\n"
	    "for, into FOLDER of this machine; "
	    "-r: folders, too", verb_mget, false,
	    WAITS | JOBS | TREE_OPTIONS },
	{ "mput", NULL, "d:Lalnpr", 1, -1,
	    "[-Lalnpr] [-d FOLDER] [-j N] [--wait SECONDS] PATTERN ...",
	    "send all files of this machine that patterns stand for, into\n"
	    "FOLDER of the server; -r: folders, "
	    "too", verb_mput, false,
	    WAITS | JOBS | TREE_OPTIONS },
	{ "cat", NULL, "g", 1, -1,
	    "[-g] [--range RANGE] [--wait SECONDS] FILE ...",
	    "print files", verb_cat, false,
	    WAITS | OPTION_BIT(OPTION_RANGE) },
	{ "page", "more less", "", 1, 1, "[--wait SECONDS] FILE",
	    "show a file by $PAGER, or by less", verb_page, false, WAITS },
	{ "append", NULL, "", 2, 2, "[--wait SECONDS] LOCAL FILE",
	    "add to the end of a file", verb_append, false, WAITS | IF },
	{ "truncate", NULL, "", 2, 2, "[--wait SECONDS] FILE SIZE",
	    "cut or stretch a file to a size", verb_truncate, false,
	    WAITS | IF },
	{ "touch", NULL, "", 1, -1, "[--wait SECONDS] FILE ...",
	    "set the time of files, and make those that are missing",
	    verb_touch, false, WAITS | IF },
	{ "sum", NULL, "gx", 1, -1, "[-gx] [--wait SECONDS] FILE ...",
	    "tell the SHA-256 of files (-x: XXH128)", verb_sum, false, WAITS },
	{ "sync", NULL, "cn", 2, 2, "[-cn] [-j N] [--delete] "
	    "[--watch] [--wait SECONDS] LOCAL :FOLDER, or :FOLDER LOCAL",
	    "make the second folder like the first (-c, --checksum: by\n"
	    "contents; --delete: remove what "
	    "only it has;\n"
	    "--watch: LOCAL, and go on)",
	    verb_sync, false, WAITS | OPTION_BIT(OPTION_CHECKSUM) |
	    OPTION_BIT(OPTION_WATCH) | JOBS |
	    TREE_OPTIONS },
	{ "stat", NULL, "g", 1, 1, "[-g] PATH",
	    "tell all about a file", verb_stat, false, 0 },
	{ "cd", NULL, "", 0, 1, "[PATH]",
	    "go to a folder (the root)", verb_cd, false, 0 },
	{ "pwd", NULL, "", 0, 0, "",
	    "tell the current folder", verb_pwd, false, 0 },
	{ "mkdir", NULL, "p", 1, -1, "[-p] PATH ...",
	    "make folders (-p: and those above them)", verb_mkdir, false, IF },
	{ "rmdir", NULL, "", 1, -1, "[--wait SECONDS] PATH ...",
	    "remove empty folders", verb_rmdir, false, WAITS },
	{ "rm", "del delete", "gr", 1, -1, "[-gr] [--wait SECONDS] PATH ...",
	    "remove files (-r: and folders with all in them)", verb_rm, false,
	    WAITS | IF },
	{ "mv", "rename", "", 2, 2, "[--wait SECONDS] FROM TO",
	    "move or rename a file or folder", verb_mv, false,
	    WAITS | IF | TAKEN },
	{ "cp", NULL, "", 2, 2, "[--wait SECONDS] FROM TO",
	    "copy a file on the server", verb_cp, false, WAITS | IF | TAKEN },
	{ "find", NULL, "", 0, 1, "[OPTION ...] [PATH]",
	    "find files by --name GLOB, --type f, d or l, --min and --max\n"
	    "SIZE, --newer and --older TIME, "
	    "--depth LEVELS", verb_find_files, false, OPTION_BIT(OPTION_NAME) |
	    OPTION_BIT(OPTION_TYPE) | OPTION_BIT(OPTION_MIN) |
	    OPTION_BIT(OPTION_MAX) | OPTION_BIT(OPTION_NEWER) |
	    OPTION_BIT(OPTION_OLDER) | OPTION_BIT(OPTION_DEPTH) },
	{ "du", NULL, "", 0, 1, "[PATH]",
	    "tell how many files and bytes a folder holds", verb_du, false,
	    0 },
	{ "df", NULL, "", 0, 1, "[PATH]",
	    "tell how much room there is", verb_df, false, 0 },
	{ "lock", NULL, "", 1, 2,
	    "[--shared] [--wait SECONDS] PATH [OFFSET:LENGTH]",
	    "lock a file, or a part of it, until unlock or the end",
	    verb_lock, false, WAITS | OPTION_BIT(OPTION_SHARED) },
	{ "unlock", NULL, "", 1, 2, "PATH [OFFSET:LENGTH]",
	    "give back what was locked", verb_unlock, false, 0 },
	{ "locks", NULL, "", 0, 1, "[PATH]",
	    "show what this session, or who else, has locked",
	    verb_locks, false, 0 },
	{ "uploads", NULL, "d", 0, -1, "[-d ID ...]",
	    "show your unfinished uploads (-d: give them up)",
	    verb_uploads, false, 0 },
	{ "lcd", NULL, "", 0, 1, "[LOCAL]",
	    "go to a folder on this machine (the home folder)", verb_lcd,
	    false, 0 },
	{ "lpwd", NULL, "", 0, 0, "",
	    "tell the current folder on this machine", verb_lpwd, false, 0 },
	{ "lls", NULL, NULL, 0, -1, "[LOCAL ...]",
	    "run ls on this machine", verb_lls, false, 0 },
	{ "login", NULL, "", 0, 0, "",
	    "keep a login: no password is needed while it lasts", verb_login,
	    false, 0 },
	{ "logout", NULL, "", 0, 0, "",
	    "forget the login that was kept", verb_logout, false, 0 },
	{ "help", "?", "", 0, 1, "[COMMAND]",
	    "show this list, or what a command takes", verb_help_command,
	    false, 0 },
	{ "quit", "exit bye", "", 0, 0, "",
	    "leave", verb_quit, false, 0 },
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

#define NAMES_MOST	(4 * VERBS)	/* of verbs and their aliases */

const struct verb *
verb_row(size_t number)
{
	return number < VERBS ? &verbs[number] : NULL;
}

/* The verb that has the name with that number, its text in `*at`. */
static const struct verb *
find_name(size_t number, const char **at, size_t *len)
{
	size_t i;

	for (i = 0; i < VERBS; i++) {
		*at = verbs[i].name;
		*len = strlen(*at);
		if (number-- == 0)
			return &verbs[i];
		*at = verbs[i].alias;
		while (*at != NULL && **at != '\0') {
			*len = strcspn(*at, " ");
			if (number-- == 0)
				return &verbs[i];
			*at += *len + strspn(*at + *len, " ");
		}
	}
	return NULL;
}

bool
verb_name(char out[VERB_NAME_SIZE], size_t number)
{
	const char *at;
	size_t len;

	if (find_name(number, &at, &len) == NULL)
		return false;
	assert(len < VERB_NAME_SIZE);
	memcpy(out, at, len);
	out[len] = '\0';
	return true;
}

const struct verb *
verb_find(const char *name)
{
	char texts[NAMES_MOST][VERB_NAME_SIZE], hint[128];
	const char *names[NAMES_MOST + 1], *at;
	size_t n, len;

	for (n = 0; n < NAMES_MOST && verb_name(texts[n], n); n++) {
		if (strcmp(name, texts[n]) == 0)
			return find_name(n, &at, &len);
		names[n] = texts[n];
	}
	names[n] = NULL;
	if (strncmp(name, "--", 2) == 0) {
		status_set(STATUS_USAGE, "there is no command `%.64s`: options "
		    "of ftclient stand before the server", name);
		return NULL;
	}
	status_set(STATUS_USAGE, "there is no command `%.64s`%s", name,
	    nearest_hint(hint, sizeof(hint), name, names));
	return NULL;
}

bool
verb_needs_session(const char *name)
{
	return name == NULL || (strcmp(name, "login") != 0 &&
	    strcmp(name, "logout") != 0 && strcmp(name, "help") != 0);
}

bool
verb_needs_files(const struct verb *verb, const struct arguments *arguments)
{
	static const struct {
		const char	*name;
		uint64_t	 letters;	/* with one of these; 0: any */
	} rows[] = {
		{ "append", 0 }, { "truncate", 0 }, { "touch", 0 },
		{ "sum", 0 }, { "cp", 0 }, { "find", 0 }, { "du", 0 },
		{ "df", 0 }, { "lock", 0 }, { "unlock", 0 }, { "locks", 0 },
		{ "sync", 0 }, { "uploads", 0 },
		{ "mkdir", VERB_LETTER('p') }, { "rm", VERB_LETTER('r') },
	};
	size_t i;

	if (arguments->options[OPTION_WAIT] != NULL ||
	    arguments->options[OPTION_OFFSET] != NULL ||
	    arguments->options[OPTION_SEGMENTS] != NULL ||
	    arguments->options[OPTION_ATOMIC] != NULL)
		return true;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, verb->name) == 0)
			return rows[i].letters == 0 ||
			    (rows[i].letters & arguments->letters) != 0;
	return false;
}

enum status
verb_size(uint64_t *size, const char *word)
{
	if (word == NULL || size_text_parse(size, word))
		return STATUS_OK;
	return status_set(STATUS_USAGE, "%.64s: write a size as 500, 20K, 5M, "
	    "3G or 1T", word);
}

enum status
verb_wait_seconds(uint32_t *seconds, const struct arguments *arguments)
{
	const char *word = arguments->options[OPTION_WAIT];
	unsigned long number;
	char *end;

	*seconds = 0;
	if (word == NULL)
		return STATUS_OK;
	number = strtoul(word, &end, 10);
	if (*word < '0' || *word > '9' || *end != '\0' ||
	    number > FT1_LOCK_WAIT_MAX)
		return status_set(STATUS_USAGE,
		    "%.64s: one can wait for 0 to %u seconds", word,
		    FT1_LOCK_WAIT_MAX);
	*seconds = (uint32_t)number;
	return STATUS_OK;
}

/* 1 to `most` of what the word counts, 1 without it. */
static enum status
read_count(unsigned int *count, const char *word, unsigned int most,
    const char *what)
{
	unsigned long number;
	char *end;

	*count = 1;
	if (word == NULL)
		return STATUS_OK;
	number = strtoul(word, &end, 10);
	if (*word < '0' || *word > '9' || *end != '\0' || number < 1 ||
	    number > most)
		return status_set(STATUS_USAGE, "%.64s: there can be 1 to %u "
		    "%s", word, most, what);
	*count = (unsigned int)number;
	return STATUS_OK;
}

enum status
verb_segments(unsigned int *segments, const struct arguments *arguments)
{
	return read_count(segments, arguments->options[OPTION_SEGMENTS],
	    CREW_MOST + 1, "segments");
}

enum status
verb_jobs(unsigned int *jobs, const struct arguments *arguments)
{
	return read_count(jobs, arguments->options[OPTION_JOBS], FLEET_MOST,
	    "jobs");
}
