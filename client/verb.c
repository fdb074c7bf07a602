/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "verb.h"

#include <string.h>

#include "nearest.h"

static const struct verb verbs[] = {
	{ "list", "ls", "l", 0, 1, "[-l] [PATH]",
	    "list a folder (the current one)", verb_list, false },
	{ "get", NULL, "", 1, 2, "FILE [LOCAL]",
	    "fetch a file (LOCAL may be a folder, or - to print it)",
	    verb_get, false },
	{ "put", NULL, "", 1, 2, "LOCAL [FILE]",
	    "send a file (LOCAL may be - for standard input)",
	    verb_put, true },
	{ "stat", NULL, "", 1, 1, "PATH",
	    "tell all about a file", verb_stat, false },
	{ "cd", NULL, "", 0, 1, "[PATH]",
	    "go to a folder (the root)", verb_cd, false },
	{ "pwd", NULL, "", 0, 0, "",
	    "tell the current folder", verb_pwd, false },
	{ "mkdir", NULL, "", 1, -1, "PATH ...",
	    "make folders", verb_mkdir, false },
	{ "rmdir", NULL, "", 1, -1, "PATH ...",
	    "remove empty folders", verb_rmdir, false },
	{ "rm", "del", "", 1, -1, "PATH ...",
	    "remove files", verb_rm, false },
	{ "mv", "rename", "", 2, 2, "FROM TO",
	    "move or rename a file or folder", verb_mv, false },
	{ "lcd", NULL, "", 0, 1, "[FOLDER]",
	    "go to a folder on this machine (the home folder)", verb_lcd,
	    false },
	{ "lpwd", NULL, "", 0, 0, "",
	    "tell the current folder on this machine", verb_lpwd, false },
	{ "lls", NULL, NULL, 0, -1, "[ARGUMENT ...]",
	    "run ls on this machine", verb_lls, false },
	{ "login", NULL, "", 0, 0, "",
	    "keep a login: no password is needed while it lasts", verb_login,
	    false },
	{ "logout", NULL, "", 0, 0, "",
	    "forget the login that was kept", verb_logout, false },
	{ "help", "?", "", 0, 1, "[COMMAND]",
	    "show this list, or what a command takes", verb_help_command,
	    false },
	{ "quit", "exit", "", 0, 0, "",
	    "leave (also: bye)", verb_quit, false },
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

const struct verb *
verb_find(const char *name)
{
	const char *names[2 * VERBS + 1];
	char hint[128];
	size_t i, n = 0;

	for (i = 0; i < VERBS; i++) {
		if (strcmp(name, verbs[i].name) == 0 ||
		    (verbs[i].alias != NULL &&
		    strcmp(name, verbs[i].alias) == 0))
			return &verbs[i];
		names[n++] = verbs[i].name;
		if (verbs[i].alias != NULL)
			names[n++] = verbs[i].alias;
	}
	names[n] = NULL;
	if (strcmp(name, "bye") == 0)
		return &verbs[VERBS - 1];
	status_set(STATUS_USAGE, "there is no command `%.64s`%s", name,
	    nearest_hint(hint, sizeof(hint), name, names));
	return NULL;
}

bool
verb_needs_session(const char *name)
{
	return name == NULL || (strcmp(name, "login") != 0 &&
	    strcmp(name, "logout") != 0);
}

void
verb_help_all(FILE *file)
{
	char left[64];
	size_t i;

	for (i = 0; i < VERBS; i++) {
		snprintf(left, sizeof(left), "%s %s", verbs[i].name,
		    verbs[i].usage);
		fprintf(file, "  %-26s %s\n", left, verbs[i].help);
	}
	fprintf(file, "  %-26s %s\n", "!COMMAND",
	    "run a command of the shell on this machine");
}

void
verb_help(FILE *file, const struct verb *verb)
{
	fprintf(file, "%s %s\n    %s\n", verb->name, verb->usage, verb->help);
	if (verb->alias != NULL)
		fprintf(file, "    also called %s\n", verb->alias);
}
