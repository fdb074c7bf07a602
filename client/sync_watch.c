/* SPDX-License-Identifier: ISC */
/* sync --watch: what is changed here is sent as it is changed. */
#include "config.h"

#include "sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "board.h"
#include "clock.h"
#include "show.h"
#include "watcher.h"

#define QUIET_MS	200	/* without a change: then they are sent */
#define GATHER_MS	5000	/* for which they are awaited at most */
#define RETRY_MS	30000	/* until what has failed is tried again */

struct vigil {
	struct sync	*sync;		/* borrowed */
	struct watcher	*watcher;	/* owned */
	bool		 has_failed;	/* something is to be tried again */
};

static bool
is_over(const struct vigil *vigil)
{
	return interrupt_is_pending(vigil->sync->client->interrupt);
}

/* What was sent into the folder has changed its time. */
static void
set_top(struct sync *part)
{
	struct file_time time;
	struct remote *remote = part->client->remote;
	struct call call = { 0 };
	struct ft1_frame *frame;
	enum status st;
	struct stat sb;

	/* It may be gone by now, which is told of the one above it. */
	if (lstat(part->local, &sb) == -1 || !S_ISDIR(sb.st_mode))
		return;
	time.seconds = sb.st_mtim.tv_sec;
	time.nanoseconds = (uint32_t)sb.st_mtim.tv_nsec;
	frame = remote_request(remote, FT1_TOUCH, 0, &call);
	ft1_put_string(frame, FT1_TAG_PATH, part->remote);
	ft1_put_u32(frame, FT1_TAG_MODE, sb.st_mode & 0777);
	ft1_put_time(frame, FT1_TAG_MTIME, time);
	st = remote_finish(remote, &call);
	if (st != STATUS_OK && remote_lost(remote) == STATUS_OK)
		tally_fail(&part->tally, part->prefix, st);
}

/* A failure that was not told yet is; only what ends all is returned. */
static enum status
judge(struct vigil *vigil, struct sync *part, enum status st)
{
	struct remote *remote = vigil->sync->client->remote;

	if (st == STATUS_CANCELLED || remote_lost(remote) != STATUS_OK)
		return st;
	if (st != STATUS_OK && part->tally.failures == 0)
		tally_fail(&part->tally, part->local, st);
	vigil->has_failed |= part->tally.failures > 0;
	if (fflush(stdout) == EOF)
		return status_errno("standard output");
	return STATUS_OK;
}

/* One folder, or with NULL the whole. */
static enum status
run(struct vigil *vigil, const char *path, bool is_deep)
{
	struct sync part = *vigil->sync;
	enum status st = STATUS_OK;
	struct stat sb;

	part.prefix = path;
	part.names.is_flat = !is_deep;
	part.local = path == NULL ? strdup(vigil->sync->local) :
	    sync_here(vigil->sync, path);
	part.remote = path == NULL ? strdup(vigil->sync->remote) :
	    sync_there(vigil->sync, path);
	if (part.local == NULL || part.remote == NULL)
		st = status_no_memory();
	else if (path == NULL ||
	    (lstat(part.local, &sb) == 0 && S_ISDIR(sb.st_mode))) {
		st = sync_once(&part);
		if (st == STATUS_OK && path != NULL)
			set_top(&part);
		st = judge(vigil, &part, st);
	}
	free(part.local);
	free(part.remote);
	return st;
}

/* Patterns are for paths of the whole: with them all is compared. */
static enum status
run_changed(struct vigil *vigil)
{
	bool is_any = tree_filter_is_any(&vigil->sync->names.filter);
	enum status st = STATUS_OK;
	bool is_deep;
	char *path;

	while (st == STATUS_OK && !is_over(vigil) &&
	    (path = watcher_take(vigil->watcher, &is_deep)) != NULL) {
		if (!is_any)
			st = run(vigil, *path == '\0' ? NULL : path, is_deep);
		free(path);
	}
	if (is_any && st == STATUS_OK && !is_over(vigil))
		st = run(vigil, NULL, true);
	return st;
}

/* Wait for changes, and for an end of them, but not for ever. */
static enum status
gather(struct vigil *vigil)
{
	struct client *client = vigil->sync->client;
	int fd = watcher_fd(vigil->watcher);
	enum status st = STATUS_OK;
	uint64_t begun;

	/* What was noted when a connection was lost is still to be done. */
	if (!watcher_is_dirty(vigil->watcher))
		st = remote_stand_by(client->remote, client->interrupt, fd,
		    vigil->has_failed ? RETRY_MS : -1);
	begun = clock_ms();
	while (st == STATUS_OK && remote_is_readable(fd) && !is_over(vigil) &&
	    clock_ms() - begun < GATHER_MS) {
		st = watcher_read(vigil->watcher);
		if (st == STATUS_OK)
			st = remote_stand_by(client->remote,
			    client->interrupt, fd, QUIET_MS);
	}
	return st;
}

/* Nothing is lost with a connection: changes are noted here. */
static enum status
turn(struct vigil *vigil)
{
	struct client *client = vigil->sync->client;
	enum status st = gather(vigil);

	if (remote_lost(client->remote) != STATUS_OK)
		return revive(&client->revive, client->remote);
	if (st != STATUS_OK || is_over(vigil))
		return st;
	if (watcher_is_dirty(vigil->watcher))
		return run_changed(vigil);
	if (!vigil->has_failed)
		return STATUS_OK;
	vigil->has_failed = false;
	return run(vigil, NULL, true);
}

/* Else it would seem to hang. */
static void
tell_begin(const struct sync *sync)
{
	const struct command_line *settings = sync->client->settings;

	if (settings->quiet)
		return;
	board_hide(settings->board);
	show_begin_line();
	fputs("ftclient: watching ", stderr);
	show_string(stderr, sync->local);
	fputs(" for changes, until ctrl-C\n", stderr);
	show_end_line();
}

enum status
sync_watch(struct sync *sync)
{
	struct interrupt *interrupt = sync->client->interrupt;
	struct vigil vigil = { .sync = sync };
	enum status st;

	interrupt_be_patient(interrupt, true);
	/* What is changed while all is compared is noted already. */
	if ((st = watcher_new(&vigil.watcher, sync->local)) == STATUS_OK)
		st = run(&vigil, NULL, true);
	if (st == STATUS_OK && !is_over(&vigil))
		tell_begin(sync);
	while (st == STATUS_OK && !is_over(&vigil))
		st = turn(&vigil);
	/* What could not be sent any more is to be sent by the next run. */
	if (revive_is_loss(st) && is_over(&vigil))
		st = STATUS_OK;
	watcher_free(vigil.watcher);
	interrupt_be_patient(interrupt, false);
	if (st == STATUS_OK)
		interrupt_forget(interrupt);
	return st;
}
