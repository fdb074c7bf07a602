/* SPDX-License-Identifier: ISC */
/* What a sync says of each step, in the words of its two sides. */
#include "config.h"

#include "sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "paths.h"
#include "report.h"
#include "show.h"

char *
sync_here(const struct sync *sync, const char *path)
{
	return path_join(sync->local, path);
}

char *
sync_there(const struct sync *sync, const char *path)
{
	return path_below(sync->remote, path);
}

/* As seen from the whole; to be freed. */
static char *
whole_path(const struct sync *sync, const struct sync_step *step)
{
	return sync->prefix == NULL ? strdup(step->path) :
	    path_join(sync->prefix, step->path);
}

static const char *
action_of(const struct sync *sync, char sign, char type)
{
	if (sign == '-')
		return "remove";
	if (sign == '~')
		return "set";
	return type == 'd' ? "make" : sync->ops == &sync_up ? "put" : "get";
}

static void
tell(const struct sync *sync, char sign, const struct sync_step *step,
    char type)
{
	const struct command_line *settings = sync->client->settings;
	char *path = whole_path(sync, step);
	struct report_step report = { .action = action_of(sync, sign, type),
	    .path = path != NULL ? path : step->path,
	    .is_done = !sync->options.is_dry, .size = step->from.size,
	    .has_size = type == 'f' && (sign == '+' || sign == '>') };

	if (!report_step(settings->report, &report) && !settings->quiet) {
		board_hide(settings->board);
		printf("%c ", sign);
		show_string(stdout, report.path);
		puts(type == 'd' ? "/" : "");
	}
	free(path);
}

static void
tell_sent(struct sync *sync, const struct sync_step *step)
{
	tally_moved(&sync->tally, step->from.size - step->spared);
	tell(sync, step->what == SYNC_CHANGED ? '>' : '+', step, 'f');
}

void
sync_told(struct sync *sync, struct sync_step *step, enum sync_deed deed,
    enum status st)
{
	if (st != STATUS_OK) {
		tally_fail(&sync->tally, step->path, st);
		if (deed == SYNC_MADE)
			step->what = SYNC_LEFT;	/* nothing goes into it */
		return;
	}
	switch (deed) {
	case SYNC_MADE:
		sync->tally.folders++;
		tell(sync, '+', step, 'd');
		break;
	case SYNC_SENT:
		tell_sent(sync, step);
		break;
	case SYNC_REMOVED:
		sync->tally.removed++;
		tell(sync, '-', step, step->to.type);
		break;
	case SYNC_SET:
		/* Those of folders follow from what was done in them. */
		if (step->what != SYNC_FACTS || step->from.type != 'f')
			break;
		sync->facts++;
		tell(sync, '~', step, 'f');
		break;
	}
}

void
sync_not_empty(struct sync *sync, const struct sync_step *step)
{
	if (tree_filter_is_any(&sync->names.filter))
		tally_skip(sync->client->settings, step->path,
		    "is not empty");
	else
		tally_fail(&sync->tally, step->path,
		    status_set(STATUS_NOT_EMPTY, "%s: not empty",
		    step->path));
}
