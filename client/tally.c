/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tally.h"

#include <inttypes.h>
#include <stdio.h>

#include "report.h"
#include "show.h"

void
tally_fail(struct tally *tally, const char *name, enum status st)
{
	if (tally->failures++ == 0)
		tally->first = st;
	report_error(tally->report, name, st);
}

void
tally_skip(const struct command_line *settings, const char *name,
    const char *why)
{
	if (report_skip(settings->report, name, why) || settings->quiet)
		return;
	fputs("ftclient: ", stderr);
	show_string(stderr, name);
	fprintf(stderr, ": %s, skipped\n", why);
}

static void
tell(const struct command_line *settings, const char *what, const char *name)
{
	if (settings->quiet)
		return;
	printf("%s ", what);
	show_string(stdout, name);
	putchar('\n');
}

void
tally_would_make(struct tally *tally, const struct command_line *settings,
    const char *name)
{
	tally->folders++;
	tell(settings, "would make", name);
}

void
tally_would_move(struct tally *tally, const struct command_line *settings,
    const char *verb, const char *name, uint64_t size)
{
	tally->files++;
	tally->bytes += size;
	if (settings->quiet)
		return;
	printf("would %s ", verb);
	show_string(stdout, name);
	printf(" %" PRIu64 " bytes\n", size);
}

void
tally_removed(struct tally *tally, const struct command_line *settings,
    const char *name)
{
	tally->removed++;
	tell(settings, tally->is_dry ? "would remove" : "removed", name);
}

void
tally_not_removed(const char *name)
{
	fputs("ftclient: ", stderr);
	show_string(stderr, name);
	fputs(": not all went well, so nothing is removed\n", stderr);
}

void
tally_tell(const struct tally *tally, const struct command_line *settings,
    const char *verb, const char *name)
{
	if (report_tally(settings->report, tally, name) || settings->quiet)
		return;
	printf("%s ", verb);
	show_string(stdout, name);
	printf(" %" PRIu64 " files, %" PRIu64 " folders, %" PRIu64 " bytes",
	    tally->files, tally->folders, tally->bytes);
	if (tally->removed > 0)
		printf(", %" PRIu64 " removed", tally->removed);
	if (tally->failures > 0)
		printf(", %" PRIu64 " failures", tally->failures);
	fputs(tally->is_async ? ", async" : "", stdout);
	puts(tally->is_dry ? ", nothing was done" : "");
}

enum status
tally_end(const struct tally *tally)
{
	if (tally->failures == 0)
		return STATUS_OK;
	return status_set(tally->first, "%" PRIu64 " failed of %" PRIu64,
	    tally->failures,
	    tally->failures + tally->files + tally->folders);
}
