/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "upload.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fresh_name.h"
#include "parcel.h"
#include "receipt.h"
#include "target.h"
#include "upload_state.h"

#define MODE_DEFAULT	0644
#define MODE_BITS	0777
#define RACES_MOST	100	/* times that the name may come and go */

_Static_assert(UPLOAD_ID_SIZE == STAGE_ID_SIZE, "a stage's id is its upload's");

static enum status
failed_before(const struct upload *upload)
{
	return status_set(upload->failed, "the upload has failed before");
}

struct upload *
upload_alloc(const struct place *place, const struct upload_plan *plan)
{
	size_t root_size = strlen(place->root) + 1;
	size_t path_size = strlen(plan->path) + 1;
	struct upload *upload;

	upload = calloc(1, sizeof(*upload) + root_size + path_size);
	if (upload == NULL)
		return NULL;
	memcpy(upload->strings, place->root, root_size);
	memcpy(upload->strings + root_size, plan->path, path_size);
	upload->place = *place;
	upload->place.root = upload->strings;
	upload->place.own = own_locks_ref(place->own);
	upload->place.parcel = parcel_ref(place->parcel);
	upload->plan = *plan;
	upload->plan.path = upload->strings + root_size;
	upload->name = strrchr(upload->plan.path, '/') + 1;
	upload->stage.fd = -1;
	return upload;
}

bool
upload_is_long(const struct upload *upload)
{
	return !upload->plan.has_size || upload->plan.size > UPLOAD_SMALL;
}

/* Must the name be free at the commit? */
static bool
wants_free(const struct upload *upload)
{
	return upload->plan.taken != UPLOAD_REPLACE || upload->plan.if_absent;
}

/* The name must be free, and something of that mode stands there. */
static enum status
refuse_taken(const struct upload *upload, mode_t mode)
{
	if (upload->plan.taken == UPLOAD_DENY && !upload->plan.if_absent &&
	    S_ISREG(mode))
		return status_set(STATUS_NOT_PERMITTED,
		    "%s: exists already, and this user may not replace it",
		    upload->plan.path);
	return status_set(STATUS_EXISTS, "%s: exists already",
	    upload->plan.path);
}

/* May the upload take the place of what stands under its name? */
static enum status
check_target(const struct upload *upload, const struct target *target)
{
	if (wants_free(upload))
		return refuse_taken(upload, target->st.st_mode);
	if (S_ISDIR(target->st.st_mode))
		return status_set(STATUS_IS_A_FOLDER, "%s: is a folder",
		    upload->plan.path);
	if (S_ISLNK(target->st.st_mode))
		return status_set(STATUS_EXISTS,
		    "%s: a symbolic link stands there", upload->plan.path);
	if (!S_ISREG(target->st.st_mode))
		return status_set(STATUS_NOT_A_FILE, "%s: not a regular file",
		    upload->plan.path);
	if (upload->plan.if_version)
		return target_expect(target, upload->plan.version);
	return STATUS_OK;
}

static enum status
no_such_version(const struct upload *upload)
{
	return status_set(STATUS_PRECONDITION, "%s: no such file",
	    upload->plan.path);
}

/* Whoever walked to the folder may have done so for another name. */
static enum status
check_name(const struct upload *upload, const struct folder *folder)
{
	if (base_owns_name(upload->place.base, folder->dev, folder->ino,
	    upload->name))
		return status_set(STATUS_NOT_PERMITTED,
		    "%s: the name is the server's own", upload->plan.path);
	return STATUS_OK;
}

/* Say no before a client sends gigabytes in vain. */
static enum status
check_early(const struct upload *upload, const struct folder *folder)
{
	struct target target = { .fd = -1 };

	/* Who takes any name is told nothing of those that are there. */
	if (upload->plan.taken == UPLOAD_FRESH)
		return STATUS_OK;
	if (fstatat(folder->fd, upload->name, &target.st,
	    AT_SYMLINK_NOFOLLOW) == 0)
		return check_target(upload, &target);
	if (errno != ENOENT)
		return status_errno("%s", upload->plan.path);
	return upload->plan.if_version ? no_such_version(upload) : STATUS_OK;
}

/*
 * The stage is made with the bits that are asked for, so that the umask takes
 * its own; its owner may always open it again until it is sealed.
 */
static enum status
make_stage(struct upload *upload)
{
	mode_t mode;

	mode = upload->plan.has_mode ? upload->plan.mode & MODE_BITS :
	    MODE_DEFAULT;
	return stage_make(&upload->stage, base_stage_fd(upload->place.base),
	    mode | S_IRUSR | S_IWUSR);
}

/* From now on it outlives its connection. */
static enum status
make_record(struct upload *upload, const struct folder *folder)
{
	struct record_facts facts = { .plan = upload->plan };
	struct claim_plan claim = { .kind = CLAIM_NEW, .alone = true,
	    .folder = folder, .base = upload->place.base };
	enum status st;

	facts.user = upload->plan.user;
	facts.root = upload->place.root;
	st = record_make(&upload->record, upload->place.base,
	    upload->stage.id, &facts);
	if (st != STATUS_OK)
		return st;
	if (upload->plan.taken != UPLOAD_FRESH)
		claim.name = upload->name;
	claim.record = upload->record;
	if ((st = claim_take(&upload->claim, &claim)) == STATUS_OK)
		pieces_begin(upload);
	return st;
}

enum status
upload_begin(struct upload **out, const struct place *place,
    const struct folder *folder, const struct upload_plan *plan)
{
	struct upload *upload;
	enum status st;

	*out = NULL;
	if (plan->if_absent && plan->if_version)
		return status_set(STATUS_BAD_REQUEST,
		    "a file cannot be absent and of a version");
	if (plan->taken == UPLOAD_FRESH && (plan->if_absent ||
	    plan->if_version))
		return status_set(STATUS_BAD_REQUEST,
		    "a fresh name has no conditions");
	if (plan->has_size && plan->size > UPLOAD_MOST)
		return status_set(STATUS_TOO_LARGE, "%s: too large",
		    plan->path);
	if ((upload = upload_alloc(place, plan)) == NULL ||
	    (upload->digest = digest_begin(0)) == NULL) {
		upload_free(upload);
		return status_set(STATUS_NO_MEMORY, "out of memory");
	}
	st = check_name(upload, folder);
	if (st == STATUS_OK && upload_is_long(upload))
		st = check_early(upload, folder);
	if (st == STATUS_OK)
		st = upload_reserve(upload, folder);
	if (st == STATUS_OK)
		st = make_stage(upload);
	if (st == STATUS_OK && plan->user != NULL && upload_is_long(upload))
		st = make_record(upload, folder);
	if (st != STATUS_OK) {
		upload_abandon(upload);
		upload_free(upload);
		return st;
	}
	*out = upload;
	return STATUS_OK;
}

/* Who replaces a file and asks for no mode keeps that of the file. */
static bool
keep_mode(const struct upload *upload, const struct target *target)
{
	return upload->plan.has_mode ||
	    fchmod(upload->stage.fd, target->st.st_mode & MODE_BITS) == 0;
}

/* STATUS_NOT_FOUND if there is nothing to replace. */
static enum status
replace(struct upload *upload, const struct folder *folder)
{
	const struct target_move rename = { base_stage_fd(upload->place.base),
	    upload->stage.name, folder, upload->name };
	struct own_hold stage;
	struct target target;
	enum status st;

	st = target_hold(&target, &upload->place, folder, upload->name);
	if (st != STATUS_OK)
		return st;
	if ((st = check_target(upload, &target)) == STATUS_OK &&
	    !keep_mode(upload, &target))
		st = status_errno("%s", upload->plan.path);
	if (st == STATUS_OK)
		st = upload_reserve_final(upload, &target.st);
	if (st == STATUS_OK && (st = own_hold_begin(&stage, upload->place.own,
	    upload->stage.fd)) == STATUS_OK) {
		st = target_replace(&target, &stage, &rename);
		own_hold_release(&stage);
	}
	target_release(&target);
	return st;
}

static enum status
take_free(struct upload *upload, const struct folder *folder)
{
	struct stat taken;
	enum status st;

	if ((st = upload_reserve_final(upload, NULL)) != STATUS_OK)
		return st;
	st = target_take_free(base_stage_fd(upload->place.base),
	    upload->stage.name, folder, upload->name);
	if (st == STATUS_EXISTS && wants_free(upload) && fstatat(folder->fd,
	    upload->name, &taken, AT_SYMLINK_NOFOLLOW) == 0)
		st = refuse_taken(upload, taken.st_mode);
	return st;
}

/* With the name held.  A new name is the common case, and the quick one. */
static enum status
publish(struct upload *upload, const struct folder *folder)
{
	enum status st;
	int races;

	for (races = 0; races < RACES_MOST; races++) {
		if (!upload->plan.if_version && !upload->is_replacing) {
			st = take_free(upload, folder);
			if (st != STATUS_EXISTS || wants_free(upload))
				return st;
		}
		st = replace(upload, folder);
		if (st != STATUS_NOT_FOUND)
			return st;
		upload->is_replacing = false;
		if (upload->plan.if_version)
			return no_such_version(upload);
	}
	return status_set(STATUS_LOCKED, "%s: changes all the time",
	    upload->plan.path);
}

static enum status
write_receipt(const struct upload *upload, struct upload_receipt *receipt,
    uint64_t *ino)
{
	memcpy(receipt->id, upload->stage.id, UPLOAD_ID_SIZE);
	memcpy(receipt->digest, upload->sum, DIGEST_SIZE);
	receipt->size = upload->received;
	receipt->is_async =
	    place_durability(&upload->place) == DURABILITY_ASYNC;
	return receipt_stamp(receipt, ino, upload->stage.fd,
	    upload->plan.path);
}

/* Hold the name, and publish under it. */
static enum status
publish_name(struct upload *upload, struct names *names,
    const struct folder *folder)
{
	enum status st;

	if ((st = check_name(upload, folder)) != STATUS_OK ||
	    (st = names_hold(names, folder, upload->name, NULL, NULL)) !=
	    STATUS_OK)
		return st;
	st = publish(upload, folder);
	names_release(names);
	return st;
}

static enum status
publish_fresh(struct upload *upload, struct names *names,
    const struct folder *folder)
{
	enum status st = STATUS_EXISTS;
	unsigned int number;

	for (number = 0; fresh_name_helps(st) && number < FRESH_NAMES;
	    number++) {
		fresh_name(upload->fresh,
		    strrchr(upload->plan.path, '/') + 1, upload->stage.id,
		    number);
		upload->name = upload->fresh;
		st = publish_name(upload, names, folder);
	}
	return st;
}

enum status
upload_publish(struct upload *upload, struct names *names,
    const struct folder *folder, struct upload_receipt *receipt)
{
	enum status st;
	uint64_t ino;

	assert(upload->sealed || upload->failed != STATUS_OK);
	if (upload->failed != STATUS_OK)
		return failed_before(upload);
	st = write_receipt(upload, receipt, &ino);
	/* By this a crash between the rename and the receipt can be told. */
	if (st == STATUS_OK && upload->record != NULL)
		st = record_seal(upload->record, receipt, ino);
	if (st == STATUS_OK)
		st = publish_name(upload, names, folder);
	if (fresh_name_helps(st) && upload->plan.taken == UPLOAD_FRESH)
		st = publish_fresh(upload, names, folder);
	if (st != STATUS_OK) {
		if (upload->record != NULL && !receipt_may_come(st))
			upload_abandon(upload);
		return st;
	}
	upload->stage.made = false;	/* the name is the target's now */
	upload_settle(upload);
	if ((st = write_receipt(upload, receipt, &ino)) == STATUS_OK &&
	    upload->record != NULL)
		st = record_finish(upload->record, receipt);
	return st;
}

/* Others may have taken it up: then it is not ours to remove. */
static bool
is_ours(const struct upload *upload)
{
	if (upload->claim == NULL)
		return true;
	if (claim_enter(upload->claim) != STATUS_OK)
		return false;
	claim_leave(upload->claim);
	return true;
}

void
upload_abandon(struct upload *upload)
{
	if (upload == NULL || !is_ours(upload))
		return;
	/* A record that is sealed and has no stage says: it is published. */
	if (upload->record != NULL)
		record_remove(upload->record);
	stage_drop(&upload->stage, base_stage_fd(upload->place.base));
	if (upload->failed == STATUS_OK)
		upload->failed = STATUS_CANCELLED;
}

/* Whoever takes it up again has to be able to open it. */
static void
keep_stage(struct upload *upload)
{
	struct stat st;

	if (upload->stage.made && upload->sealed &&
	    fstat(upload->stage.fd, &st) == 0)
		(void)fchmod(upload->stage.fd,
		    (st.st_mode & MODE_BITS) | S_IRUSR | S_IWUSR);
	upload->stage.made = false;
}

/* Not even one whole MiB: who comes back may as well begin anew. */
static bool
holds_nothing(struct upload *upload)
{
	uint64_t pieces;

	return upload->claim != NULL && upload->stage.made &&
	    !upload->is_segment &&
	    record_extent(upload->record, &pieces) == STATUS_OK &&
	    pieces == 0 && claim_is_alone(upload->claim);
}

void
upload_free(struct upload *upload)
{
	if (upload == NULL)
		return;
	if (upload->is_copying || holds_nothing(upload))
		upload_abandon(upload);
	if (upload->record != NULL)
		keep_stage(upload);
	stage_drop(&upload->stage, base_stage_fd(upload->place.base));
	upload_give_back(upload);
	claim_free(upload->claim);
	record_close(upload->record);
	digest_drop(upload->digest);
	own_locks_unref(upload->place.own);
	parcel_unref(upload->place.parcel);
	free(upload);
}
