/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tally.h"

#include <inttypes.h>
#include <stdio.h>

#include "show.h"

void
tally_fail(struct tally *tally, const char *name, enum status st)
{
	if (tally->failures++ == 0)
		tally->first = st;
	show_error(name, st);
}

void
tally_skip(const struct command_line *settings, const char *name,
    const char *why)
{
	if (settings->quiet)
		return;
	fputs("ftclient: ", stderr);
	show_string(stderr, name);
	fprintf(stderr, ": %s, skipped\n", why);
}

void
tally_tell(const struct tally *tally, const struct command_line *settings,
    const char *verb, const char *name)
{
	if (settings->quiet)
		return;
	printf("%s ", verb);
	show_string(stdout, name);
	printf(" %" PRIu64 " files, %" PRIu64 " folders, %" PRIu64 " bytes",
	    tally->files, tally->folders, tally->bytes);
	if (tally->failures > 0)
		printf(", %" PRIu64 " failures", tally->failures);
	puts(tally->is_async ? ", async" : "");
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
