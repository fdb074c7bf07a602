/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "flush_group.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "parcel.h"
#include "walk.h"

#define FOLDERS_MAX 64	/* folders that wait for their flush */

/* A folder in which names were published, open until it is flushed. */
struct changed_folder {
	struct folder	 folder;
	struct place	 place;			/* its root lies in `root` */
	char		 path[WALK_PATH_ROOM];	/* clean; "" is the root */
	char		 root[WALK_PATH_ROOM];
};

struct flush_group {
	struct batch	*batches;
	struct kit	*kit;
	struct flush_choice *choice;
	const struct base *base;
	uint64_t	 synced_from;	/* clock_us() */
	size_t		 count;
	struct changed_folder *folders;		/* owned; FOLDERS_MAX */
	enum status	 unflushed;	/* a folder could not be flushed */
};

/* Call `visit` for each member that still is to be flushed. */
static void
for_each(struct flush_group *group,
    void (*visit)(struct flush_group *group, struct batch_member *member))
{
	struct batch *batch;

	for (batch = group->batches; batch != NULL; batch = batch->next)
		for (size_t i = 0; i < batch->count; i++)
			if (!batch->flushed &&
			    batch->member[i].st == STATUS_OK)
				visit(group, &batch->member[i]);
}

static bool
is_async(const struct batch_member *member)
{
	return place_durability(upload_place(member->upload)) ==
	    DURABILITY_ASYNC;
}

static void
flush_one(struct flush_group *group, struct batch_member *member)
{
	enum status st;

	(void)group;
	if (!is_async(member) &&
	    (st = upload_flush(member->upload)) != STATUS_OK)
		batch_member_set(member, st);
}

/*
 * Uploads that were begun before syncfs(2) could report their errors, and those
 * of another base.
 */
static void
flush_if_left(struct flush_group *group, struct batch_member *member)
{
	if (member->began_us < group->synced_from ||
	    upload_place(member->upload)->base != group->base)
		flush_one(group, member);
}

/*
 * The batch whose descriptor was opened first: it reports every failed
 * write-back since, for all the batches.
 */
static const struct batch *
oldest_batch(const struct flush_group *group)
{
	const struct batch *oldest = group->batches, *batch;

	for (batch = oldest; batch != NULL; batch = batch->next)
		if (batch->sync_opened_us < oldest->sync_opened_us)
			oldest = batch;
	return oldest;
}

/* How many have to be flushed. */
static size_t
count_good(const struct flush_group *group)
{
	const struct batch *batch;
	size_t n = 0;

	for (batch = group->batches; batch != NULL; batch = batch->next)
		for (size_t i = 0; i < batch->count; i++)
			n += !batch->flushed &&
			    batch->member[i].st == STATUS_OK &&
			    !is_async(&batch->member[i]);
	return n;
}

/* Bring all stages to the disk. */
static void
flush_stages(struct flush_group *group)
{
	const struct batch *oldest = oldest_batch(group);
	size_t files = count_good(group);
	uint64_t began = clock_us();

	if (files == 0)
		return;
	if (oldest->sync_fd != -1 && !oldest->is_long &&
	    flush_choice_is_syncfs(group->choice, files)) {
		if (syncfs(oldest->sync_fd) == 0) {
			flush_choice_learn_syncfs(group->choice,
			    clock_us() - began);
			group->synced_from = oldest->sync_opened_us;
			for_each(group, flush_if_left);
			return;
		}
		/* Somebody's write failed: each file's own fsync decides. */
	}
	for_each(group, flush_one);
	if (!oldest->is_long)
		flush_choice_learn_fsync(group->choice, clock_us() - began,
		    files);
}

/* Flush the folders that were changed, and close them. */
static void
flush_folders(struct flush_group *group)
{
	enum status st;

	for (size_t i = 0; i < group->count; i++) {
		if (place_durability(&group->folders[i].place) ==
		    DURABILITY_COMMIT && (st = folder_flush(
		    &group->folders[i].folder)) != STATUS_OK)
			group->unflushed = st;
		folder_close(&group->folders[i].folder);
	}
	group->count = 0;
}

/*
 * The parent of the upload's target, resolved again now, once per folder and
 * group.
 */
static enum status
open_parent(struct flush_group *group, const struct upload *upload,
    const struct folder **out)
{
	const struct place *place = upload_place(upload);
	const char *path = upload_path(upload), *name;
	struct changed_folder *changed;
	enum status st;
	size_t i, len = (size_t)(strrchr(path, '/') - path);

	for (i = group->count; i-- > 0; ) {
		changed = &group->folders[i];
		if (strlen(changed->path) == len &&
		    memcmp(changed->path, path, len) == 0 &&
		    place_is_same(&changed->place, place)) {
			*out = &changed->folder;
			return STATUS_OK;
		}
	}
	if (group->count == FOLDERS_MAX)
		flush_folders(group);
	changed = &group->folders[group->count];
	if (strlen(place->root) >= sizeof(changed->root))
		return STATUS_NAME_TOO_LONG;
	st = walk_parent(&changed->folder, &name, place, path);
	if (st != STATUS_OK)
		return st;
	memcpy(changed->path, path, len);
	changed->path[len] = '\0';
	strcpy(changed->root, place->root);
	changed->place = *place;
	changed->place.root = changed->root;
	group->count++;
	*out = &changed->folder;
	return STATUS_OK;
}

static enum status
publish(struct flush_group *group, struct batch_member *member)
{
	const struct folder *folder;
	struct names *names;
	enum status st;

	st = open_parent(group, member->upload, &folder);
	if (st != STATUS_OK) {
		/* It never will come to anything: nobody would take it up. */
		if (status_class(st) == CLASS_PERMANENT)
			upload_abandon(member->upload);
		return st;
	}
	names = kit_names(group->kit, upload_place(member->upload)->base);
	if (upload_place(member->upload)->parcel != NULL)
		return parcel_publish_member(member->upload, names, folder,
		    &member->receipt);
	return upload_publish(member->upload, names, folder,
	    &member->receipt);
}

/* What the member waits for, as things are. */
static void
claim(struct batch *batch, const struct batch_member *member)
{
	const struct place *place = upload_place(member->upload);
	struct lock_claim *claim = &batch->wait.claims[0];
	struct stat st;

	memset(claim, 0, sizeof(*claim));
	if (walk_stat(&st, place, upload_path(member->upload)) != STATUS_OK)
		return;
	claim->dev = st.st_dev;
	claim->ino = st.st_ino;
	claim->end = RANGE_LOCK_END;
	claim->kind = RANGE_LOCK_SHARED;
	claim->guard = RANGE_LOCK_EXCLUSIVE;
}

/* May the member, which has met locks, wait for them any longer? */
static bool
may_wait(struct batch *batch, struct batch_member *member)
{
	if (member->wait == 0)
		return false;
	if (member->wait_ends == 0)
		member->wait_ends = clock_ms() + member->wait * 1000ull;
	if (clock_ms() >= member->wait_ends)
		return false;
	claim(batch, member);
	batch->wait.id = member->id;
	batch->wait.deadline = member->wait_ends;
	return true;
}

/* In order, and nothing that is chained behind a failure. */
static void
publish_batch(struct flush_group *group, struct batch *batch)
{
	struct batch_member *member;
	enum status st;

	if (batch->settled == 0)
		batch->failed_now = batch->failed_before;
	batch->waits = false;
	for (; batch->settled < batch->count; batch->settled++) {
		member = &batch->member[batch->settled];
		if (!member->chained)
			batch->failed_now = false;
		if (member->st == STATUS_OK) {
			st = batch->failed_now ?
			    status_set(STATUS_SKIPPED, "skipped after the "
			    "failure of an earlier request") :
			    publish(group, member);
			if (st == STATUS_LOCKED && batch_is_cancelled(batch))
				st = status_set(STATUS_CANCELLED, "cancelled");
			if (st == STATUS_LOCKED && may_wait(batch, member)) {
				batch->waits = true;
				return;
			}
			batch_member_set(member, st);
		}
		if (member->st != STATUS_OK)
			batch->failed_now = true;
	}
}

static void
audit_batch(struct batch *batch)
{
	const struct batch_member *member;

	for (; batch->audited < batch->settled; batch->audited++) {
		member = &batch->member[batch->audited];
		if (member->upload == NULL)
			continue;	/* said when it failed */
		if (upload_place(member->upload)->parcel != NULL)
			continue;	/* its folder is told as one */
		audit(&batch->who, &(struct audit_event){ .verb = "put",
		    .path = upload_path(member->upload),
		    .target = upload_fresh_name(member->upload),
		    .has_bytes = true,
		    .bytes = upload_received(member->upload),
		    .began_us = member->began_us,
		    .digest = member->st == STATUS_OK ?
		    member->receipt.digest : NULL,
		    .upload_id = upload_id(member->upload),
		    .outcome = member->st });
	}
}

/* The names are in place but may not last: nothing of it is acknowledged. */
static void
fail_all(struct flush_group *group, enum status st)
{
	struct batch *batch;

	for (batch = group->batches; batch != NULL; batch = batch->next)
		for (size_t i = batch->audited; i < batch->settled; i++)
			if (batch->member[i].st == STATUS_OK)
				batch_member_set(&batch->member[i], st);
}

void
flush_group_run(struct batch *batches, struct kit *kit,
    struct flush_choice *choice)
{
	struct flush_group group = { .batches = batches, .kit = kit,
	    .choice = choice, .base = batches->base };
	struct batch *batch;

	status_forget();
	if (group.base != NULL) {
		group.folders = malloc(FOLDERS_MAX * sizeof(*group.folders));
		if (group.folders == NULL) {
			for (batch = batches; batch != NULL;
			    batch = batch->next)
				batch->settled = batch->count;
			fail_all(&group, STATUS_NO_MEMORY);
			return;
		}
		flush_stages(&group);
	}
	for (batch = batches; batch != NULL; batch = batch->next) {
		batch->flushed = true;
		publish_batch(&group, batch);
	}
	if (group.base != NULL)
		flush_folders(&group);
	if (group.unflushed != STATUS_OK)
		fail_all(&group, status_set(group.unflushed,
		    "the folder could not be flushed"));
	audit_gather();
	for (batch = batches; batch != NULL; batch = batch->next)
		audit_batch(batch);
	audit_flush();
	free(group.folders);
}
