/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "upload.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect.h"
#include "parcel.h"
#include "upload_list.h"
#include "upload_state.h"

#define VERIFY_STEP	8	/* pieces read and compared at a call */

static enum status
no_such_upload(void)
{
	return status_set(STATUS_NOT_FOUND, "no such upload");
}

/* Its path was cleaned for the place that it was begun in: is it this one? */
static bool
lies_in(const struct place *place, const char *path)
{
	return strnlen(path, place->mount) == place->mount &&
	    path[place->mount] == '/';
}

/* Others' uploads are not told from those that do not exist. */
static enum status
find_record(struct record **out, const struct place *place, const char *user,
    const uint8_t *id)
{
	const struct record_facts *facts;
	enum status st;

	if ((st = record_open(out, place->base, id)) != STATUS_OK)
		return st;
	facts = record_facts(*out);
	if (strcmp(facts->user, user) == 0 &&
	    strcmp(facts->root, place->root) == 0 &&
	    lies_in(place, facts->plan.path))
		return STATUS_OK;
	record_close(*out);
	*out = NULL;
	return no_such_upload();
}

/*
 * There is a record and no stage.  If it was sealed then it was renamed before
 * the receipt could be written, by a server that died.
 */
static enum status
tell_published(struct upload *upload, const struct folder *folder,
    struct upload_receipt *receipt)
{
	enum record_state state;
	enum status st;
	struct stat sb;
	uint64_t ino;

	if ((st = record_state(upload->record, &state, receipt, &ino)) !=
	    STATUS_OK)
		return st;
	receipt->is_async =
	    place_durability(&upload->place) == DURABILITY_ASYNC;
	if (state == RECORD_OPEN) {
		record_remove(upload->record);
		return no_such_upload();
	}
	/* Who published it may have died before this. */
	if (!receipt->is_async && (st = folder_flush(folder)) != STATUS_OK)
		return st;
	if (state == RECORD_DONE)
		return STATUS_OK;
	/* Of a file that is another by now no version can be told. */
	memset(receipt->version, 0, sizeof(receipt->version));
	if (fstatat(folder->fd, upload->name, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (uint64_t)sb.st_ino == ino)
		version_of(receipt->version, &sb);
	return record_finish(upload->record, receipt);
}

static enum status
open_stage(struct upload *upload)
{
	int stage_fd = base_stage_fd(upload->place.base);
	struct stage *stage = &upload->stage;
	const int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	struct stat st;

	memcpy(stage->id, record_id(upload->record), sizeof(stage->id));
	digest_hex(stage->name, stage->id);
	/* A server that died may have left it without the owner's bits. */
	if (fstatat(stage_fd, stage->name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    ((st.st_mode & 0600) != 0600 && fchmodat(stage_fd, stage->name,
	    (st.st_mode & 0777) | 0600, 0) == -1))
		return errno == ENOENT ? STATUS_NOT_FOUND :
		    status_errno("take up the upload");
	stage->fd = openat(stage_fd, stage->name, flags);
	if (stage->fd == -1)
		return errno == ENOENT ? STATUS_NOT_FOUND :
		    status_errno("take up the upload");
	stage->made = true;
	return STATUS_OK;
}

static enum status
check_segment(struct upload *upload, const struct upload_ticket *ticket)
{
	uint64_t size = upload->plan.size;

	if (!ticket->is_segment)
		return STATUS_OK;
	if (!upload->plan.has_size || ticket->first >= ticket->end ||
	    ticket->end > size || ticket->first % DIGEST_PIECE != 0 ||
	    (ticket->end % DIGEST_PIECE != 0 && ticket->end != size))
		return status_set(STATUS_BAD_REQUEST, "a segment is made of "
		    "whole MiBs of an upload of known size");
	upload->is_segment = true;
	upload->first = upload->received = ticket->first;
	upload->end = ticket->end;
	return STATUS_OK;
}

/* Whoever sent it before, over a connection that may be dead, is done. */
static enum status
have_segment(struct upload *upload)
{
	if (!upload->is_segment)
		return STATUS_OK;
	return claim_range(upload->claim, upload->first / DIGEST_PIECE,
	    (upload->end + DIGEST_PIECE - 1) / DIGEST_PIECE);
}

/* With the claim held: what is there to go on with? */
static enum status
take_up(struct upload *upload, const struct upload_ticket *ticket)
{
	enum status st;

	if ((st = open_stage(upload)) != STATUS_OK ||
	    (st = check_segment(upload, ticket)) != STATUS_OK ||
	    (st = have_segment(upload)) != STATUS_OK ||
	    (st = upload_reserve(upload, NULL)) != STATUS_OK)
		return st;
	if (!ticket->is_segment &&
	    (st = record_reopen(upload->record)) != STATUS_OK)
		return st;
	upload->is_resumed = true;
	upload->digest = digest_begin(upload->received);
	if (upload->digest == NULL)
		return status_set(STATUS_NO_MEMORY, "out of memory");
	pieces_begin(upload);
	return STATUS_OK;
}

enum status
upload_resume(struct upload **out, const struct place *place,
    const struct upload_ticket *ticket, struct upload_receipt *receipt)
{
	struct claim_plan claim = { .base = place->base };
	struct folder folder = { .fd = -1 };
	struct record *record;
	struct upload *upload;
	enum status st;

	*out = NULL;
	if ((st = find_record(&record, place, ticket->user, ticket->id)) !=
	    STATUS_OK)
		return st;
	if (record_facts(record)->is_tree) {
		record_close(record);
		return no_such_upload();
	}
	upload = upload_alloc(place, &record_facts(record)->plan);
	if (upload == NULL) {
		record_close(record);
		return status_set(STATUS_NO_MEMORY, "out of memory");
	}
	upload->record = record;
	upload->plan.user = record_facts(record)->user;
	if (upload->plan.taken == UPLOAD_REPLACE)
		upload->plan.taken = ticket->instead;
	st = walk_parent(&folder, &claim.name, place, upload->plan.path);
	if (st == STATUS_OK) {
		claim.kind = ticket->is_segment ? CLAIM_JOIN : CLAIM_RESUME;
		claim.alone = !ticket->is_segment;
		claim.record = record;
		claim.folder = &folder;
		if (upload->plan.taken == UPLOAD_FRESH)
			claim.name = NULL;
		st = claim_take(&upload->claim, &claim);
	}
	if (st == STATUS_OK && (st = take_up(upload, ticket)) == STATUS_OK) {
		*out = upload;
		upload = NULL;
	} else if (st == STATUS_NOT_FOUND && upload->claim != NULL)
		st = tell_published(upload, &folder, receipt);
	if (folder.fd != -1)
		folder_close(&folder);
	upload_free(upload);
	return st;
}

enum status
upload_share(struct upload *upload)
{
	enum status st;

	if (upload->failed != STATUS_OK)
		return upload->failed;
	if (upload->claim == NULL || upload->is_segment)
		return STATUS_OK;
	assert(!upload->is_copying);
	st = claim_share(upload->claim);
	return st == STATUS_OK ? st : upload_fail(upload, st);
}

/* What ends before the piece does is zeros behind that. */
enum status
upload_digest_piece(const struct upload *upload, uint64_t piece,
    uint64_t size, uint8_t out[DIGEST_SIZE])
{
	uint64_t at = piece * DIGEST_PIECE, end = at + DIGEST_PIECE;
	uint8_t *bytes;
	ssize_t n = 1;
	size_t got = 0, len;

	if (lseek(upload->stage.fd, (off_t)at, SEEK_DATA) >= (off_t)end &&
	    end <= size) {
		digest_of_hole(out);
		return STATUS_OK;
	}
	len = (size_t)((end < size ? end : size) - at);
	if ((bytes = calloc(1, DIGEST_PIECE)) == NULL)
		return status_set(STATUS_NO_MEMORY, "out of memory");
	while (got < len && n > 0) {
		n = pread(upload->stage.fd, bytes + got, len - got,
		    (off_t)(at + got));
		if (n > 0)
			got += (size_t)n;
	}
	if (n >= 0)
		digest_of_piece(out, bytes, len);
	free(bytes);
	return n < 0 ? status_errno("read the upload") : STATUS_OK;
}

/* What another boot noted counts if it is on the disk. */
static enum status
verify(struct upload *upload, uint64_t number, struct record_piece *piece)
{
	uint8_t digest[DIGEST_SIZE];
	struct stat sb;
	enum status st;
	uint64_t size;

	if (fstat(upload->stage.fd, &sb) == -1)
		return status_errno("read the upload");
	size = upload->plan.has_size ? upload->plan.size :
	    (uint64_t)sb.st_size;
	piece->held = RECORD_NONE;
	if (number * DIGEST_PIECE < size) {
		st = upload_digest_piece(upload, number, size, digest);
		if (st != STATUS_OK)
			return st;
		if (memcmp(digest, piece->digest, sizeof(digest)) == 0) {
			piece->held = RECORD_SURE;
			return record_note(upload->record, number, 1, digest);
		}
	}
	return record_spoil(upload->record, number);
}

/* Who takes the upload up may note that piece anew. */
static enum status
verify_claimed(struct upload *upload, uint64_t number,
    struct record_piece *piece)
{
	enum status st;

	if ((st = claim_enter(upload->claim)) != STATUS_OK)
		return st;
	st = verify(upload, number, piece);
	claim_leave(upload->claim);
	return st;
}

enum status
upload_have(struct upload *upload, uint64_t *next, struct upload_run *run,
    bool *more)
{
	struct record_piece pieces[RECORD_LOOK];
	uint64_t extent;
	unsigned int verified = 0;
	enum status st;
	size_t i, n = RECORD_LOOK;

	run->count = 0;
	*more = false;
	if ((st = record_extent(upload->record, &extent)) != STATUS_OK ||
	    *next >= extent)
		return st;
	if (extent - *next < n)
		n = (size_t)(extent - *next);
	st = record_look(upload->record, *next, n, pieces);
	for (i = 0; i < n && st == STATUS_OK; i++) {
		if (pieces[i].held == RECORD_UNSURE) {
			if (verified++ == VERIFY_STEP)
				break;
			st = verify_claimed(upload, *next + i, &pieces[i]);
		}
		if (pieces[i].held == RECORD_NONE) {
			if (run->count > 0)
				break;
			continue;
		}
		if (run->count == 0)
			run->first = *next + i;
		memcpy(run->digest[run->count++], pieces[i].digest,
		    DIGEST_SIZE);
	}
	*next += i;
	*more = *next < extent;
	return st;
}

void
upload_discard_members(const struct place *place, const char *user)
{
	struct upload_listed listed;
	struct upload_list *list;
	bool found, more = true;

	if (upload_list_begin(&list, place, user) != STATUS_OK)
		return;		/* they are collected later */
	while (more && upload_list_next(list, &listed, &found, &more) ==
	    STATUS_OK)
		if (found)
			(void)upload_discard(place, user, listed.id);
	upload_list_end(list);
}

/* Members that were not finished lie beside their folder. */
static void
discard_tree(const struct base *base, const char *user, const uint8_t *id)
{
	char root[PARCEL_ROOT_ROOM];
	struct place place = { .base = base, .root = root };

	parcel_root(root, id);
	upload_discard_members(&place, user);
}

enum status
upload_discard(const struct place *place, const char *user,
    const uint8_t id[UPLOAD_ID_SIZE])
{
	struct claim_plan plan = { .kind = CLAIM_RESUME, .base = place->base };
	char name[DIGEST_HEX_SIZE];
	struct upload_receipt receipt;
	enum record_state state;
	struct record *record;
	struct claim *claim;
	enum status st;
	uint64_t ino;

	if ((st = find_record(&record, place, user, id)) != STATUS_OK)
		return st;
	plan.record = record;
	if ((st = claim_take(&claim, &plan)) == STATUS_OK) {
		st = record_state(record, &state, &receipt, &ino);
		if (st == STATUS_OK && state == RECORD_DONE)
			st = no_such_upload();
		if (st == STATUS_OK)
			st = claim_close(claim);
		if (st == STATUS_OK) {
			/* A sealed one without its stage is published. */
			record_remove(record);
			if (record_facts(record)->is_tree)
				discard_tree(place->base, user, id);
			digest_hex(name, id);
			collect_remove(place->base, name);
		}
		claim_free(claim);
	}
	record_close(record);
	return st;
}
