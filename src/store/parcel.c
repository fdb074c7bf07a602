/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "parcel_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "claim_table.h"
#include "collect.h"
#include "upload.h"
#include "upload_list.h"

#define MODE_BITS	0777

_Static_assert(sizeof(BASE_PRIVATE) + sizeof("/stage/") + STAGE_NAME_ROOM <=
    PARCEL_ROOT_ROOM, "the root of members fits");

static enum status
no_such_upload(void)
{
	return status_set(STATUS_NOT_FOUND, "no such upload");
}

/* A copy of a string behind others. */
static const char *
keep(char **at, const char *text)
{
	size_t size = strlen(text) + 1;
	char *out = *at;

	memcpy(out, text, size);
	*at += size;
	return out;
}

static struct parcel *
parcel_alloc(const struct place *target, const struct upload_plan *plan)
{
	struct parcel *parcel;
	char *at;

	parcel = calloc(1, sizeof(*parcel) + strlen(target->root) +
	    strlen(plan->path) + strlen(plan->user) + 3);
	if (parcel == NULL)
		return NULL;
	at = parcel->strings;
	atomic_init(&parcel->references, 1);
	parcel->target = *target;
	parcel->target.own = NULL;
	parcel->target.root = keep(&at, target->root);
	parcel->plan = *plan;
	parcel->plan.path = keep(&at, plan->path);
	parcel->plan.user = keep(&at, plan->user);
	parcel->proof.fd = -1;
	pthread_mutex_init(&parcel->mutex, NULL);
	pthread_mutex_init(&parcel->amounts, NULL);
	return parcel;
}

void
parcel_root(char out[PARCEL_ROOT_ROOM], const uint8_t *id)
{
	char hex[DIGEST_HEX_SIZE];

	digest_hex(hex, id);
	snprintf(out, PARCEL_ROOT_ROOM, BASE_PRIVATE "/stage/%s", hex);
}

bool
parcel_id_of_root(uint8_t *id, const char *root)
{
	const size_t len = sizeof(BASE_PRIVATE "/stage/") - 1;

	return strncmp(root, BASE_PRIVATE "/stage/", len) == 0 &&
	    stage_id_of_name(id, root + len);
}

/* The stage is there, or was once: members have their place in it. */
static void
set_stage(struct parcel *parcel, const uint8_t id[STAGE_ID_SIZE])
{
	memcpy(parcel->id, id, sizeof(parcel->id));
	digest_hex(parcel->stage, parcel->id);
	parcel_root(parcel->root, id);
	parcel->place = (struct place){ .base = parcel->target.base,
	    .root = parcel->root, .parcel = parcel,
	    .durability = parcel->target.durability };
}

struct parcel *
parcel_ref(struct parcel *parcel)
{
	if (parcel != NULL)
		atomic_fetch_add(&parcel->references, 1);
	return parcel;
}

void
parcel_unref(struct parcel *parcel)
{
	if (parcel == NULL || atomic_fetch_sub(&parcel->references, 1) > 1)
		return;
	parcel_survey_end(parcel);
	quota_release(&parcel->quota);
	claim_free(parcel->claim);
	record_close(parcel->record);
	pthread_mutex_destroy(&parcel->mutex);
	pthread_mutex_destroy(&parcel->amounts);
	free(parcel);
}

bool
parcel_is_closed(const struct parcel *parcel)
{
	return parcel->is_closed;
}

bool
parcel_is_for(const struct parcel *parcel, const struct place *place)
{
	return parcel->target.base == place->base &&
	    strcmp(parcel->target.root, place->root) == 0;
}

const struct place *
parcel_place(const struct parcel *parcel)
{
	return &parcel->place;
}

const uint8_t *
parcel_id(const struct parcel *parcel)
{
	return parcel->id;
}

const char *
parcel_path(const struct parcel *parcel)
{
	return parcel->plan.path;
}

const char *
parcel_fresh_name(const struct parcel *parcel)
{
	return parcel->fresh[0] != '\0' ? parcel->fresh : NULL;
}

enum status
parcel_parent(struct folder *folder, const char **name,
    const struct parcel *parcel)
{
	return walk_parent(folder, name, &parcel->target, parcel->plan.path);
}

void
parcel_abandon(struct parcel *parcel)
{
	upload_discard_members(&parcel->place, parcel->plan.user);
	/* A sealed record without a stage says that it was published. */
	record_remove(parcel->record);
	collect_remove(parcel->place.base, parcel->stage);
}

/*
 * --- Beginning --------------------------------------------------------------
 */

/* Who takes any name is told nothing of those that are there. */
static enum status
check_free(const struct parcel *parcel, const struct folder *folder,
    const char *name)
{
	struct stat st;

	if (parcel->plan.taken == UPLOAD_FRESH)
		return STATUS_OK;
	if (fstatat(folder->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return status_set(STATUS_EXISTS, "%s: exists already",
		    parcel->plan.path);
	return errno == ENOENT ? STATUS_OK :
	    status_errno("%s", parcel->plan.path);
}

enum status
parcel_claim(struct parcel *parcel, enum claim_kind kind,
    const struct folder *folder, const char *name)
{
	struct claim_plan plan = { .kind = kind, .folder = folder,
	    .base = parcel->place.base, .record = parcel->record };
	enum status st;

	if (parcel->plan.taken != UPLOAD_FRESH)
		plan.name = name;
	if ((st = claim_take(&parcel->claim, &plan)) != STATUS_OK)
		return st;
	if (!claim_generation(record_fd(parcel->record),
	    &parcel->generation))
		return status_errno("claim an upload");
	return STATUS_OK;
}

static enum status
make_stage(struct parcel *parcel)
{
	struct record_facts facts = { .is_tree = true, .plan = parcel->plan,
	    .user = parcel->plan.user, .root = parcel->target.root };
	mode_t mode = parcel->plan.has_mode ? parcel->plan.mode & MODE_BITS :
	    MODE_BITS;
	struct stage stage;
	enum status st;

	st = stage_make_folder(&stage, base_stage_fd(parcel->target.base),
	    mode | S_IRWXU);
	if (st != STATUS_OK)
		return st;
	set_stage(parcel, stage.id);
	parcel->end = PARCEL_LOG_BEGIN;
	st = record_make(&parcel->record, parcel->place.base, parcel->id,
	    &facts);
	if (st != STATUS_OK)
		collect_remove(parcel->place.base, parcel->stage);
	return st;
}

static enum status
begin(struct parcel *parcel, const struct folder *folder, const char *name,
    uint64_t count)
{
	enum status st;

	if ((st = check_free(parcel, folder, name)) != STATUS_OK)
		return st;
	/* The folder itself is a name, too. */
	parcel->names = 1;
	st = quota_reserve(&parcel->quota, &parcel->target,
	    parcel->plan.path, parcel->plan.has_size ? parcel->plan.size : 0,
	    1 + count);
	if (st != STATUS_OK || (st = make_stage(parcel)) != STATUS_OK)
		return st;
	if ((st = parcel_claim(parcel, CLAIM_NEW, folder, name)) != STATUS_OK)
		parcel_abandon(parcel);
	return st;
}

enum status
parcel_begin(struct parcel **out, const struct place *place,
    const struct upload_plan *plan, uint64_t count)
{
	struct folder folder = { .fd = -1 };
	struct parcel *parcel;
	const char *name;
	enum status st;

	*out = NULL;
	if (count > PARCEL_MEMBERS || (plan->has_size &&
	    plan->size > UPLOAD_MOST))
		return status_set(STATUS_TOO_LARGE, "%s: too large",
		    plan->path);
	if ((parcel = parcel_alloc(place, plan)) == NULL)
		return status_no_memory();
	if ((st = parcel_parent(&folder, &name, parcel)) == STATUS_OK) {
		st = begin(parcel, &folder, name, count);
		folder_close(&folder);
	}
	if (st == STATUS_OK)
		*out = parcel;
	else
		parcel_unref(parcel);
	return st;
}

/*
 * --- Taking up again --------------------------------------------------------
 */

/* Flushed and with its modes by now, even if the server died before. */
static enum status
tell_published(struct parcel *parcel, const struct folder *folder,
    const char *name, struct upload_receipt *receipt)
{
	enum record_state state;
	enum status st;
	struct stat sb;
	uint64_t ino;
	int fd;

	if ((st = record_state(parcel->record, &state, receipt, &ino)) !=
	    STATUS_OK)
		return st;
	receipt->is_async =
	    place_durability(&parcel->target) == DURABILITY_ASYNC;
	if (state == RECORD_OPEN) {
		record_remove(parcel->record);
		return no_such_upload();
	}
	if (state == RECORD_DONE)
		return STATUS_OK;
	if (!receipt->is_async && (st = folder_flush(folder)) != STATUS_OK)
		return st;
	memset(receipt->version, 0, sizeof(receipt->version));
	fd = openat(folder->fd, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd != -1 && fstat(fd, &sb) == 0 && (uint64_t)sb.st_ino == ino &&
	    (st = parcel_log_read(&parcel->log, parcel->record)) ==
	    STATUS_OK && (st = parcel_set_modes(parcel, fd)) == STATUS_OK &&
	    fstat(fd, &sb) == 0)
		version_of(receipt->version, &sb);
	if (fd != -1)
		close(fd);
	return st != STATUS_OK ? st : record_finish(parcel->record, receipt);
}

/* What the stages of members take that were not finished. */
static uint64_t
unfinished_bytes(const struct parcel *parcel)
{
	struct upload_listed listed;
	struct upload_list *list;
	bool found, more = true;
	uint64_t bytes = 0;

	if (!quota_counts(&parcel->target, parcel->plan.path) ||
	    upload_list_begin(&list, &parcel->place, parcel->plan.user) !=
	    STATUS_OK)
		return 0;
	while (more && upload_list_next(list, &listed, &found, &more) ==
	    STATUS_OK)
		if (found)
			bytes += stage_bytes(
			    base_stage_fd(parcel->place.base), listed.id);
	upload_list_end(list);
	return bytes;
}

/* With the claim held: what is there to go on with? */
static enum status
take_up(struct parcel *parcel)
{
	uint64_t bytes = 0;
	enum status st;
	size_t i;

	if ((st = parcel_log_read(&parcel->log, parcel->record)) != STATUS_OK)
		return st;
	parcel->end = parcel->log.end;
	parcel->rows = parcel->log.rows;
	if (ftruncate(record_fd(parcel->record), (off_t)parcel->end) == -1)
		return status_errno("take up the upload");
	for (i = 0; i < parcel->log.len; i++)
		bytes += parcel->log.at[i].size;
	parcel->bytes = bytes;
	parcel->names = 1 + parcel->log.len;
	bytes += unfinished_bytes(parcel);
	parcel->quota.stage = bytes;
	if (parcel->plan.has_size && parcel->plan.size > bytes)
		bytes = parcel->plan.size;
	st = quota_reserve_again(&parcel->quota, &parcel->target,
	    parcel->plan.path, bytes, parcel->names);
	return st == STATUS_OK ? record_reopen(parcel->record) : st;
}

static enum status
resume(struct parcel **out, struct parcel *parcel,
    struct upload_receipt *receipt)
{
	struct folder folder;
	const char *name;
	enum status st;
	struct stat sb;

	if ((st = parcel_parent(&folder, &name, parcel)) != STATUS_OK)
		return st;
	st = parcel_claim(parcel, CLAIM_RESUME, &folder, name);
	if (st == STATUS_OK && fstatat(base_stage_fd(parcel->place.base),
	    parcel->stage, &sb, AT_SYMLINK_NOFOLLOW) == -1)
		st = errno != ENOENT ? status_errno("take up the upload") :
		    tell_published(parcel, &folder, name, receipt);
	else if (st == STATUS_OK && (st = take_up(parcel)) == STATUS_OK)
		*out = parcel_ref(parcel);
	folder_close(&folder);
	return st;
}

enum status
parcel_resume(struct parcel **out, const struct place *place,
    const char *user, const uint8_t id[UPLOAD_ID_SIZE],
    struct upload_receipt *receipt)
{
	const struct record_facts *facts;
	struct parcel *parcel;
	struct record *record;
	enum status st;

	*out = NULL;
	if ((st = record_open(&record, place->base, id)) != STATUS_OK)
		return st;
	facts = record_facts(record);
	if (!facts->is_tree || strcmp(facts->user, user) != 0 ||
	    strcmp(facts->root, place->root) != 0) {
		record_close(record);
		return no_such_upload();
	}
	if ((parcel = parcel_alloc(place, &facts->plan)) == NULL) {
		record_close(record);
		return status_no_memory();
	}
	parcel->record = record;
	set_stage(parcel, id);
	st = resume(out, parcel, receipt);
	parcel_unref(parcel);
	return st;
}
