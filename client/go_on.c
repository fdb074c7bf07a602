/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "go_on.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "paths.h"
#include "show.h"
#include "words.h"

/*
 * It is only a help, and left out without memory.  Backslashes are of the
 * quoting, and stay as they are.
 */
static void
print_word(const char *word)
{
	char *quoted = words_quote(word, QUOTING_NONE, false);
	const char *at;
	size_t len;

	fputc(' ', stderr);
	for (at = quoted; at != NULL && *at != '\0'; at += len) {
		if ((len = strcspn(at, "\\")) > 0)
			show_bytes(stderr, at, len);
		else {
			fputc('\\', stderr);
			len = 1;
		}
	}
	free(quoted);
}

void
go_on_tell(const struct command_line *settings, const char *command,
    const char *name, const char *other)
{
	const char *base = name != NULL ? path_base(name) : NULL;

	if (settings->quiet)
		return;
	board_hide(settings->board);
	show_begin_line();
	fprintf(stderr, "ftclient: what has come is kept: go on with it by: "
	    "%s", command);
	if (name != NULL)
		print_word(name);
	if (other != NULL && (base == NULL || strcmp(other, base) != 0))
		print_word(other);
	fputc('\n', stderr);
	show_end_line();
}

/* The words of the failure are kept. */
static void
tell_kept(const struct command_line *settings, const char *command,
    const char *name, const char *other, enum status st)
{
	struct status_words words = { 0 };

	status_words_keep(&words, st);
	go_on_tell(settings, command, name, other);
	(void)status_words_return(&words, st);
}

void
go_on_with_put(const struct command_line *settings,
    const struct sending *sending, enum status st)
{
	if (sending->has_id &&
	    (st == STATUS_CANCELLED || revive_is_loss(st)))
		tell_kept(settings, sending->keeps ? "put -ap" : "put -a",
		    sending->local, sending->path, st);
}

void
go_on_with_get(const struct command_line *settings,
    const struct download_plan *plan, enum status st)
{
	tell_kept(settings, plan->keeps ? "get -ap" : "get -a", plan->path,
	    plan->local, st);
}
