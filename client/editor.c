/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "editor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#include <histedit.h>

#include "colors.h"
#include "columns.h"
#include "completion.h"
#include "remote_names.h"
#include "screen.h"
#include "state_file.h"

#define HISTORY_LINES	1000
#define SHOWN_MOST	200	/* names that a second tab lists */

struct editor {
	struct client	*client;	/* borrowed */
	EditLine	*line;		/* owned */
	History		*history;	/* owned */
	char		*file;		/* owned; of the history; or NULL */
	const char	*prompt;	/* borrowed */
	struct remote_names *names;	/* owned */
	int		 resized;	/* owned; SIGWINCH comes out here */
	int		 watch;		/* owned; that, and the terminal */
	sigset_t	 before;	/* the mask as we found it */
	bool		 completes;
	bool		 tabbed;	/* the last key was a tab */
	bool		 dropped;	/* a signal ended the line */
};

static struct editor *
editor_of(EditLine *line)
{
	void *data = NULL;

	el_get(line, EL_CLIENTDATA, &data);
	return data;
}

static char *
prompt_of(EditLine *line)
{
	/* libedit only reads it. */
	return (char *)(uintptr_t)editor_of(line)->prompt;
}

/*
 * --- Keys -------------------------------------------------------------------
 */

/* Draw the line again, from where the terminal has put its beginning. */
static void
follow_resize(struct editor *e)
{
	const LineInfo *info = el_line(e->line);
	size_t before = screen_width(e->prompt, strlen(e->prompt)) +
	    screen_width(info->buffer, (size_t)(info->cursor - info->buffer));
	size_t rows = before / screen_columns(STDOUT_FILENO);

	if (rows > 0)
		printf("\033[%zuA", rows);
	/* From a first column, tmux would keep it all in its history. */
	fputs("\r \033[J\r", stdout);
	fflush(stdout);
	el_resize(e->line);
	el_set(e->line, EL_REFRESH);
}

static bool
take_resize(const struct editor *e)
{
	struct signalfd_siginfo info;
	bool came = false;

	while (read(e->resized, &info, sizeof(info)) == sizeof(info))
		came = true;
	return came;
}

/*
 * One character from the terminal, or -1 after a signal, which is held back
 * and so would not wake libedit's own read.
 */
static int
read_character(EditLine *line, wchar_t *out)
{
	struct editor *e = editor_of(line);
	mbstate_t state = { 0 };
	ssize_t n;
	size_t got;
	char byte;

	for (;;) {
		/* A signal may have come while a word was completed. */
		if (interrupt_caught(e->client->interrupt) != 0 ||
		    remote_idle(e->client->remote, e->client->interrupt,
		    e->watch) != STATUS_OK) {
			e->dropped = true;
			return -1;
		}
		if (take_resize(e)) {
			follow_resize(e);
			continue;
		}
		n = read(STDIN_FILENO, &byte, 1);
		if (n == -1 && errno == EINTR)
			continue;
		if (n != 1)
			return (int)n;
		if (byte != '\t')
			e->tabbed = false;
		got = mbrtowc(out, &byte, 1, &state);
		if (got == (size_t)-1)
			memset(&state, 0, sizeof(state));
		else if (got != (size_t)-2)
			return 1;
	}
}

/*
 * --- Completion -------------------------------------------------------------
 */

/* What could stand there, below the line. */
static enum status
show_names(const struct completion *c)
{
	struct columns_cell *cells;
	struct colors *colors = NULL;
	struct ft1_entry entry = { 0 };
	size_t count = c->count < SHOWN_MOST ? c->count : SHOWN_MOST, i;
	enum status st;

	if ((cells = calloc(count, sizeof(*cells))) == NULL)
		return status_no_memory();
	if (colors_are_wanted(STDOUT_FILENO))
		(void)colors_new(&colors, getenv("LS_COLORS"));
	for (i = 0; i < count; i++) {
		entry.type = c->names[i].is_folder ? 'd' : 'f';
		entry.name = cells[i].name = c->names[i].name;
		entry.name_len = cells[i].len = strlen(cells[i].name);
		cells[i].color = colors_of(colors, &entry);
	}
	putchar('\n');
	st = columns_show(stdout, cells, count, screen_columns(STDOUT_FILENO));
	if (c->count > count)
		printf("... and %zu more\n", c->count - count);
	fflush(stdout);
	colors_free(colors);
	free(cells);
	return st;
}

/* True if the line has changed. */
static bool
replace_word(EditLine *line, const char *typed, const char *text)
{
	size_t wide = mbstowcs(NULL, typed, 0);

	if (wide == (size_t)-1 || strcmp(typed, text) == 0)
		return false;
	el_deletestr(line, (int)wide);
	return el_insertstr(line, text) == 0;
}

static unsigned char
complete_line(struct editor *e, const char *typed)
{
	struct completion c;
	unsigned char result = CC_ERROR;
	bool again = e->tabbed;

	e->tabbed = true;
	if (completion_find(&c, e->names, typed) == STATUS_OK &&
	    c.text != NULL) {
		if (replace_word(e->line, typed + c.start, c.text))
			result = c.is_unique ? CC_REFRESH : CC_REFRESH_BEEP;
		else if (again && !c.is_unique &&
		    show_names(&c) == STATUS_OK)
			result = CC_REDISPLAY;
	}
	completion_free(&c);
	return result;
}

static unsigned char
complete(EditLine *line, int key)
{
	struct editor *e = editor_of(line);
	const LineInfo *info = el_line(line);
	unsigned char result;
	char *typed;

	(void)key;
	if (!e->completes)
		return CC_ERROR;
	typed = strndup(info->buffer, (size_t)(info->cursor - info->buffer));
	if (typed == NULL)
		return CC_ERROR;
	result = complete_line(e, typed);
	free(typed);
	return result;
}

void
editor_forget_names(struct editor *e)
{
	remote_names_forget(e->names);
}

/*
 * --- History ----------------------------------------------------------------
 */

/* The history is nice to have: without it everything else works. */
static void
load_history(struct editor *e)
{
	HistEvent event;

	history(e->history, &event, H_SETSIZE, HISTORY_LINES);
	history(e->history, &event, H_SETUNIQUE, 1);
	if (state_file(&e->file, "history") == STATUS_OK)
		history(e->history, &event, H_LOAD, e->file);
}

/* Beside its place, so that it is whole and never open to others. */
static void
save_history(struct editor *e)
{
	HistEvent event;
	FILE *file = NULL;
	char *beside;
	int fd;

	if (e->file == NULL || asprintf(&beside, "%s.new", e->file) == -1)
		return;
	(void)unlink(beside);
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd != -1 && (file = fdopen(fd, "w")) == NULL)
		close(fd);
	if (file != NULL) {
		bool bad = history(e->history, &event, H_SAVE_FP, file) == -1;

		bad |= fclose(file) == EOF;
		if (bad || rename(beside, e->file) == -1)
			(void)unlink(beside);
	}
	free(beside);
}

/*
 * --- An editor --------------------------------------------------------------
 */

/* SIGWINCH waits for its turn, as libedit would not be called from a poll. */
static enum status
watch_terminal(struct editor *e)
{
	struct epoll_event event = { .events = EPOLLIN };
	sigset_t resize;

	sigemptyset(&resize);
	sigaddset(&resize, SIGWINCH);
	e->resized = signalfd(-1, &resize, SFD_NONBLOCK | SFD_CLOEXEC);
	e->watch = epoll_create1(EPOLL_CLOEXEC);
	if (e->resized == -1 || e->watch == -1 ||
	    epoll_ctl(e->watch, EPOLL_CTL_ADD, e->resized, &event) == -1 ||
	    epoll_ctl(e->watch, EPOLL_CTL_ADD, STDIN_FILENO, &event) == -1)
		return status_errno("terminal");
	sigprocmask(SIG_BLOCK, &resize, NULL);
	return STATUS_OK;
}

static enum status
set_up(struct editor *e)
{
	enum status st;

	if ((st = watch_terminal(e)) != STATUS_OK ||
	    (st = remote_names_new(&e->names, e->client)) != STATUS_OK)
		return st;
	e->line = el_init("ftclient", stdin, stdout, stderr);
	e->history = history_init();
	if (e->line == NULL || e->history == NULL)
		return status_set(STATUS_NO_MEMORY,
		    "the line editor does not start");
	el_set(e->line, EL_CLIENTDATA, e);
	el_set(e->line, EL_PROMPT, prompt_of);
	el_set(e->line, EL_EDITOR, "emacs");
	el_set(e->line, EL_SIGNAL, 1);
	el_set(e->line, EL_HIST, history, e->history);
	el_set(e->line, EL_GETCFN, read_character);
	/* el_set would make copies of the texts and lose them. */
	el_wset(e->line, EL_ADDFN, L"ft-complete", L"complete the word",
	    complete);
	el_set(e->line, EL_BIND, "^I", "ft-complete", NULL);
	el_source(e->line, NULL);
	load_history(e);
	return STATUS_OK;
}

enum status
editor_new(struct editor **out, struct client *client)
{
	struct editor *e;
	enum status st;

	*out = NULL;
	if ((e = calloc(1, sizeof(*e))) == NULL)
		return status_no_memory();
	e->client = client;
	e->resized = e->watch = -1;
	e->prompt = "";
	sigprocmask(SIG_BLOCK, NULL, &e->before);
	if ((st = set_up(e)) != STATUS_OK)
		editor_free(e);
	else
		*out = e;
	return st;
}

void
editor_free(struct editor *e)
{
	if (e == NULL)
		return;
	if (e->line != NULL)
		el_end(e->line);
	if (e->history != NULL) {
		save_history(e);
		history_end(e->history);
	}
	remote_names_free(e->names);
	if (e->resized != -1)
		close(e->resized);
	if (e->watch != -1)
		close(e->watch);
	sigprocmask(SIG_SETMASK, &e->before, NULL);
	free(e->file);
	free(e);
}

static char *
get_line(struct editor *e, const char *prompt)
{
	const char *line;
	int len = 0;

	e->dropped = e->tabbed = false;
	e->prompt = prompt;
	line = el_gets(e->line, &len);
	e->prompt = "";
	if (line != NULL && len > 0 && !e->dropped)
		return strndup(line, strcspn(line, "\n"));
	putchar('\n');
	el_reset(e->line);
	return NULL;
}

char *
editor_line(struct editor *e, const char *prompt)
{
	HistEvent event;
	char *line;

	e->completes = true;
	line = get_line(e, prompt);
	e->completes = false;
	/* A blank in front is how people keep a secret out of it. */
	if (line != NULL && strchr(" \t", line[0]) == NULL)
		history(e->history, &event, H_ENTER, line);
	return line;
}

char *
editor_answer(struct editor *e, const char *question)
{
	return get_line(e, question);
}
