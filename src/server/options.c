/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "nearest.h"

#define DEFAULT_FILE SYSCONFDIR "/ftserver/ftserver.conf"

enum {
	OPT_QUICK = 0x100,
	OPT_LISTEN,
	OPT_USER,
	OPT_PASSWORD_FILE,
	OPT_STATE,
	OPT_HELP,
	OPT_VERSION
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'f' },
	{ "test", no_argument, NULL, 't' },
	{ "debug", no_argument, NULL, 'd' },
	{ "quick", required_argument, NULL, OPT_QUICK },
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "user", required_argument, NULL, OPT_USER },
	{ "password-file", required_argument, NULL, OPT_PASSWORD_FILE },
	{ "state", required_argument, NULL, OPT_STATE },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 }
};

static const char *const help[] = {
	"usage: ftserver [-dt] [-f FILE]",
	"       ftserver [-d] --quick DIR [--listen ADDR:PORT] [--user NAME]",
	"                [--password-file FILE] [--state DIR]",
	"",
	"Serves folders over TLS, in the foreground.",
	"",
	"  -f, --config FILE     configuration (" DEFAULT_FILE ")",
	"  -t, --test            only test the configuration: exit 0, or 78",
	"  -d, --debug           say more: -dd phases, -ddd each message",
	"      --quick DIR       serve DIR on loopback; all else is made",
	"      --listen ADDR:PORT  where (127.0.0.1:4433); port 0: any free",
	"      --user NAME       the user's name (yours)",
	"      --password-file FILE  first line: the user's password",
	"      --state DIR       where key, certificate and users are kept",
	"      --help            this text",
	"      --version         name and version",
	"",
	"SIGTERM ends it, SIGHUP reads all again.  See ftserver(8).",
	NULL
};

void
options_help(void)
{
	const char *const *line;

	for (line = help; *line != NULL; line++)
		puts(*line);
}

static enum status
bad_option(char *const *argv, int code)
{
	const char *words[sizeof(long_options) / sizeof(long_options[0])];
	const char *typed = argv[optind - 1];
	char hint[96];
	size_t i;

	if (code == ':')
		return status_set(STATUS_USAGE, "%s needs a value", typed);
	if (strncmp(typed, "--", 2) != 0)
		return status_set(STATUS_USAGE, "unknown option -%c", optopt);
	for (i = 0; long_options[i].name != NULL; i++)
		words[i] = long_options[i].name;
	words[i] = NULL;
	return status_set(STATUS_USAGE, "unknown option %s%s", typed,
	    nearest_option(hint, sizeof(hint), typed + 2, words));
}

static void
take(struct options *o, int code)
{
	switch (code) {
	case 'f':		o->file = optarg;			break;
	case 't':		o->action = OPTIONS_TEST;		break;
	case 'd':		o->verbosity++;				break;
	case OPT_QUICK:		o->quick.dir = optarg;			break;
	case OPT_LISTEN:	o->quick.listen = optarg;		break;
	case OPT_USER:		o->quick.user = optarg;			break;
	case OPT_PASSWORD_FILE:	o->quick.password_file = optarg;	break;
	case OPT_STATE:		o->quick.state = optarg;		break;
	case OPT_HELP:		o->action = OPTIONS_HELP;		break;
	case OPT_VERSION:	o->action = OPTIONS_VERSION;		break;
	}
}

static enum status
check(const struct options *o, const char *stray)
{
	const struct quick_options *q = &o->quick;

	if (o->action == OPTIONS_HELP || o->action == OPTIONS_VERSION)
		return STATUS_OK;
	if (stray != NULL)
		return status_set(STATUS_USAGE, "`%s` belongs to no option: "
		    "ftserver --quick DIR serves a folder", stray);
	if (q->dir != NULL && (o->file != NULL || o->action == OPTIONS_TEST))
		return status_set(STATUS_USAGE, "--quick needs no "
		    "configuration, so -f and -t do not go with it");
	if (q->dir == NULL && (q->listen != NULL || q->user != NULL ||
	    q->password_file != NULL || q->state != NULL))
		return status_set(STATUS_USAGE, "--listen, --user, "
		    "--password-file and --state go with --quick only; "
		    "otherwise the configuration has keys for them");
	return STATUS_OK;
}

enum status
options_parse(struct options *out, int argc, char **argv)
{
	enum status st;
	int code;

	*out = (struct options) { .action = OPTIONS_SERVE };
	opterr = 0;
	optind = 1;
	while ((code = getopt_long(argc, argv, ":f:td", long_options,
	    NULL)) != -1) {
		if (code == '?' || code == ':')
			return bad_option(argv, code);
		take(out, code);
	}
	st = check(out, argv[optind]);
	if (out->file == NULL)
		out->file = DEFAULT_FILE;
	return st;
}
