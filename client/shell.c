/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "shell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#include <histedit.h>

#include "escape.h"
#include "report.h"
#include "runner.h"
#include "show.h"
#include "state_file.h"
#include "verb.h"

#define HISTORY_LINES	1000
#define PROMPT_SIZE	512

struct shell {
	struct client	*client;	/* borrowed */
	EditLine	*editor;	/* owned */
	History		*history;	/* owned */
	char		*file;		/* owned; of the history; or NULL */
	char		 prompt[PROMPT_SIZE];
	bool		 dropped;	/* ctrl-C ended the line */
};

static struct shell *
shell_of(EditLine *editor)
{
	void *data = NULL;

	el_get(editor, EL_CLIENTDATA, &data);
	return data;
}

static char *
prompt(EditLine *editor)
{
	return shell_of(editor)->prompt;
}

static void
make_prompt(struct shell *shell)
{
	const struct client *client = shell->client;
	char *out = shell->prompt;
	size_t n;

	/* A folder with a long name does not push the rest away. */
	n = escape_string(out, PROMPT_SIZE / 4, client->target->user);
	out[n++] = '@';
	n += escape_string(out + n, PROMPT_SIZE / 4, client->target->host);
	out[n++] = ':';
	n += escape_string(out + n, PROMPT_SIZE / 4, client->folder);
	memcpy(out + n, "> ", sizeof("> "));
}

/*
 * One character from the terminal, or -1 after a signal, which is held back
 * and so would not wake libedit's own read.
 */
static int
read_character(EditLine *editor, wchar_t *out)
{
	struct shell *shell = shell_of(editor);
	mbstate_t state = { 0 };
	ssize_t n;
	size_t got;
	char byte;

	for (;;) {
		if (remote_idle(shell->client->remote,
		    shell->client->interrupt, STDIN_FILENO) != STATUS_OK) {
			shell->dropped = true;
			return -1;
		}
		n = read(STDIN_FILENO, &byte, 1);
		if (n == -1 && errno == EINTR)
			continue;
		if (n != 1)
			return (int)n;
		got = mbrtowc(out, &byte, 1, &state);
		if (got == (size_t)-1)
			memset(&state, 0, sizeof(state));
		else if (got != (size_t)-2)
			return 1;
	}
}

/* The history is nice to have: without it everything else works. */
static void
load_history(struct shell *shell)
{
	HistEvent event;

	history(shell->history, &event, H_SETSIZE, HISTORY_LINES);
	history(shell->history, &event, H_SETUNIQUE, 1);
	if (state_file(&shell->file, "history") == STATUS_OK)
		history(shell->history, &event, H_LOAD, shell->file);
}

static void
save_history(struct shell *shell)
{
	HistEvent event;
	mode_t mask;

	if (shell->file == NULL)
		return;
	mask = umask(077);
	history(shell->history, &event, H_SAVE, shell->file);
	umask(mask);
	(void)chmod(shell->file, 0600);
}

static enum status
set_up(struct shell *shell)
{
	shell->editor = el_init("ftclient", stdin, stdout, stderr);
	shell->history = history_init();
	if (shell->editor == NULL || shell->history == NULL)
		return status_set(STATUS_NO_MEMORY,
		    "the line editor does not start");
	el_set(shell->editor, EL_CLIENTDATA, shell);
	el_set(shell->editor, EL_PROMPT, prompt);
	el_set(shell->editor, EL_EDITOR, "emacs");
	el_set(shell->editor, EL_SIGNAL, 1);
	el_set(shell->editor, EL_HIST, history, shell->history);
	el_set(shell->editor, EL_GETCFN, read_character);
	el_source(shell->editor, NULL);
	load_history(shell);
	return STATUS_OK;
}

static void
tear_down(struct shell *shell)
{
	if (shell->editor != NULL)
		el_end(shell->editor);
	if (shell->history != NULL) {
		save_history(shell);
		history_end(shell->history);
	}
	free(shell->file);
}

/* A line without its newline, to be freed; NULL at the end or if dropped. */
static char *
read_line(struct shell *shell)
{
	HistEvent event;
	const char *line;
	int len = 0;

	shell->dropped = false;
	make_prompt(shell);
	line = el_gets(shell->editor, &len);
	if (line == NULL || len <= 0 || shell->dropped)
		return NULL;
	if (line[strspn(line, " \t\n")] != '\0')
		history(shell->history, &event, H_ENTER, line);
	return strndup(line, strcspn(line, "\n"));
}

/* False if it is time to leave. */
static bool
next_line(struct shell *shell)
{
	struct client *client = shell->client;
	char *line = read_line(shell);

	if (line == NULL) {
		putchar('\n');
		el_reset(shell->editor);
		/* Ctrl-C is for the line; other signals want us gone. */
		if (!shell->dropped ||
		    interrupt_caught(client->interrupt) != SIGINT)
			return false;
		interrupt_forget(client->interrupt);
		return true;
	}
	(void)runner_run_line(client, line);
	free(line);
	if (interrupt_caught(client->interrupt) == SIGINT)
		interrupt_forget(client->interrupt);
	return !client->leaving && interrupt_caught(client->interrupt) == 0 &&
	    remote_lost(client->remote) == STATUS_OK;
}

enum status
shell_run(struct client *client)
{
	struct shell shell = { .client = client };
	enum status st;

	if ((st = verb_locate(client)) == STATUS_OK)
		st = set_up(&shell);
	if (st != STATUS_OK) {
		report_error(client->settings->report, NULL, st);
		tear_down(&shell);
		return st;
	}
	while (next_line(&shell))
		;
	tear_down(&shell);
	return client->leaving ? STATUS_OK : remote_lost(client->remote);
}
