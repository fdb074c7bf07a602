/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "upload.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "parcel.h"
#include "upload_state.h"

#define MODE_BITS	0777

/* Bytes that are sent on their way to the disk before the final flush. */
#define WRITE_BEHIND	((uint64_t)8 << 20)

/*
 * What is lost for good: after EIO the disk may claim to have what it has not,
 * and a full disk needs the room.  A wrong digest says nothing of where.
 */
static bool
is_hopeless(const struct upload *upload, enum status st)
{
	if (st == STATUS_IO || st == STATUS_NO_SPACE)
		return true;
	return !upload->is_segment && (st == STATUS_DIGEST ||
	    st == STATUS_SIZE || st == STATUS_TOO_LARGE ||
	    st == STATUS_BAD_REQUEST);
}

enum status
upload_fail(struct upload *upload, enum status st)
{
	upload->failed = st;
	if (upload->record == NULL)
		stage_drop(&upload->stage, base_stage_fd(upload->place.base));
	else if (is_hopeless(upload, st))
		upload_abandon(upload);
	return st;
}

static enum status
failed_before(const struct upload *upload)
{
	return status_set(upload->failed, "the upload has failed before");
}

/* Whoever has not been told what is held cannot know what to send. */
static enum status
too_early(struct upload *upload)
{
	return upload_fail(upload, status_set(STATUS_BAD_REQUEST,
	    "%s: content before the upload has begun", upload->plan.path));
}

bool
upload_write_all(int fd, const void *bytes, size_t len, uint64_t offset)
{
	const uint8_t *at = bytes;
	ssize_t n;

	while (len > 0) {
		n = pwrite(fd, at, len, (off_t)offset);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return true;
}

/*
 * Let the disk work while more comes in, so that the final flush is short.
 * It is no more than a hint: what fails here fails again in the flush.
 */
static void
push(struct upload *upload)
{
	if (place_durability(&upload->place) != DURABILITY_COMMIT ||
	    upload->received - upload->pushed < WRITE_BEHIND)
		return;
	(void)sync_file_range(upload->stage.fd, (off_t)upload->pushed,
	    (off_t)(upload->received - upload->pushed), SYNC_FILE_RANGE_WRITE);
	upload->pushed = upload->received;
}

static enum status
check_room(const struct upload *upload, uint64_t offset, size_t len)
{
	if (offset < upload->received)
		return status_set(STATUS_BAD_REQUEST,
		    "bytes must come in the order of their offsets");
	if (offset > UPLOAD_MOST || len > UPLOAD_MOST - offset)
		return status_set(STATUS_TOO_LARGE, "%s: too large",
		    upload->plan.path);
	if (upload->is_segment && offset + len > upload->end)
		return status_set(STATUS_SIZE,
		    "%s: more has come than the segment holds",
		    upload->plan.path);
	if (upload->plan.has_size && offset + len > upload->plan.size)
		return status_set(STATUS_SIZE,
		    "%s: more has come than was announced", upload->plan.path);
	return STATUS_OK;
}

static enum status
write_claimed(struct upload *upload, uint64_t offset, const void *bytes,
    size_t len)
{
	enum status st;

	if (upload->place.parcel != NULL)
		parcel_keep(upload->place.parcel);
	if ((st = claim_range(upload->claim, offset / DIGEST_PIECE,
	    (offset + len - 1) / DIGEST_PIECE + 1)) != STATUS_OK ||
	    (st = claim_enter(upload->claim)) != STATUS_OK)
		return upload_fail(upload, st);
	st = pieces_write(upload, offset, bytes, len);
	claim_leave(upload->claim);
	if (st != STATUS_OK)
		return upload_fail(upload, st);
	upload->received = offset + len;
	push(upload);
	return STATUS_OK;
}

enum status
upload_write(struct upload *upload, uint64_t offset, const void *bytes,
    size_t len)
{
	enum status st;

	assert(!upload->sealed);
	if (upload->failed != STATUS_OK)
		return failed_before(upload);
	if (upload->is_copying)
		return too_early(upload);
	if ((st = check_room(upload, offset, len)) != STATUS_OK)
		return upload_fail(upload, st);
	if (len == 0)
		return STATUS_OK;
	if ((st = upload_reserve_to(upload, offset + len)) != STATUS_OK)
		return upload_fail(upload, st);
	if (upload->record != NULL)
		return write_claimed(upload, offset, bytes, len);
	if (!upload_write_all(upload->stage.fd, bytes, len, offset))
		return upload_fail(upload,
		    status_errno("%s", upload->plan.path));
	if (offset > upload->received)
		digest_skip(upload->digest, offset - upload->received);
	digest_update(upload->digest, bytes, len);
	upload->received = offset + len;
	push(upload);
	return STATUS_OK;
}

/* What lies behind the last byte is a hole. */
static enum status
end_content(struct upload *upload, uint64_t size)
{
	if (size > upload->received) {
		if (ftruncate(upload->stage.fd, (off_t)size) == -1)
			return status_errno("%s", upload->plan.path);
		digest_skip(upload->digest, size - upload->received);
		upload->received = size;
	}
	digest_end(upload->digest, upload->sum);
	upload->digest = NULL;
	return STATUS_OK;
}

/* The same, once nobody else can write to it any more. */
static enum status
end_recorded(struct upload *upload, uint64_t size)
{
	enum status st;

	if ((st = claim_close(upload->claim)) != STATUS_OK)
		return st;
	if (ftruncate(upload->stage.fd, (off_t)size) == -1)
		return status_errno("%s", upload->plan.path);
	if ((st = pieces_end(upload, size)) != STATUS_OK ||
	    (st = pieces_sum(upload, 0, size, upload->sum)) != STATUS_OK)
		return st;
	upload->received = size;
	return STATUS_OK;
}

/* Size and digest must be what the client says, and what it announced. */
static enum status
check_content(struct upload *upload, uint64_t size,
    const uint8_t digest[DIGEST_SIZE])
{
	enum status st;

	if (size < upload->received ||
	    (upload->plan.has_size && size != upload->plan.size))
		return status_set(STATUS_SIZE,
		    "%s: the size is not what was announced",
		    upload->plan.path);
	if (size > UPLOAD_MOST)
		return status_set(STATUS_TOO_LARGE, "%s: too large",
		    upload->plan.path);
	st = upload->record != NULL ? end_recorded(upload, size) :
	    end_content(upload, size);
	if (st != STATUS_OK)
		return st;
	if (memcmp(upload->sum, digest, DIGEST_SIZE) != 0)
		return status_set(STATUS_DIGEST,
		    "%s: the content does not match its digest",
		    upload->plan.path);
	return STATUS_OK;
}

/* Take back what make_stage gave the owner, if it was not asked for. */
static bool
set_mode(const struct upload *upload)
{
	struct stat st;
	mode_t mode = upload->plan.mode & MODE_BITS;

	if (!upload->plan.has_mode || (mode & 0600) == 0600)
		return true;
	return fstat(upload->stage.fd, &st) == 0 &&
	    fchmod(upload->stage.fd, st.st_mode & mode) == 0;
}

static bool
set_mtime(const struct upload *upload)
{
	const struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		{ .tv_sec = (time_t)upload->plan.mtime.seconds,
		  .tv_nsec = (long)upload->plan.mtime.nanoseconds },
	};

	return !upload->plan.has_mtime ||
	    futimens(upload->stage.fd, times) == 0;
}

enum status
upload_seal(struct upload *upload, uint64_t size,
    const uint8_t digest[DIGEST_SIZE])
{
	enum status st;

	assert(!upload->sealed);
	if (upload->failed != STATUS_OK)
		return failed_before(upload);
	if (upload->is_copying)
		return too_early(upload);
	if ((st = check_content(upload, size, digest)) != STATUS_OK)
		return upload_fail(upload, st);
	if (!set_mode(upload) || !set_mtime(upload))
		return upload_fail(upload,
		    status_errno("%s", upload->plan.path));
	upload->sealed = true;
	return STATUS_OK;
}

int
upload_fd(const struct upload *upload)
{
	return upload->stage.fd;
}

enum status
upload_seal_copy(struct upload *upload, uint64_t size)
{
	assert(!upload->sealed && upload->received == 0);
	if (ftruncate(upload->stage.fd, (off_t)size) == -1 ||
	    !set_mode(upload) || !set_mtime(upload))
		return upload_fail(upload,
		    status_errno("%s", upload->plan.path));
	digest_drop(upload->digest);
	upload->digest = NULL;
	upload->received = size;
	upload->sealed = true;
	return STATUS_OK;
}

enum status
upload_flush(struct upload *upload)
{
	if (upload->failed != STATUS_OK)
		return failed_before(upload);
	if (fsync(upload->stage.fd) == -1)
		return upload_fail(upload,
		    status_errno("%s", upload->plan.path));
	return STATUS_OK;
}

enum status
upload_end_segment(struct upload *upload, uint64_t length,
    const uint8_t digest[DIGEST_SIZE])
{
	uint8_t sum[DIGEST_SIZE];
	enum status st;

	if (upload->failed != STATUS_OK)
		return failed_before(upload);
	if (length != upload->end - upload->first)
		return upload_fail(upload, status_set(STATUS_SIZE,
		    "the segment is not as long as was announced"));
	if ((st = claim_enter(upload->claim)) != STATUS_OK)
		return upload_fail(upload, st);
	st = pieces_end(upload, upload->end);
	if (st == STATUS_OK)
		st = pieces_sum(upload, upload->first, upload->end, sum);
	claim_leave(upload->claim);
	if (st == STATUS_OK && memcmp(sum, digest, DIGEST_SIZE) != 0)
		st = status_set(STATUS_DIGEST,
		    "the segment does not match its digest");
	return st == STATUS_OK ? st : upload_fail(upload, st);
}

const char *
upload_path(const struct upload *upload)
{
	return upload->plan.path;
}

const char *
upload_fresh_name(const struct upload *upload)
{
	return upload->name == upload->fresh ? upload->fresh : NULL;
}

const struct place *
upload_place(const struct upload *upload)
{
	return &upload->place;
}

uint64_t
upload_received(const struct upload *upload)
{
	return upload->received - upload->first;
}

const uint8_t *
upload_id(const struct upload *upload)
{
	return upload->stage.id;
}

bool
upload_size(const struct upload *upload, uint64_t *size)
{
	*size = upload->plan.size;
	return upload->plan.has_size;
}
