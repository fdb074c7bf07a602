/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "shell.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

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

/* After a command that failed for want of a connection. */
static void
offer_to_reconnect(struct client *client, struct editor *editor)
{
	char *answer;

	answer = editor_answer(editor,
	    "connection lost; reconnect? [Y/n] ");
	if (answer != NULL && strchr("yY", answer[0]) != NULL)
		reconnect(client);
	else if (interrupt_caught(client->interrupt) == SIGINT)
		interrupt_forget(client->interrupt);
	free(answer);
}

static void
run_line(struct client *client, struct editor *editor, const char *line)
{
	enum status st;

	st = runner_run_line(client, line);
	editor_forget_names(editor);
	if (interrupt_caught(client->interrupt) == SIGINT)
		interrupt_forget(client->interrupt);
	if (st != STATUS_OK && !client->leaving &&
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
