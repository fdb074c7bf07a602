/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "board.h"
#include "command_line.h"
#include "ftclient.h"
#include "hold.h"
#include "key_view.h"
#include "preferences.h"
#include "report.h"
#include "runner.h"
#include "script.h"
#include "shell.h"
#include "show.h"
#include "sign_in.h"
#include "verb.h"

static void
help(void)
{
	printf("usage: ftclient [option ...] [user@]host[:port][/path] "
	    "[command [argument ...]]\n"
	    "       ftclient [option ...] fts://[user@]host[:port][/path] "
	    "[command [argument ...]]\n\n"
	    "Without a command: a shell on a terminal, else commands from "
	    "standard input.\nThe port is 4433 unless given.\n\noptions:\n");
	command_line_help(stdout);
	printf("\ncommands:\n");
	verb_help_all(stdout);
}

static enum status
run_mode(struct client *client)
{
	const struct command_line *settings = client->settings;

	if (settings->command != NULL)
		return runner_run(client, settings->command_len,
		    settings->command);
	if (settings->batch_file != NULL)
		return script_run(client, settings->batch_file);
	if (!isatty(STDIN_FILENO))
		return script_run(client, "-");
	return shell_run(client);
}

static bool
begins_in_folder(const struct destination *target)
{
	return target->path[0] != '\0' && target->path[1] != '\0';
}

/* Signals are held back only while there is something to wind up. */
static enum status
run_session(struct client *client)
{
	enum status st;

	if ((st = hold_begin(client)) == STATUS_OK &&
	    client->remote != NULL && begins_in_folder(client->target))
		st = verb_enter(client, client->target->path);
	if (st != STATUS_OK) {
		report_error(client->settings->report, client->target->path,
		    st);
		return st;
	}
	return run_mode(client);
}

/* `*number` is the signal that ended it, or 0. */
static enum status
run(const struct command_line *line, const struct destination *target,
    int *number)
{
	struct client client = { .settings = line, .target = target };
	const char *command = line->command != NULL ? line->command[0] : NULL;
	enum status st = STATUS_OK;

	if (verb_needs_session(command))
		st = sign_in_begin(&client.sign_in, line, target,
		    command != NULL && !begins_in_folder(target));
	if (st != STATUS_OK) {
		report_error(line->report, target->host, st);
		return st;
	}
	st = run_session(&client);
	*number = interrupt_caught(client.interrupt);
	sign_in_end(client.sign_in);
	client.remote = NULL;
	hold_end(&client);
	free(client.folder);
	return st;
}

/* What was told is to be where it belongs before the exit status says so. */
static enum status
finish(const struct command_line *settings, enum status st)
{
	enum status told;

	if ((told = report_settle(settings->report)) != STATUS_OK)
		report_error(settings->report, NULL, told);
	if (st == STATUS_OK)
		st = told;
	report_end(settings->report, st);
	if (fflush(stdout) != EOF || st != STATUS_OK)
		return st;
	st = status_errno("standard output");
	show_error(NULL, st);
	return st;
}

/* `parsed` tells whether the line is any good. */
static enum status
run_line(struct command_line *line, enum status parsed)
{
	struct preferences *preferences = NULL;
	struct destination target;
	enum status st = parsed, opened;
	int number = 0;

	if (st == STATUS_OK)
		st = preferences_begin(&preferences, line, &target);
	opened = report_new(&line->report, line->json,
	    st == STATUS_OK ? line->receipts : NULL);
	if (st == STATUS_OK && (st = opened) == STATUS_OK)
		st = board_new(&line->board, line);
	if (st != STATUS_OK)
		report_error(line->report, NULL, st);
	else if (!line->show_key)
		st = run(line, &target, &number);
	else if ((st = key_view_run(line, &target)) != STATUS_OK)
		report_error(line->report, target.host, st);
	st = finish(line, st);
	board_free(line->board);
	report_free(line->report);
	preferences_end(preferences);
	if (number != 0)
		raise(number);
	return st;
}

int
main(int argc, char **argv)
{
	static const struct rlimit no_core = { 0, 0 };
	struct command_line settings;
	enum status st;

	setlocale(LC_CTYPE, "");
	tzset();
	/* A password may be in memory. */
	setrlimit(RLIMIT_CORE, &no_core);
	st = command_line_parse(&settings, argc, argv);
	if (st == STATUS_OK && settings.help)
		help();
	else if (st == STATUS_OK && settings.version)
		printf("ftclient %s\n", PACKAGE_VERSION);
	else
		return status_exit_code(run_line(&settings, st));
	return status_exit_code(finish(&settings, st));
}
