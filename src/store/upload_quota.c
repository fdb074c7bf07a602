/* SPDX-License-Identifier: ISC */
/* What an upload has reserved of a quota, and what has come of it. */
#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "parcel.h"
#include "upload_state.h"

#define STEP	((uint64_t)4 << 20)	/* of sizes that are not known */

/* More than what is to be replaced. */
static uint64_t
growth(const struct upload *upload, uint64_t size)
{
	return size > upload->old_size ? size - upload->old_size : 0;
}

static void
look_at_old(struct upload *upload, const struct folder *folder)
{
	struct stat st;

	if (folder == NULL || upload->plan.taken != UPLOAD_REPLACE ||
	    fstatat(folder->fd, upload->name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISREG(st.st_mode))
		return;
	upload->is_replacing = true;
	upload->old_size = (uint64_t)st.st_size;
}

/* A member counts for its parcel; `quota` says how much it has taken. */
static enum status
reserve_member(struct upload *upload, uint64_t bytes, uint64_t names)
{
	enum status st;

	st = parcel_reserve(upload->place.parcel, bytes, names);
	if (st == STATUS_OK) {
		upload->quota.bytes += bytes;
		upload->quota.files += names;
	}
	return st;
}

static enum status
raise_member(struct upload *upload, uint64_t bytes)
{
	if (bytes <= upload->quota.bytes)
		return STATUS_OK;
	return reserve_member(upload, bytes - upload->quota.bytes, 0);
}

static void
settle_member(struct upload *upload)
{
	uint64_t more = upload->quota.bytes > upload->received ?
	    upload->quota.bytes - upload->received : 0;

	/* One that it has replaced was counted, too. */
	parcel_release(upload->place.parcel, more + upload->old_size,
	    upload->is_replacing);
	upload->quota.bytes = upload->quota.files = 0;
}

void
upload_give_back(struct upload *upload)
{
	if (upload->place.parcel == NULL)
		quota_release(&upload->quota);
	else
		parcel_release(upload->place.parcel, upload->quota.bytes,
		    upload->quota.files);
}

/* What its stage has taken before it was taken up again. */
static uint64_t
stage_room(const struct upload *upload)
{
	struct stat st;

	return upload->stage.fd == -1 || fstat(upload->stage.fd, &st) == -1 ?
	    0 : (uint64_t)st.st_blocks * 512;
}

enum status
upload_reserve(struct upload *upload, const struct folder *folder)
{
	uint64_t size = upload->plan.has_size ? upload->plan.size : 0;

	if (upload->place.parcel != NULL)
		return reserve_member(upload, upload->is_segment ?
		    upload->end - upload->first : size, !upload->is_segment);
	if (!quota_counts(&upload->place, upload->plan.path))
		return STATUS_OK;
	/* The whole is reserved by who began it, and by who commits it. */
	if (upload->is_segment)
		return STATUS_OK;
	look_at_old(upload, folder);
	upload->quota.stage = stage_room(upload);
	return quota_reserve_again(&upload->quota, &upload->place,
	    upload->plan.path, growth(upload, size), !upload->is_replacing);
}

enum status
upload_reserve_to(struct upload *upload, uint64_t end)
{
	uint64_t need = growth(upload, end);
	enum status st;

	if (upload->place.parcel != NULL)
		return raise_member(upload, end);
	if (upload->quota.count == 0 || upload->plan.has_size ||
	    need <= upload->quota.bytes)
		return STATUS_OK;
	st = quota_raise(&upload->quota, (need + STEP - 1) / STEP * STEP, 0);
	return st == STATUS_OK ? st : quota_raise(&upload->quota, need, 0);
}

enum status
upload_reserve_final(struct upload *upload, const struct stat *old)
{
	upload->is_replacing = old != NULL;
	upload->old_size = old != NULL ? (uint64_t)old->st_size : 0;
	if (upload->place.parcel != NULL)
		return raise_member(upload, upload->received);
	return quota_raise(&upload->quota, growth(upload, upload->received),
	    !upload->is_replacing);
}

void
upload_settle(struct upload *upload)
{
	if (upload->place.parcel != NULL) {
		settle_member(upload);
		return;
	}
	quota_settle(&upload->quota,
	    (int64_t)upload->received - (int64_t)upload->old_size,
	    !upload->is_replacing);
}
