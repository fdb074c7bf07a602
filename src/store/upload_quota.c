/* SPDX-License-Identifier: ISC */
/* What an upload has reserved of a quota, and what has come of it. */
#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>

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

enum status
upload_reserve(struct upload *upload, const struct folder *folder)
{
	uint64_t size = upload->plan.has_size ? upload->plan.size : 0;

	if (!quota_counts(&upload->place, upload->plan.path))
		return STATUS_OK;
	/* The whole is reserved by who began it, and by who commits it. */
	if (upload->is_segment)
		return STATUS_OK;
	look_at_old(upload, folder);
	return quota_reserve(&upload->quota, &upload->place,
	    upload->plan.path, growth(upload, size), !upload->is_replacing);
}

enum status
upload_reserve_to(struct upload *upload, uint64_t end)
{
	uint64_t need = growth(upload, end);
	enum status st;

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
	return quota_raise(&upload->quota, growth(upload, upload->received),
	    !upload->is_replacing);
}

void
upload_settle(struct upload *upload)
{
	quota_settle(&upload->quota,
	    (int64_t)upload->received - (int64_t)upload->old_size,
	    !upload->is_replacing);
}
