/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "batch_former.h"

#include <assert.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

struct batch_former {
	struct flush_line *line;	/* borrowed */
	struct mailbox	*mailbox;	/* borrowed */
	struct batch	*forming;	/* owned, or NULL */
	bool		 under_way;	/* one batch is with the line ... */
	struct batch	*sent;		/* ... this one: it comes back before it
					 * is freed, or never is looked at */
	char		*forming_path;	/* owned; of the long upload in it */
	char		*sent_path;	/* owned; of the one that was sent */
	bool		 failed;	/* the last answered put failed */
	char		*parent;	/* owned; clean path of `folder` ... */
	char		*root;		/* owned; ... below this root ... */
	const struct base *base;	/* ... of this base */
	size_t		 mount;		/* of the place */
	struct folder	 folder;	/* owned while parent is not NULL */
};

struct batch_former *
batch_former_new(struct flush_line *line, struct mailbox *mailbox)
{
	struct batch_former *former;

	if ((former = calloc(1, sizeof(*former))) == NULL)
		return NULL;
	former->line = line;
	former->mailbox = mailbox;
	return former;
}

static void
forget_folder(struct batch_former *former)
{
	if (former->parent == NULL)
		return;
	folder_close(&former->folder);
	free(former->parent);
	free(former->root);
	former->parent = former->root = NULL;
}

void
batch_former_free(struct batch_former *former)
{
	if (former == NULL)
		return;
	forget_folder(former);
	if (former->forming != NULL)
		flush_line_count_stages(former->line,
		    -(long)batch_uploads(former->forming));
	batch_free(former->forming);
	free(former->forming_path);
	free(former->sent_path);
	free(former);
}

bool
batch_former_has_room(const struct batch_former *former)
{
	if (former->forming != NULL && former->forming->count > 0 &&
	    (former->forming->is_long ||
	    former->forming->count == BATCH_MAX))
		return false;
	/* Stages hold descriptors; when they run short, finish some first. */
	return !flush_line_is_short(former->line) ||
	    !batch_former_is_busy(former);
}

bool
batch_former_is_busy(const struct batch_former *former)
{
	return former->under_way ||
	    (former->forming != NULL && former->forming->count > 0);
}

bool
batch_former_holds(const struct batch_former *former, const char *path)
{
	return (former->forming_path != NULL &&
	    strcmp(former->forming_path, path) == 0) ||
	    (former->sent_path != NULL &&
	    strcmp(former->sent_path, path) == 0);
}

static struct batch *
forming_batch(struct batch_former *former)
{
	if (former->forming == NULL)
		former->forming = batch_new(former->mailbox);
	return former->forming;
}

/*
 * Have a batch for uploads to `base`.  Its descriptor for syncfs(2) is opened
 * before the first byte is written, or errors of the flush could be missed.
 */
static enum status
begin_batch(struct batch_former *former, const struct audit_who *who,
    const struct base *base)
{
	struct batch *batch;

	if ((batch = forming_batch(former)) == NULL)
		return STATUS_NO_MEMORY;
	/* What goes to a second base is flushed file by file. */
	if (batch->base != NULL)
		return STATUS_OK;
	if (base_durability(base) == DURABILITY_COMMIT &&
	    base_has_syncfs(base)) {
		batch->sync_fd = openat(base_fd(base), ".",
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (batch->sync_fd == -1)
			return status_errno("flush");
		batch->sync_opened_us = clock_us();
	}
	batch->who = *who;
	batch->base = base;
	return STATUS_OK;
}

/* The same parent as the last upload's? */
static bool
is_known_parent(const struct batch_former *former, const struct place *place,
    const char *path)
{
	size_t len = (size_t)(strrchr(path, '/') - path);

	return former->parent != NULL && strlen(former->parent) == len &&
	    memcmp(former->parent, path, len) == 0 &&
	    former->base == place->base && former->mount == place->mount &&
	    strcmp(former->root, place->root) == 0;
}

static enum status
open_parent(struct batch_former *former, const struct place *place,
    const char *path)
{
	const char *name;
	enum status st;

	forget_folder(former);
	if ((st = walk_parent(&former->folder, &name, place, path)) !=
	    STATUS_OK)
		return st;
	former->parent = strndup(path, (size_t)(name - 1 - path));
	former->root = strdup(place->root);
	former->base = place->base;
	former->mount = place->mount;
	if (former->parent != NULL && former->root != NULL)
		return STATUS_OK;
	folder_close(&former->folder);
	free(former->parent);
	free(former->root);
	former->parent = former->root = NULL;
	return STATUS_NO_MEMORY;
}

enum status
batch_former_prepare(struct batch_former *former, const struct audit_who *who,
    const struct place *place, const char *path, const struct folder **folder)
{
	enum status st;

	if ((st = begin_batch(former, who, place->base)) != STATUS_OK)
		return st;
	if (!is_known_parent(former, place, path) &&
	    (st = open_parent(former, place, path)) != STATUS_OK)
		return st;
	*folder = &former->folder;
	return STATUS_OK;
}

static struct batch_member *
add_member(struct batch *batch, uint32_t id, bool chained)
{
	struct batch_member *member;

	assert(batch->count < BATCH_MAX);
	member = &batch->member[batch->count++];
	memset(member, 0, sizeof(*member));
	member->id = id;
	member->chained = chained;
	return member;
}

enum status
batch_former_add(struct batch_former *former, const struct batch_entry *entry)
{
	struct batch_member *member;
	enum status st;

	/* The batch it was begun with may be on its way already. */
	st = begin_batch(former, entry->who, upload_place(entry->upload)->base);
	if (st != STATUS_OK)
		return st;
	if (entry->is_long && (former->forming_path =
	    strdup(upload_path(entry->upload))) == NULL)
		return STATUS_NO_MEMORY;
	member = add_member(former->forming, entry->id, entry->chained);
	member->began_us = entry->began_us;
	member->wait = entry->wait;
	member->upload = entry->upload;
	flush_line_count_stages(former->line, 1);
	if (entry->is_long)
		former->forming->is_long = true;
	if (entry->is_long || former->forming->count == BATCH_MAX)
		batch_former_send(former);
	return STATUS_OK;
}

bool
batch_former_fail(struct batch_former *former, uint32_t id, bool chained,
    enum status st)
{
	struct batch_member *member;
	struct batch *batch;

	if (!batch_former_is_busy(former) ||
	    (batch = forming_batch(former)) == NULL)
		return false;
	member = add_member(batch, id, chained);
	batch_member_set(member, st);
	batch_former_send(former);
	return true;
}

void
batch_former_send(struct batch_former *former)
{
	struct batch *batch = former->forming;

	forget_folder(former);
	if (batch == NULL || former->under_way)
		return;
	former->forming = NULL;
	if (batch->count == 0) {
		batch_free(batch);
		return;
	}
	batch->failed_before = former->failed;
	former->under_way = true;
	former->sent = batch;
	former->sent_path = former->forming_path;
	former->forming_path = NULL;
	flush_line_submit(former->line, batch);
}

void
batch_former_done(struct batch_former *former, bool failed)
{
	former->under_way = false;
	former->sent = NULL;
	free(former->sent_path);
	former->sent_path = NULL;
	former->failed = failed;
	if (former->forming != NULL && former->forming->count > 0 &&
	    (former->forming->is_long ||
	    former->forming->count == BATCH_MAX))
		batch_former_send(former);
}

void
batch_former_cancel(struct batch_former *former, uint32_t id)
{
	if (former->sent != NULL)
		atomic_store(&former->sent->cancel_id,
		    id == 0 ? UINT32_MAX : id);
}

void
batch_former_set_failed(struct batch_former *former, bool failed)
{
	former->failed = failed;
}
