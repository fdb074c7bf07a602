/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "download_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board.h"
#include "paths.h"
#include "report.h"

/* Zeros that are digested between two looks for signals. */
#define SKIP_STEP	(UINT64_C(1) << 36)

#define CHANGES_MOST	3	/* of a file while it is fetched */

/* The part is named after what it is a part of. */
enum status
download_part_key(uint64_t *key, const struct client *client,
    const char *path)
{
	char target[DESTINATION_NAME_SIZE];
	uint8_t digest[DIGEST_SIZE];
	char *words;
	int len;

	destination_name(target, client->target);
	len = asprintf(&words, "%s\n%s\n%s\n%s", target,
	    client->target->user, client->folder != NULL && path[0] != '/' ?
	    client->folder : "/", path);
	if (len == -1)
		return status_no_memory();
	digest_of_piece(digest, words, (size_t)len);
	free(words);
	*key = ft1_load_u64(digest);
	return STATUS_OK;
}

static enum status
begin_part(struct download *d)
{
	struct part_plan plan = { .path = d->local, .goes_on = d->goes_on,
	    .below = d->below, .top = d->top };
	enum status st;

	st = download_part_key(&plan.key, d->client, d->path);
	return st == STATUS_OK ? part_begin(&d->part, &plan) : st;
}

static enum status
take_begun(struct download *d, const struct frame *frame)
{
	struct reply reply;
	enum status st;

	st = reply_read(&reply, frame, REPLY_SIZE | REPLY_MODE | REPLY_MTIME |
	    REPLY_VERSION_NOW);
	if (st != STATUS_OK)
		return st;
	if (d->digest != NULL)
		return reply_malformed("two beginnings of one file");
	if (d->start > reply.size)
		return reply_malformed("less than it proved to have");
	if ((d->digest = digest_begin(d->start)) == NULL)
		return status_no_memory();
	d->size = reply.size;
	if (d->range.has_length && d->size - d->start > d->range.length)
		d->size = d->start + d->range.length;
	d->knows_size = true;
	progress_begin(&d->progress, d->board, d->path,
	    d->size - d->range.offset);
	progress_brought(&d->progress, d->start - d->range.offset);
	if (d->part == NULL && (st = begin_part(d)) != STATUS_OK)
		return st;
	if (d->keeps)
		part_keep_facts(d->part, reply.mode, reply.mtime);
	/* What is not right goes first: a hole is not sent. */
	st = part_resize(d->part, d->start - d->range.offset);
	if (st != STATUS_OK)
		return st;
	return part_resize(d->part, d->size - d->range.offset);
}

/* A hole, which may be as large as the server likes. */
static enum status
skip_to(struct download *d, uint64_t offset)
{
	uint64_t n;

	while ((n = offset - digest_offset(d->digest)) > 0) {
		if (remote_is_interrupted(d->client->remote))
			return status_set(STATUS_CANCELLED, "interrupted");
		digest_skip(d->digest, n < SKIP_STEP ? n : SKIP_STEP);
	}
	return STATUS_OK;
}

static enum status
take_data(struct download *d, const struct frame *frame)
{
	const uint8_t *bytes = frame->payload + FT1_OFFSET_SIZE;
	uint64_t offset, end;
	enum status st;
	size_t len;

	if (d->digest == NULL || frame->header.length <= FT1_OFFSET_SIZE)
		return reply_malformed("data where none can be");
	offset = ft1_load_u64(frame->payload);
	len = frame->header.length - FT1_OFFSET_SIZE;
	if (offset < digest_offset(d->digest) || offset > d->size ||
	    len > d->size - offset)
		return reply_malformed(
		    "data out of order or behind the end");
	end = offset + len;
	if ((st = skip_to(d, offset)) != STATUS_OK)
		return st;
	digest_update(d->digest, bytes, len);
	download_moved(d, len);
	progress_update(&d->progress, end - d->range.offset);
	if (end > d->fetched)
		d->fetched = end;
	return part_write(d->part, bytes, len, offset - d->range.offset);
}

static enum status
take_end(struct download *d, const struct frame *frame)
{
	enum status st;

	if (d->digest != NULL && (st = skip_to(d, d->size)) != STATUS_OK)
		return st;
	st = download_check_end(&d->digest, frame, d->size - d->start,
	    d->path);
	/* It may end in a hole, or have been here. */
	if (st == STATUS_OK)
		progress_update(&d->progress, d->size - d->range.offset);
	return st;
}

static enum status
take_file(struct call *call, const struct frame *frame)
{
	struct download *d = call->owner;

	switch (frame->header.type) {
	case FT1_BEGUN:	return take_begun(d, frame);
	case FT1_DATA:	return take_data(d, frame);
	case FT1_OK:	return take_end(d, frame);
	}
	return reply_unexpected(frame, "a get");
}

static void
ask(struct download *d)
{
	struct file_range rest = d->range;
	struct ft1_frame *frame;

	d->call = (struct call){ .receiver = take_file, .owner = d };
	d->is_asked = true;
	rest.offset = d->start;
	frame = download_request(d, d->client->remote, &d->call, &rest);
	if (d->wait > 0)
		ft1_put_u32(frame, FT1_TAG_WAIT_LOCK, d->wait);
	(void)remote_send(d->client->remote);
}

/* May it go better when the connection is made again, or the file is asked? */
static bool
can_go_on(struct download *d, enum status st)
{
	struct client *client = d->client;

	if (d->part == NULL ? strcmp(d->local, "-") == 0 :
	    !part_can_resume(d->part))
		return false;
	if (revive_is_loss(st) && d->gave_up)
		return false;
	if (revive_is_loss(st))
		return revive_after(&client->revive, client->remote, &d->call,
		    st) == STATUS_OK;
	/* It was changed between the proof and the rest. */
	return (st == STATUS_PRECONDITION || st == STATUS_BAD_REQUEST) &&
	    d->has_version && !d->range.given &&
	    d->changes++ < CHANGES_MOST;
}

/* What was fetched is kept if it can be gone on with. */
static void
leave_part(struct download *d, enum status st)
{
	if (d->part != NULL && part_can_resume(d->part) && d->knows_size &&
	    !d->range.given &&
	    d->fetched >= DIGEST_PIECE &&
	    (revive_is_loss(st) ||
	    (d->goes_on && st == STATUS_CANCELLED))) {
		part_keep(d->part);
		if (d->left != NULL)
			*d->left = true;
	} else
		part_abort(d->part);
	d->part = NULL;
}

/* Nothing that is here already counts. */
static void
begin_range(struct download *d)
{
	digest_drop(d->digest);
	d->digest = NULL;
	d->start = d->range.offset;
	d->has_version = d->range.has_version;
	memcpy(d->version, d->range.version, FT1_ID_SIZE);
}

static enum status
fetch_once(struct download *d)
{
	enum status st = STATUS_OK;

	if (!d->is_asked) {
		if (d->range.given)
			begin_range(d);
		else if (d->part != NULL && part_can_resume(d->part))
			st = download_prove(d);
		if (st != STATUS_OK)
			return st;
		if (d->segments > 1 || d->held != NULL)
			return download_segments(d);
		ask(d);
	}
	st = remote_wait(d->client->remote, &d->call);
	d->is_asked = false;
	progress_end(&d->progress);
	return st;
}

static enum status
fetch(struct download *d)
{
	enum status st;

	do
		st = fetch_once(d);
	while (st != STATUS_OK && can_go_on(d, st));
	if (st != STATUS_OK) {
		leave_part(d, st);
		return st;
	}
	revive_rest(&d->client->revive);
	st = part_commit(d->part);
	d->part = NULL;
	return st;
}

static void
download_free(struct download *d)
{
	digest_drop(d->digest);
	free(d->piece);
	free(d->held);
	download_close_basis(d);
	part_abort(d->part);
	free(d->path);
	free(d->local);
	free(d);
}

static enum status
download_new(struct download **out, struct client *client,
    const struct download_plan *plan)
{
	struct download *d;

	if ((d = calloc(1, sizeof(*d))) == NULL)
		return status_no_memory();
	d->client = client;
	d->basis = -1;
	d->moved = plan->moved;
	d->left = plan->left;
	d->goes_on = plan->goes_on;
	d->keeps = plan->keeps;
	d->top = plan->top;
	d->wait = plan->wait;
	d->segments = plan->segments > 0 ? plan->segments : 1;
	d->board = strcmp(plan->local, "-") == 0 && isatty(STDOUT_FILENO) ?
	    NULL : client->settings->board;
	d->path = strdup(plan->path);
	d->local = strdup(plan->local);
	if (d->path == NULL || d->local == NULL) {
		download_free(d);
		return status_no_memory();
	}
	if (plan->below != NULL)
		d->below = d->local + strlen(d->local) - strlen(plan->below);
	*out = d;
	return STATUS_OK;
}

enum status
download_begin(struct download **out, struct client *client,
    const struct download_plan *plan)
{
	struct download *d = NULL;
	enum status st;

	*out = NULL;
	if ((st = path_check(plan->path)) != STATUS_OK ||
	    (st = download_new(&d, client, plan)) != STATUS_OK)
		return st;
	if (plan->has_basis && strcmp(d->local, "-") != 0)
		download_open_basis(d);
	if ((d->goes_on || d->segments > 1 || d->basis != -1) &&
	    strcmp(d->local, "-") != 0 &&
	    (st = begin_part(d)) != STATUS_OK) {
		download_free(d);
		return st;
	}
	if (d->part == NULL || !part_can_resume(d->part)) {
		d->segments = 1;	/* it is written in order */
		download_close_basis(d);
	} else
		d->fetched = part_length(d->part);
	d->range = plan->range;
	if (d->range.given)
		begin_range(d);
	/* What is here is proved first, when all before it have ended. */
	if (d->fetched < DIGEST_PIECE && d->segments <= 1 && d->basis == -1)
		ask(d);
	*out = d;
	return STATUS_OK;
}

enum status
download_end(struct download *d, uint64_t *size)
{
	enum status st = fetch(d);

	*size = d->size - d->range.offset;
	if (st == STATUS_OK)
		report_fetched(d->client->settings->report, d->path, d->local,
		    *size, d->range.given ? &d->range.offset : NULL);
	download_free(d);
	return st;
}
