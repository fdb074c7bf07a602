/* SPDX-License-Identifier: ISC */
/* The command sync: two folders are made alike, one way. */
#include "config.h"

#include "verb.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sync.h"
#include "tree_options.h"

/* "./:a" is a local name. */
static enum status
choose_sides(struct sync *sync, char *const *words)
{
	bool from_there = words[0][0] == ':', to_there = words[1][0] == ':';
	const char *remote = words[from_there ? 0 : 1] + 1;
	const char *local = words[from_there ? 1 : 0];
	size_t len;

	if (from_there == to_there)
		return status_set(STATUS_USAGE, "one of the two folders is "
		    "the server's and begins with a colon, as :%s",
		    from_there ? words[1] + 1 : words[1]);
	if (*local == '\0')
		return status_set(STATUS_USAGE, "a local folder has a name");
	sync->ops = from_there ? &sync_down : &sync_up;
	sync->remote = strdup(*remote == '\0' ? "." : remote);
	sync->local = strdup(local);
	if (sync->local == NULL || sync->remote == NULL)
		return status_no_memory();
	for (len = strlen(sync->local); len > 1 &&
	    sync->local[len - 1] == '/'; )
		sync->local[--len] = '\0';
	return STATUS_OK;
}

/* Sizes and ages are for what is sent; names for both sides. */
static enum status
read_options(struct sync *sync, const struct arguments *arguments)
{
	enum status st;

	if ((st = verb_wait_seconds(&sync->wait, arguments)) != STATUS_OK ||
	    (st = verb_jobs(&sync->jobs, arguments)) != STATUS_OK ||
	    (st = tree_options_read(&sync->options, arguments)) != STATUS_OK)
		return st;
	sync->names = sync->options;
	sync->names.filter.has_newer = false;
	sync->names.filter.least = 0;
	sync->names.filter.most = UINT64_MAX;
	sync->names.deletes = false;
	sync->is_watching = arguments->options[OPTION_WATCH] != NULL;
	if (sync->is_watching && (sync->options.is_dry ||
	    sync->ops != &sync_up))
		return status_set(STATUS_USAGE,
		    "--watch is for a local folder that is sent");
	if (sync->is_watching && sync->jobs > 1)
		return status_set(STATUS_USAGE,
		    "-j and --watch do not go together");
	sync->checks = arguments->options[OPTION_CHECKSUM] != NULL ||
	    (arguments->letters & VERB_LETTER('c')) != 0;
	return STATUS_OK;
}

enum status
verb_sync(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	struct sync sync = { .watch = { sync_letter_sent, sync_letter_failed },
	    .client = client, .top = -1,
	    .tally = { .report = client->settings->report } };
	enum status st;

	*blame = arguments->words[0];
	if ((st = choose_sides(&sync, arguments->words)) == STATUS_OK &&
	    (st = read_options(&sync, arguments)) == STATUS_OK &&
	    (st = outbox_settle(client->outbox)) == STATUS_OK)
		st = sync.is_watching ? sync_watch(&sync) : sync_once(&sync);
	if (sync.top != -1)
		close(sync.top);
	free(sync.local);
	free(sync.remote);
	return st;
}
