/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "in_place.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STEP		((uint64_t)4 << 20)	/* reserved at once */
#define RACES_MOST 100	/* times that the name may get another file */

static bool
is_reading(const struct in_place_want *want)
{
	return want->use == IN_PLACE_READ;
}

/* The range that the use is about, in the file as it is. */
static enum status
find_range(struct in_place *file, const struct in_place_want *want)
{
	uint64_t size = (uint64_t)file->st.st_size;

	file->start = want->offset;
	file->length = want->has_length ? want->length : 0;
	switch (want->use) {
	case IN_PLACE_READ:
		if (want->offset > size)
			return status_set(STATUS_BAD_REQUEST,
			    "the offset lies beyond the end of the file");
		if (!want->has_length || want->length > size - want->offset)
			file->length = size - want->offset;
		break;
	case IN_PLACE_WRITE:
		break;
	case IN_PLACE_APPEND:
		file->start = size;
		break;
	case IN_PLACE_TRUNCATE:
		if (size < file->start)
			file->start = size;
		break;
	}
	return STATUS_OK;
}

/* Take the locks of the verb: all of them are taken here. */
static enum status
take_locks(struct in_place *file, const struct place *place,
    const struct in_place_want *want, const char *path)
{
	struct own_want lock = {
		.kind = is_reading(want) ? RANGE_LOCK_SHARED :
		    RANGE_LOCK_EXCLUSIVE,
		.start = file->start,
		.length = file->length,
		.is_blind = place->hides_holders,
	};

	/* A length of 0 would mean all that is behind. */
	if (file->length == 0 &&
	    (is_reading(want) || (want->has_length && want->length == 0)))
		return STATUS_OK;
	return own_hold_take(&file->hold, place->own, file->fd, &lock, path);
}

/* Locks are worth something only on the file that still has the name. */
static enum status
look_again(struct in_place *file, const struct place *place,
    const char *path, bool *again)
{
	struct stat now;
	enum status st;

	if ((st = walk_stat(&now, place, path)) != STATUS_OK)
		return st;
	if (fstat(file->fd, &file->st) == -1)
		return status_errno("%s", path);
	*again = now.st_ino != file->st.st_ino ||
	    now.st_dev != file->st.st_dev;
	return STATUS_OK;
}

/* Has the end moved to before the range that is locked? */
static bool
has_shrunk(const struct in_place *file, const struct in_place_want *want)
{
	uint64_t size = (uint64_t)file->st.st_size;

	switch (want->use) {
	case IN_PLACE_READ:
		return size < file->start + file->length;
	case IN_PLACE_APPEND:
	case IN_PLACE_TRUNCATE:
		return size < file->start;
	case IN_PLACE_WRITE:
		break;
	}
	return false;
}

static enum status
try_open(struct in_place *file, const struct place *place, const char *path,
    const struct in_place_want *want, bool *again)
{
	enum status st;

	*again = false;
	st = is_reading(want) ?
	    walk_file(&file->fd, &file->st, place, path) :
	    walk_file_to_write(&file->fd, &file->st, place, path);
	if (st != STATUS_OK ||
	    (st = find_range(file, want)) != STATUS_OK ||
	    (st = take_locks(file, place, want, path)) != STATUS_OK ||
	    (st = look_again(file, place, path, again)) != STATUS_OK)
		return st;
	if (has_shrunk(file, want))
		*again = true;
	return STATUS_OK;
}

static enum status
check_version(const struct in_place *file, const struct in_place_want *want)
{
	uint8_t now[VERSION_SIZE];

	if (want->if_absent)
		return status_set(STATUS_EXISTS,
		    "there is a file of that name");
	version_of(now, &file->st);
	if (!want->if_version || memcmp(now, want->version, VERSION_SIZE) == 0)
		return STATUS_OK;
	return status_set(STATUS_PRECONDITION,
	    "the file is not the version that was expected");
}

enum status
in_place_open(struct in_place *out, const struct place *place,
    const char *path, const struct in_place_want *want)
{
	enum status st = STATUS_OK;
	bool again = true;
	int races;

	memset(out, 0, sizeof(*out));
	out->is_durable = place_durability(place) == DURABILITY_COMMIT;
	out->shares_end = want->use == IN_PLACE_WRITE;
	out->fd = -1;
	for (races = 0; again && st == STATUS_OK && races < RACES_MOST;
	    races++) {
		in_place_close(out);
		st = try_open(out, place, path, want, &again);
	}
	if (st == STATUS_OK && again)
		st = status_set(STATUS_LOCKED, "%s: changes all the time",
		    path);
	if (st == STATUS_OK)
		st = check_version(out, want);
	if (st == STATUS_OK && !is_reading(want))
		st = quota_reserve(&out->quota, place, path, 0, 0);
	if (st == STATUS_OK && want->use == IN_PLACE_APPEND)
		out->start = (uint64_t)out->st.st_size;
	if (st != STATUS_OK)
		in_place_close(out);
	return st;
}

/* As try_open, by fewer calls: a tree has many files. */
static enum status
try_open_at(struct in_place *file, const struct place *place,
    const struct in_place_spot *spot, bool *again)
{
	static const struct in_place_want want = { .use = IN_PLACE_READ };
	struct stat now;
	enum status st;

	*again = false;
	/* As for open_spot of walk.c: what it is was seen a moment ago. */
	file->fd = openat(spot->folder_fd, spot->name, O_RDONLY | O_NONBLOCK |
	    O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	if (file->fd == -1 && errno != ELOOP)
		return status_errno("%s", spot->path);
	if (file->fd != -1 && fstat(file->fd, &file->st) == -1)
		return status_errno("%s", spot->path);
	if (file->fd == -1 || !S_ISREG(file->st.st_mode))
		return status_set(STATUS_NOT_A_FILE, "%s: not a regular file",
		    spot->path);
	if ((st = find_range(file, &want)) != STATUS_OK ||
	    (st = take_locks(file, place, &want, spot->path)) != STATUS_OK)
		return st;
	/* The lock is worth something only on the file that has the name. */
	if (fstatat(spot->folder_fd, spot->name, &now,
	    AT_SYMLINK_NOFOLLOW) == -1)
		return status_errno("%s", spot->path);
	/* One that has grown would be told longer than what is sent of it. */
	*again = now.st_ino != file->st.st_ino ||
	    now.st_dev != file->st.st_dev ||
	    now.st_size != file->st.st_size;
	file->st = now;
	return STATUS_OK;
}

enum status
in_place_open_at(struct in_place *out, const struct place *place,
    const struct in_place_spot *spot)
{
	enum status st = STATUS_OK;
	bool again = true;
	int races;

	memset(out, 0, sizeof(*out));
	out->fd = -1;
	for (races = 0; again && st == STATUS_OK && races < RACES_MOST;
	    races++) {
		in_place_close(out);
		st = try_open_at(out, place, spot, &again);
	}
	if (st == STATUS_OK && again)
		st = status_set(STATUS_LOCKED, "%s: changes all the time",
		    spot->path);
	if (st != STATUS_OK)
		in_place_close(out);
	return st;
}

enum status
in_place_reserve(struct in_place *file, uint64_t end)
{
	uint64_t size = (uint64_t)file->st.st_size;
	uint64_t more = end > size ? end - size : 0;
	enum status st;

	if (file->quota.count == 0 || more <= file->quota.bytes)
		return STATUS_OK;
	st = quota_raise(&file->quota, (more + STEP - 1) / STEP * STEP, 0);
	return st == STATUS_OK ? st : quota_raise(&file->quota, more, 0);
}

/*
 * Say by how much it has grown, or shrunk.  Where only a range is locked others
 * may have grown it, who say so themselves; it is counted again then, for who
 * wrote how much behind the end may have been told wrong.
 */
static void
settle(struct in_place *file)
{
	struct stat now;
	int64_t come;

	if (file->quota.count == 0)
		return;
	if (fstat(file->fd, &now) == -1)
		now = file->st;
	come = now.st_size - file->st.st_size;
	if (file->shares_end && come != (int64_t)file->grown) {
		come = (int64_t)file->grown;
		quota_doubt(&file->quota);
	}
	quota_settle(&file->quota, come, 0);
}

/* What is written up to `end` makes the file so much longer. */
static void
note_growth(struct in_place *file, uint64_t end)
{
	struct stat now;

	if (file->quota.count == 0 || !file->shares_end)
		return;
	if (fstat(file->fd, &now) == -1)
		now = file->st;
	if (end > (uint64_t)now.st_size)
		file->grown += end - (uint64_t)now.st_size;
}

enum status
in_place_write(struct in_place *file, uint64_t offset,
    const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	enum status st;
	ssize_t n;

	if ((st = in_place_reserve(file, offset + len)) != STATUS_OK)
		return st;
	note_growth(file, offset + len);
	while (len > 0) {
		n = pwrite(file->fd, at, len, (off_t)offset);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return status_errno("write");
		at += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
		file->reached = offset;
	}
	return STATUS_OK;
}

/* A program that heeds no lock may have written behind what came. */
static bool
cut_back(const struct in_place *file)
{
	struct stat now;

	return fstat(file->fd, &now) == 0 &&
	    (uint64_t)now.st_size == file->reached &&
	    ftruncate(file->fd, (off_t)file->start) == 0;
}

enum status
in_place_take_back(struct in_place *file, enum status st)
{
	char words[80];
	int error = errno;

	if ((st != STATUS_NO_SPACE && st != STATUS_QUOTA && st != STATUS_IO) ||
	    file->reached <= file->start)
		return st;
	if (!cut_back(file)) {
		snprintf(words, sizeof(words), "; %" PRIu64 " bytes that were "
		    "appended stay", file->reached - file->start);
		st = status_add(st, words);
	}
	errno = error;
	return st;
}

enum status
in_place_flush(const struct in_place *file)
{
	if (file->is_durable && fsync(file->fd) == -1)
		return status_errno("flush");
	return STATUS_OK;
}

void
in_place_close(struct in_place *file)
{
	int error = errno;

	if (file->fd != -1) {
		settle(file);
		own_hold_release(&file->hold);
		close(file->fd);
	}
	file->fd = -1;
	memset(&file->hold, 0, sizeof(file->hold));
	errno = error;
}
