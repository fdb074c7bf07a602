/* SPDX-License-Identifier: ISC */
/* What comes into a parcel. */
#include "config.h"

#include "parcel_state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "claim_table.h"
#include "upload.h"

#define MODE_BITS	0777

enum status
parcel_member_path(char out[WALK_PATH_ROOM], const char *path, size_t len)
{
	enum status st;

	if ((st = path_clean(out, "/", path, len)) != STATUS_OK)
		return st;
	if (len > 0 && strlen(out) == len + 1 &&
	    memcmp(out + 1, path, len) == 0)
		return STATUS_OK;
	return status_set(STATUS_BAD_PATH,
	    "a member's path goes down from its folder: a/b");
}

/* Silence alone costs the claim only until it is needed again. */
static enum status
claim_again(struct parcel *parcel)
{
	struct folder folder;
	uint64_t generation = parcel->generation, now;
	const char *name;
	enum status st;

	claim_free(parcel->claim);
	parcel->claim = NULL;
	if ((st = parcel_parent(&folder, &name, parcel)) != STATUS_OK)
		return st;
	st = parcel_claim(parcel, CLAIM_NEW, &folder, name);
	folder_close(&folder);
	if (!claim_generation(record_fd(parcel->record), &now) ||
	    now == generation)
		return st;
	claim_free(parcel->claim);
	parcel->claim = NULL;
	parcel->generation = generation;
	return status_set(STATUS_LOCKED,
	    "the upload was taken up by another connection");
}

enum status
parcel_enter(struct parcel *parcel)
{
	enum status st = STATUS_OK;

	pthread_mutex_lock(&parcel->mutex);
	if (parcel->claim != NULL && claim_enter(parcel->claim) == STATUS_OK)
		return STATUS_OK;
	if ((st = claim_again(parcel)) == STATUS_OK)
		st = claim_enter(parcel->claim);
	if (st != STATUS_OK)
		pthread_mutex_unlock(&parcel->mutex);
	return st;
}

void
parcel_keep(struct parcel *parcel)
{
	/* Whoever is in there now keeps it as well. */
	if (pthread_mutex_trylock(&parcel->mutex) != 0)
		return;
	/* One that others have taken is not asked for time and again. */
	if (parcel->claim != NULL && (claim_enter(parcel->claim) ==
	    STATUS_OK || (claim_again(parcel) == STATUS_OK &&
	    claim_enter(parcel->claim) == STATUS_OK)))
		claim_leave(parcel->claim);
	pthread_mutex_unlock(&parcel->mutex);
}

void
parcel_leave(struct parcel *parcel)
{
	claim_leave(parcel->claim);
	pthread_mutex_unlock(&parcel->mutex);
}

enum status
parcel_note(struct parcel *parcel, const struct parcel_member *member)
{
	enum status st;

	st = parcel_log_add(parcel->record, &parcel->end, member);
	if (st == STATUS_OK)
		parcel->rows++;
	return st;
}

/* With the parcel entered, before anything is changed. */
static enum status
check_rows(const struct parcel *parcel)
{
	if (parcel->rows < PARCEL_ROWS)
		return STATUS_OK;
	return status_set(STATUS_TOO_LARGE,
	    "too many members have come again");
}

enum status
parcel_reserve(struct parcel *parcel, uint64_t bytes, uint64_t names)
{
	enum status st;

	pthread_mutex_lock(&parcel->amounts);
	if (parcel->names + names > PARCEL_MEMBERS)
		st = status_set(STATUS_TOO_LARGE, "too many members");
	else
		st = quota_raise(&parcel->quota, parcel->bytes + bytes,
		    parcel->names + names);
	if (st == STATUS_OK) {
		parcel->bytes += bytes;
		parcel->names += names;
	}
	pthread_mutex_unlock(&parcel->amounts);
	return st;
}

void
parcel_release(struct parcel *parcel, uint64_t bytes, uint64_t names)
{
	pthread_mutex_lock(&parcel->amounts);
	parcel->bytes -= bytes;
	parcel->names -= names;
	pthread_mutex_unlock(&parcel->amounts);
}

/* With the parcel entered.  What goes into it needs the owner's bits. */
static enum status
make_folder(struct parcel *parcel, const struct folder *folder,
    const char *name, struct parcel_member *member)
{
	mode_t mode = member->has_mode ? member->mode : MODE_BITS;
	enum status rows;
	struct stat st;

	if ((rows = check_rows(parcel)) != STATUS_OK)
		return rows;
	if (mkdirat(folder->fd, name, mode | S_IRWXU) == -1 &&
	    errno != EEXIST)
		return status_errno("%s", member->path);
	if (fstatat(folder->fd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return status_errno("%s", member->path);
	if (!S_ISDIR(st.st_mode))
		return status_set(STATUS_EXISTS, "%s: exists already",
		    member->path);
	member->ino = (uint64_t)st.st_ino;
	return parcel_note(parcel, member);
}

enum status
parcel_mkdir(struct parcel *parcel, const char *path, bool has_mode,
    uint32_t mode)
{
	struct parcel_member member = { .path = path + 1, .is_folder = true,
	    .has_mode = has_mode, .mode = mode & MODE_BITS };
	struct folder folder;
	const char *name;
	enum status st;

	if ((st = parcel_reserve(parcel, 0, 1)) != STATUS_OK)
		return st;
	st = walk_parent(&folder, &name, &parcel->place, path);
	if (st == STATUS_OK) {
		if ((st = parcel_enter(parcel)) == STATUS_OK) {
			st = make_folder(parcel, &folder, name, &member);
			parcel_leave(parcel);
		}
		folder_close(&folder);
	}
	if (st != STATUS_OK)
		parcel_release(parcel, 0, 1);
	return st;
}

enum status
parcel_publish_member(struct upload *upload, struct names *names,
    const struct folder *folder, struct upload_receipt *receipt)
{
	struct parcel *parcel = upload_place(upload)->parcel;
	struct parcel_member member = { .path = upload_path(upload) + 1 };
	enum status st;
	struct stat sb;

	if ((st = parcel_enter(parcel)) != STATUS_OK)
		return st;
	if ((st = check_rows(parcel)) == STATUS_OK)
		st = upload_publish(upload, names, folder, receipt);
	if (st == STATUS_OK && fstat(upload_fd(upload), &sb) == -1)
		st = status_errno("%s", member.path);
	if (st == STATUS_OK) {
		member.size = receipt->size;
		member.ino = (uint64_t)sb.st_ino;
		memcpy(member.digest, receipt->digest, DIGEST_SIZE);
		st = parcel_note(parcel, &member);
	}
	parcel_leave(parcel);
	return st;
}
