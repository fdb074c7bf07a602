/* SPDX-License-Identifier: ISC */
/*
 * A long upload that begins with a copy of what its client has most of.  What
 * is noted of each MiB is the digest of the copy, so nothing depends on whether
 * the file stayed the same meanwhile.
 */
#include "config.h"

#include "upload.h"

#include <assert.h>
#include <fcntl.h>

#include "upload_state.h"

/* Bytes that are sent on their way to the disk while more is copied. */
#define WRITE_BEHIND	((uint64_t)8 << 20)

enum status
upload_basis_begin(struct upload *upload, int fd, uint64_t length)
{
	assert(upload->received == 0 && !upload->is_resumed);
	if (upload->record == NULL || !upload->plan.has_size)
		return status_set(STATUS_BAD_REQUEST, "only a long upload "
		    "whose size is known begins with what is there");
	upload->copy = (struct copy){ .from = fd, .to = upload->stage.fd,
	    .end = length < upload->plan.size ? length : upload->plan.size };
	upload->is_resumed = true;
	upload->is_copying = true;
	return STATUS_OK;
}

/* It is a hint: what fails here fails again in the flush. */
static void
push(struct upload *upload)
{
	uint64_t at = upload->copy.at;

	if (place_durability(&upload->place) != DURABILITY_COMMIT ||
	    at % WRITE_BEHIND != 0)
		return;
	(void)sync_file_range(upload->stage.fd, (off_t)(at - WRITE_BEHIND),
	    (off_t)WRITE_BEHIND, SYNC_FILE_RANGE_WRITE);
}

/* The rest of the piece that begins at `from`; then it is noted. */
static enum status
copy_piece(struct upload *upload, uint64_t from)
{
	struct copy *copy = &upload->copy;
	uint64_t stop = from + DIGEST_PIECE;
	uint8_t digest[DIGEST_SIZE];
	enum status st = STATUS_OK;

	if (stop > copy->end)
		stop = copy->end;
	while (st == STATUS_OK && copy->at < stop)
		st = copy_step(copy, (size_t)(stop - copy->at));
	copy->at = copy->data_end = stop;
	if (st == STATUS_CHANGED)
		copy->end = stop;	/* here is all that there is now */
	else if (st != STATUS_OK)
		return st;
	st = upload_digest_piece(upload, from / DIGEST_PIECE,
	    upload->plan.size, digest);
	if (st != STATUS_OK)
		return st;
	push(upload);
	return record_note(upload->record, from / DIGEST_PIECE, 1, digest);
}

/* Holes of whole pieces are told in one, however many they are. */
static enum status
copy_some(struct upload *upload)
{
	struct copy *copy = &upload->copy;
	uint64_t from = copy->at, data;
	enum status st;

	if ((st = copy_find(copy)) != STATUS_OK)
		return st;
	data = copy->at - copy->at % DIGEST_PIECE;
	if (data > from) {
		if (copy->at < copy->end)
			copy->at = copy->data_end = data;
		return record_pass(upload->record, data);
	}
	return copy->at < copy->end ? copy_piece(upload, from) : STATUS_OK;
}

enum status
upload_basis_step(struct upload *upload, bool *more)
{
	enum status st = STATUS_OK;

	*more = false;
	if (!upload->is_copying)
		return STATUS_OK;
	if (upload->copy.at < upload->copy.end) {
		if ((st = claim_enter(upload->claim)) != STATUS_OK)
			return upload_fail(upload, st);
		st = copy_some(upload);
		claim_leave(upload->claim);
	}
	if (st != STATUS_OK)
		return upload_fail(upload, st);
	*more = upload->is_copying = upload->copy.at < upload->copy.end;
	return STATUS_OK;
}
