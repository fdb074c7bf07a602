/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/resource.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "ftuser.h"
#include "nearest.h"

#define DEFAULT_FILE SYSCONFDIR "/ftserver/users"
#define ANY 1000	/* arguments; more than the keys of a user */

static const struct {
	const char	*name;
	enum status	 (*run)(const struct ftuser *f);
	size_t		 least, most;		/* arguments */
	const char	*usage;
} commands[] = {
	{ "add", ftuser_add, 1, ANY, "NAME [KEY=VALUE ...]" },
	{ "passwd", ftuser_passwd, 1, 1, "NAME" },
	{ "del", ftuser_del, 1, 1, "NAME" },
	{ "lock", ftuser_lock, 1, 1, "NAME" },
	{ "unlock", ftuser_unlock, 1, 1, "NAME" },
	{ "list", ftuser_list, 0, 0, "" },
	{ "set", ftuser_set, 2, ANY, "NAME KEY=VALUE ..." },
	{ "verify", ftuser_verify, 1, 1, "NAME" },
	{ "import", ftuser_import, 0, 1, "[FILE]" },
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct option options[] = {
	{ "file", required_argument, NULL, 'f' },
	{ "password-file", required_argument, NULL, 'p' },
	{ "stdin", no_argument, NULL, 's' },
	{ "cost", required_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ 0 },
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

static const char help[] =
"usage: ftuser [OPTION ...] COMMAND [ARGUMENT ...]\n"
"\n"
"Change the file that says who may log in to ftserver.\n"
"\n"
"  add NAME [KEY=VALUE ...]  add a user; asks for the password\n"
"  add @NAME [KEY=VALUE ...] add a group, whose keys its users have\n"
"  passwd NAME               give a user another password\n"
"  del NAME                  remove a user\n"
"  lock NAME                 refuse a user until unlocked\n"
"  unlock NAME               let a locked user in again\n"
"  list                      show all users\n"
"  set NAME KEY=VALUE ...    change keys; KEY= removes one\n"
"  verify NAME               check a password: exit 0 or 77\n"
"  import [FILE]             add users from lines NAME:HASH, as in shadow(5)\n"
"                            and htpasswd\n"
"\n"
"Keys: root=PATH, base=NAME, rights=full|read|drop|RIGHT+RIGHT...,\n"
"      groups=@NAME+@NAME..., quota_bytes=SIZE, quota_files=NUMBER\n"
"\n"
"  -f, --file FILE           the user file (" DEFAULT_FILE ")\n"
"      --password-file FILE  the password is the first line of FILE\n"
"      --stdin               the password is the first line of the input\n"
"      --cost m=KIB,t=N,p=N  what a new argon2id hash costs\n"
"                            (m=65536,t=3,p=1)\n"
"      --help                show this\n"
"      --version             show the version\n"
"\n"
"A running server follows at its next request.  See ftuser(8).\n";

void
ftuser_say(const char *text)
{
	char shown[ESCAPE_GROWTH * 512];

	escape_string(shown, sizeof(shown), text);
	fprintf(stderr, "ftuser: %s\n", shown);
}

/* A long option that getopt did not like. */
static enum status
refuse_long_option(const char *word)
{
	char text[OPTIONS][24], typed[80], hint[100];
	const char *names[OPTIONS] = { NULL };
	size_t i;

	snprintf(typed, sizeof(typed), "%.*s", (int)strcspn(word, "="), word);
	for (i = 0; options[i].name != NULL; i++) {
		snprintf(text[i], sizeof(text[i]), "--%s", options[i].name);
		names[i] = text[i];
		if (strcmp(names[i], typed) == 0)
			return status_set(STATUS_USAGE,
			    "the option %s takes no argument", typed);
	}
	return status_set(STATUS_USAGE, "there is no option %s%s (see ftuser "
	    "--help)", typed, nearest_hint(hint, sizeof(hint), typed, names));
}

/* The option that getopt did not like: `word`, or a letter of it. */
static enum status
refuse_option(const char *word, int result)
{
	if (result == ':')
		return status_set(STATUS_USAGE,
		    "the option %s needs an argument", word);
	if (strncmp(word, "--", 2) == 0)
		return refuse_long_option(word);
	return status_set(STATUS_USAGE, "there is no option -%c (see ftuser "
	    "--help)", optopt);
}

static enum status
parse_option(struct ftuser *f, int letter, bool *is_done)
{
	switch (letter) {
	case 'f':
		f->file = optarg;
		return STATUS_OK;
	case 'p':
		f->password_file = optarg;
		return STATUS_OK;
	case 's':
		f->has_stdin = true;
		return STATUS_OK;
	case 'c':
		return phc_cost_parse(&f->cost, optarg) == STATUS_OK ?
		    STATUS_OK : status_set(STATUS_USAGE, "--cost: a cost is "
		    "m=KIB,t=N,p=N with m from 8 to %u, t to %u, p to %u and m "
		    "times t at most %u", PHC_MEMORY_MAX, PHC_PASSES_MAX,
		    PHC_LANES_MAX, PHC_WORK_MAX);
	case 'h':
		fputs(help, stdout);
		*is_done = true;
		return STATUS_OK;
	default:
		puts("ftuser (ftserver) " PACKAGE_VERSION);
		*is_done = true;
		return STATUS_OK;
	}
}

static enum status
parse_options(struct ftuser *f, int argc, char **argv, bool *is_done)
{
	enum status st = STATUS_OK;
	int letter;

	while (st == STATUS_OK && !*is_done) {
		letter = getopt_long(argc, argv, ":f:", options, NULL);
		if (letter == -1)
			break;
		if (letter == '?' || letter == ':')
			return refuse_option(argv[optind - 1], letter);
		st = parse_option(f, letter, is_done);
	}
	if (st == STATUS_OK && f->password_file != NULL && f->has_stdin)
		st = status_set(STATUS_USAGE, "--password-file and --stdin do "
		    "not go together");
	return st;
}

static enum status
run_command(struct ftuser *f, const char *word)
{
	const char *names[COMMANDS + 1] = { NULL };
	char hint[100];
	size_t i;

	for (i = 0; i < COMMANDS; i++) {
		names[i] = commands[i].name;
		if (strcmp(names[i], word) != 0)
			continue;
		if (f->count < commands[i].least || f->count > commands[i].most)
			return status_set(STATUS_USAGE, "usage: ftuser %s %s",
			    word, commands[i].usage);
		return commands[i].run(f);
	}
	return status_set(STATUS_USAGE, "there is no command `%.64s`%s (see "
	    "ftuser --help)", word,
	    nearest_hint(hint, sizeof(hint), word, names));
}

static enum status
run(int argc, char **argv)
{
	struct ftuser f = { .file = DEFAULT_FILE };
	bool is_done = false;
	enum status st;

	f.cost = PHC_DEFAULT_COST;
	st = parse_options(&f, argc, argv, &is_done);
	if (st != STATUS_OK || is_done)
		return st;
	if (optind == argc)
		return status_set(STATUS_USAGE,
		    "a command is missing (see ftuser --help)");
	f.args = (const char *const *)&argv[optind + 1];
	f.count = (size_t)(argc - optind - 1);
	return run_command(&f, argv[optind]);
}

int
main(int argc, char **argv)
{
	const struct rlimit none = { 0, 0 };
	enum status st;

	/* A core would hold a password. */
	setrlimit(RLIMIT_CORE, &none);
	st = run(argc, argv);
	if (st == STATUS_OK && (fflush(stdout) != 0 || ferror(stdout)))
		st = status_errno("standard output");
	if (st != STATUS_OK)
		ftuser_say(status_text(st));
	return status_exit_code(st);
}
