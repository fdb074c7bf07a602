/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "shell.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include "editor.h"
#include "escape.h"
#include "report.h"
#include "runner.h"
#include "verb.h"

#define PROMPT_SIZE	512

static void
make_prompt(char out[PROMPT_SIZE], const struct client *client)
{
	size_t n;

	/* A folder with a long name does not push the rest away. */
	n = escape_string(out, PROMPT_SIZE / 4, client->target->user);
	out[n++] = '@';
	n += escape_string(out + n, PROMPT_SIZE / 4, client->target->host);
	out[n++] = ':';
	n += escape_string(out + n, PROMPT_SIZE / 4, client->folder);
	strcpy(out + n, remote_lost(client->remote) == STATUS_OK ? "> " :
	    " (not connected)> ");
}

/* Where we were, or if that is gone, the root. */
static enum status
go_back(struct client *client)
{
	enum status st;

	st = revive_go_back(&client->revive, client->remote);
	if (st == STATUS_OK || remote_lost(client->remote) != STATUS_OK)
		return st;
	report_error(client->settings->report, client->folder, st);
	return verb_locate(client);
}

static void
reconnect(struct client *client)
{
	enum status st;

	st = sign_in_revive(client->sign_in, client->interrupt, true);
	if (st == STATUS_OK) {
		remote_interrupt_by(client->remote, client->interrupt);
		st = go_back(client);
	}
	if (st != STATUS_OK)
		report_error(client->settings->report, client->target->host,
		    st);
	if (interrupt_caught(client->interrupt) == SIGINT)
		interrupt_forget(client->interrupt);
}

static bool
is_one_of(const char *answer, const char *letter, const char *word)
{
	return strcasecmp(answer, letter) == 0 ||
	    strcasecmp(answer, word) == 0;
}

/* What was typed before the question is no answer to it. */
static bool
wants_to_reconnect(struct editor *editor)
{
	bool yes = false, no = false;
	char *answer;

	(void)tcflush(STDIN_FILENO, TCIFLUSH);
	while (!yes && !no) {
		answer = editor_answer(editor,
		    "connection lost; reconnect? [Y/n] ");
		no = answer == NULL || is_one_of(answer, "n", "no");
		yes = !no && (answer[0] == '\0' ||
		    is_one_of(answer, "y", "yes"));
		free(answer);
	}
	return yes;
}

/* After a command that failed for want of a connection. */
static void
offer_to_reconnect(struct client *client, struct editor *editor)
{
	if (wants_to_reconnect(editor))
		reconnect(client);
	else if (interrupt_caught(client->interrupt) == SIGINT)
		interrupt_forget(client->interrupt);
	/* What was interrupted has been told. */
	remote_given_up(client->remote);
}

static void
run_line(struct client *client, struct editor *editor, const char *line)
{
	enum status st;

	st = runner_run_line(client, line);
	editor_forget_names(editor);
	if (interrupt_caught(client->interrupt) == SIGINT)
		interrupt_forget(client->interrupt);
	/* A mistyped command needs no connection. */
	if (st != STATUS_OK && st != STATUS_USAGE && !client->leaving &&
	    interrupt_caught(client->interrupt) == 0 &&
	    remote_lost(client->remote) != STATUS_OK)
		offer_to_reconnect(client, editor);
}

/* False if it is time to leave. */
static bool
next_line(struct client *client, struct editor *editor)
{
	char prompt[PROMPT_SIZE];
	char *line;

	make_prompt(prompt, client);
	if ((line = editor_line(editor, prompt)) == NULL) {
		/* Ctrl-C is for the line; other signals want us gone. */
		if (interrupt_caught(client->interrupt) != SIGINT)
			return false;
		interrupt_forget(client->interrupt);
		return true;
	}
	run_line(client, editor, line);
	free(line);
	return !client->leaving && interrupt_caught(client->interrupt) == 0;
}

enum status
shell_run(struct client *client)
{
	struct editor *editor = NULL;
	enum status st;

	if ((st = verb_locate(client)) == STATUS_OK)
		st = editor_new(&editor, client);
	if (st != STATUS_OK) {
		report_error(client->settings->report, NULL, st);
		return st;
	}
	while (next_line(client, editor))
		;
	st = client->leaving ? STATUS_OK : remote_lost(client->remote);
	editor_free(editor);
	return st;
}
