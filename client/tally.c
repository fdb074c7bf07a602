/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tally.h"

#include <inttypes.h>
#include <stdio.h>

#include "board.h"
#include "report.h"
#include "show.h"

void
tally_show(struct tally *tally, struct board *board, uint64_t files,
    uint64_t bytes)
{
	tally->board = board;
	board_begin_total(board, files, bytes);
}

void
tally_expect(const struct tally *tally, uint64_t files, uint64_t bytes)
{
	board_expect(tally->board, files, bytes);
}

void
tally_moved(struct tally *tally, uint64_t bytes)
{
	tally->files++;
	tally->bytes += bytes;
	board_count(tally->board, 1, bytes);
}

static void
show_no_more(struct tally *tally)
{
	board_end_total(tally->board);
	tally->board = NULL;
}

void
tally_fail(struct tally *tally, const char *name, enum status st)
{
	if (tally->failures++ == 0)
		tally->first = st;
	board_hide(tally->board);
	report_error(tally->report, name, st);
}

void
tally_skip(const struct command_line *settings, const char *name,
    const char *why)
{
	if (report_skip(settings->report, name, why) || settings->quiet)
		return;
	board_hide(settings->board);
	show_begin_line();
	fputs("ftclient: ", stderr);
	show_string(stderr, name);
	fprintf(stderr, ": %s, skipped\n", why);
	show_end_line();
}

/* Steps are told as they are done only if they are rare. */
static void
tell(const struct command_line *settings, const struct report_step *step)
{
	if (report_step(settings->report, step) || settings->quiet)
		return;
	if (step->is_done)
		fputs("removed ", stdout);
	else
		printf("would %s ", step->action);
	show_string(stdout, step->path);
	if (step->has_size)
		printf(" %" PRIu64 " bytes", step->size);
	putchar('\n');
}

void
tally_would_make(struct tally *tally, const struct command_line *settings,
    const char *name)
{
	tally->folders++;
	tell(settings, &(struct report_step){ .action = "make",
	    .path = name });
}

void
tally_would_move(struct tally *tally, const struct command_line *settings,
    const char *verb, const char *name, uint64_t size)
{
	tally->files++;
	tally->bytes += size;
	tell(settings, &(struct report_step){ .action = verb, .path = name,
	    .has_size = true, .size = size });
}

void
tally_linked(struct tally *tally, const struct command_line *settings,
    const char *name)
{
	tally->links++;
	if (tally->is_dry)
		tell(settings, &(struct report_step){ .action = "link",
		    .path = name });
}

void
tally_removed(struct tally *tally, const struct command_line *settings,
    const char *name)
{
	tally->removed++;
	board_hide(tally->board);
	tell(settings, &(struct report_step){ .action = "remove",
	    .path = name, .is_done = !tally->is_dry });
}

void
tally_not_removed(const struct tally *tally, const char *name)
{
	board_hide(tally->board);
	show_begin_line();
	fputs("ftclient: ", stderr);
	show_string(stderr, name);
	fputs(": not all went well, so nothing is removed\n", stderr);
	show_end_line();
}

void
tally_tell(struct tally *tally, const struct command_line *settings,
    const char *verb, const char *name)
{
	show_no_more(tally);
	if (report_tally(settings->report, tally, name) || settings->quiet)
		return;
	printf("%s ", verb);
	show_string(stdout, name);
	printf(" %" PRIu64 " files, %" PRIu64 " folders, %" PRIu64 " bytes",
	    tally->files, tally->folders, tally->bytes);
	if (tally->links > 0)
		printf(", %" PRIu64 " links", tally->links);
	if (tally->removed > 0)
		printf(", %" PRIu64 " removed", tally->removed);
	if (tally->failures > 0)
		printf(", %" PRIu64 " failures", tally->failures);
	fputs(tally->is_async ? ", async" : "", stdout);
	puts(tally->is_dry ? ", nothing was done" : "");
}

enum status
tally_end(struct tally *tally)
{
	show_no_more(tally);
	if (tally->failures == 0)
		return STATUS_OK;
	return status_set(tally->first, "%" PRIu64 " failed of %" PRIu64,
	    tally->failures,
	    tally->failures + tally->files + tally->folders);
}
