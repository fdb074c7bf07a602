/* SPDX-License-Identifier: ISC */
/* One run of a sync: both trees are read, and what differs is done. */
#include "config.h"

#include "sync.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "board.h"
#include "report.h"
#include "show.h"
#include "verb.h"

static enum status
make_local(const char *path)
{
	if (mkdir(path, 0777) == 0 || errno == EEXIST)
		return STATUS_OK;
	return status_set(STATUS_CANNOT_CREATE, "%s: %s", path,
	    strerrordesc_np(errno));
}

static enum status
read_local(struct sync *sync)
{
	bool is_target = sync->ops == &sync_down;
	enum status st = STATUS_OK;
	struct stat sb;

	if (is_target && stat(sync->local, &sb) == -1 && errno == ENOENT) {
		if (sync->options.is_dry)
			return STATUS_OK;
		st = make_local(sync->local);
	}
	if (st == STATUS_OK)
		st = local_tree_list(&sync->here, sync->local,
		    sync->client->settings, &sync->tally, &sync->names);
	if (st != STATUS_OK || !is_target)
		return st;
	sync->top = open(sync->local, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return sync->top == -1 ? status_errno("%s", sync->local) : STATUS_OK;
}

static enum status
make_remote(const struct sync *sync)
{
	struct remote *remote = sync->client->remote;
	struct call call = { 0 };
	struct ft1_frame *frame;

	frame = remote_request(remote, FT1_MKDIR, 0, &call);
	ft1_put_string(frame, FT1_TAG_PATH, sync->remote);
	ft1_put_u32(frame, FT1_TAG_MODE, sync->here.mode | 0700);
	ft1_put_bytes(frame, FT1_TAG_PARENTS, "", 0);
	return remote_finish(remote, &call);
}

static enum status
read_remote(struct sync *sync)
{
	enum status st;
	char type;

	st = verb_type_of(&type, sync->client, sync->remote);
	if (st == STATUS_NOT_FOUND && sync->ops == &sync_up)
		return sync->options.is_dry ? STATUS_OK : make_remote(sync);
	if (st != STATUS_OK)
		return st;
	if (type != 'd')
		return status_set(STATUS_NOT_A_FOLDER, "%s: not a folder",
		    sync->remote);
	sync->there.options = &sync->names;
	sync->there.most = sync->client->settings->max_files;
	return remote_tree_read(&sync->there, sync->client->remote,
	    sync->remote);
}

static enum status
read_both(struct sync *sync)
{
	enum status st;

	/* What is read first is the source: without it nothing is made. */
	if (sync->ops == &sync_up) {
		st = read_local(sync);
		return st == STATUS_OK ? read_remote(sync) : st;
	}
	st = read_remote(sync);
	return st == STATUS_OK ? read_local(sync) : st;
}

static void
sum_up(const struct sync *sync)
{
	const struct command_line *settings = sync->client->settings;
	bool is_up = sync->ops == &sync_up;

	board_end_total(settings->board);
	/* Of what was all the same nobody has to hear each time. */
	if (sync->prefix != NULL && sync->tally.files + sync->tally.folders +
	    sync->tally.removed + sync->tally.failures + sync->facts == 0)
		return;
	if (report_tally(settings->report, &sync->tally,
	    is_up ? sync->remote : sync->local) || settings->quiet)
		return;
	fputs(is_up ? "sync :" : "sync ", stdout);
	show_string(stdout, is_up ? sync->remote : sync->local);
	printf(" %" PRIu64 " files %s, %" PRIu64 " folders made, %" PRIu64
	    " deleted, %" PRIu64 " unchanged, %" PRIu64 " of %" PRIu64
	    " bytes", sync->tally.files, is_up ? "sent" : "received",
	    sync->tally.folders, sync->tally.removed, sync->same,
	    sync->tally.bytes, sync->total);
	if (sync->facts > 0)
		printf(", %" PRIu64 " times or modes set", sync->facts);
	if (sync->tally.failures > 0)
		printf(", %" PRIu64 " failures", sync->tally.failures);
	puts(sync->options.is_dry ? ", dry run" : "");
}

enum status
sync_once(struct sync *sync)
{
	enum status st;

	if ((st = read_both(sync)) == STATUS_OK &&
	    (st = sync_compare(sync)) == STATUS_OK)
		st = sync_run(sync);
	sync_clear(sync);
	if (st != STATUS_OK)
		return st;
	sync->client->is_summed_up = true;
	sum_up(sync);
	return tally_end(&sync->tally);
}
