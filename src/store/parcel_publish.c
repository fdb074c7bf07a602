/* SPDX-License-Identifier: ISC */
/* The end of a parcel: one rename, or nothing. */
#include "config.h"

#include "parcel_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "beneath.h"
#include "fresh_name.h"
#include "receipt.h"
#include "target.h"

#define MODE_BITS	0777

enum status
parcel_close(struct parcel *parcel)
{
	enum status st;

	if ((st = parcel_enter(parcel)) != STATUS_OK)
		return st;
	/* It may have begun before the last members came. */
	parcel_survey_end(parcel);
	parcel->is_closed = true;
	parcel_leave(parcel);
	return claim_close(parcel->claim);
}

static enum status
check_manifest(const struct parcel *parcel, uint64_t count,
    const uint8_t digest[DIGEST_SIZE])
{
	uint8_t ours[DIGEST_SIZE];
	enum status st;

	if (count != parcel->log.len)
		return status_set(STATUS_DIGEST, "%s: %zu members have come, "
		    "not %llu", parcel->plan.path, parcel->log.len,
		    (unsigned long long)count);
	st = parcel_log_digest(ours, &parcel->log);
	if (st == STATUS_OK && memcmp(ours, digest, DIGEST_SIZE) != 0)
		st = status_set(STATUS_DIGEST,
		    "%s: what has come does not match its manifest",
		    parcel->plan.path);
	return st;
}

static uint64_t
size_of(const struct parcel *parcel)
{
	uint64_t size = 0;
	size_t i;

	for (i = 0; i < parcel->log.len; i++)
		size += parcel->log.at[i].size;
	return size;
}

/* The names in it are to be on disk before it is published. */
static enum status
flush_folder(const struct parcel *parcel, const char *path)
{
	struct folder folder;
	enum status st;

	st = walk_folder(&folder, &parcel->place, path);
	if (st != STATUS_OK)
		return st;
	st = folder_flush(&folder);
	folder_close(&folder);
	return st;
}

static enum status
flush_folders(const struct parcel *parcel)
{
	char path[WALK_PATH_ROOM + 1];
	enum status st = flush_folder(parcel, "/");
	size_t i;

	for (i = 0; i < parcel->log.len && st == STATUS_OK; i++) {
		if (!parcel->log.at[i].is_folder)
			continue;
		snprintf(path, sizeof(path), "/%s", parcel->log.at[i].path);
		st = flush_folder(parcel, path);
	}
	return st;
}

/* Only bits that the owner was not to have are left to be taken. */
static enum status
set_mode(const struct parcel *parcel, int folder_fd, const char *path,
    mode_t wanted)
{
	enum status st = STATUS_OK;
	struct stat sb;
	int fd;

	if ((wanted & S_IRWXU) == S_IRWXU)
		return STATUS_OK;
	fd = beneath_open(folder_fd, path,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (fd == -1 || fstat(fd, &sb) == -1 ||
	    fchmod(fd, sb.st_mode & wanted & MODE_BITS) == -1)
		st = status_errno("%s", parcel->plan.path);
	if (fd != -1)
		close(fd);
	return st;
}

/* From below, as nobody may go into a folder that is closed. */
enum status
parcel_set_modes(const struct parcel *parcel, int folder_fd)
{
	const struct parcel_member *member;
	enum status st = STATUS_OK;
	size_t i;

	for (i = parcel->log.len; i-- > 0 && st == STATUS_OK; ) {
		member = &parcel->log.at[i];
		if (member->is_folder && member->has_mode)
			st = set_mode(parcel, folder_fd, member->path,
			    member->mode);
	}
	if (st == STATUS_OK && parcel->plan.has_mode)
		st = set_mode(parcel, folder_fd, ".", parcel->plan.mode);
	return st;
}

static enum status
take_name(const struct parcel *parcel, struct names *names,
    const struct folder *folder, const char *name)
{
	enum status st;

	if (base_owns_name(parcel->place.base, folder->dev, folder->ino, name))
		return status_set(STATUS_NOT_PERMITTED,
		    "%s: the name is the server's own", parcel->plan.path);
	if ((st = names_hold(names, folder, name, NULL, NULL)) != STATUS_OK)
		return st;
	st = target_take_free(base_stage_fd(parcel->place.base),
	    parcel->stage, folder, name);
	names_release(names);
	return st;
}

static enum status
take_any_name(struct parcel *parcel, struct names *names,
    const struct folder *folder, const char *name)
{
	enum status st = take_name(parcel, names, folder, name);
	unsigned int number;

	if (parcel->plan.taken != UPLOAD_FRESH)
		return st == STATUS_EXISTS ? status_set(st,
		    "%s: exists already", parcel->plan.path) : st;
	for (number = 0; fresh_name_helps(st) && number < FRESH_NAMES;
	    number++) {
		fresh_name(parcel->fresh, name, parcel->id, number);
		st = take_name(parcel, names, folder, parcel->fresh);
	}
	return st;
}

/* With the stage open, so that it is the same folder in its place. */
static enum status
publish(struct parcel *parcel, struct names *names, int fd,
    struct upload_receipt *receipt)
{
	struct folder folder;
	const char *name;
	enum status st;
	uint64_t ino;

	if ((st = parcel_parent(&folder, &name, parcel)) != STATUS_OK)
		return st;
	st = receipt_stamp(receipt, &ino, fd, parcel->plan.path);
	/* By the inode a crash between the rename and the receipt is told. */
	if (st == STATUS_OK)
		st = record_seal(parcel->record, receipt, ino);
	if (st == STATUS_OK)
		st = take_any_name(parcel, names, &folder, name);
	if (st != STATUS_OK) {
		folder_close(&folder);
		return st;
	}
	quota_settle(&parcel->quota, (int64_t)receipt->size,
	    (int64_t)parcel->log.len + 1);
	st = parcel_set_modes(parcel, fd);
	if (st == STATUS_OK && !receipt->is_async)
		st = folder_flush(&folder);
	folder_close(&folder);
	if (st == STATUS_OK)
		st = receipt_stamp(receipt, &ino, fd, parcel->plan.path);
	return st == STATUS_OK ? record_finish(parcel->record, receipt) : st;
}

enum status
parcel_publish(struct parcel *parcel, struct names *names, uint64_t count,
    const uint8_t digest[DIGEST_SIZE], struct upload_receipt *receipt)
{
	int stage_fd = base_stage_fd(parcel->place.base), fd = -1;
	enum status st;

	memset(receipt, 0, sizeof(*receipt));
	memcpy(receipt->id, parcel->id, UPLOAD_ID_SIZE);
	memcpy(receipt->digest, digest, DIGEST_SIZE);
	receipt->size = size_of(parcel);
	receipt->is_async =
	    place_durability(&parcel->target) == DURABILITY_ASYNC;
	if ((st = check_manifest(parcel, count, digest)) == STATUS_OK)
		st = quota_raise(&parcel->quota, receipt->size, count + 1);
	if (st == STATUS_OK && !receipt->is_async)
		st = flush_folders(parcel);
	if (st == STATUS_OK && (fd = openat(stage_fd, parcel->stage,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) == -1)
		st = status_errno("%s", parcel->plan.path);
	if (st == STATUS_OK)
		st = publish(parcel, names, fd, receipt);
	/* What has its name already is not in the stage any more. */
	if (st != STATUS_OK && !receipt_may_come(st) &&
	    (fd == -1 || faccessat(stage_fd, parcel->stage, F_OK, 0) == 0))
		parcel_abandon(parcel);
	if (fd != -1)
		close(fd);
	return st;
}
