/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "sender_state.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "ledger.h"
#include "progress.h"

#define LOOK_BYTES	131072u	/* sent between looks for answers */

enum status
sender_new(struct sender **out, struct remote *remote,
    const struct revive *revive)
{
	struct sender *s;

	*out = NULL;
	if ((s = calloc(1, sizeof(*s))) == NULL || (s->frame =
	    malloc(REMOTE_DATA_HEAD + FT1_DATA_BYTES)) == NULL) {
		free(s);
		return status_no_memory();
	}
	s->remote = remote;
	s->revive = revive;
	*out = s;
	return STATUS_OK;
}

void
sender_free(struct sender *sender)
{
	if (sender == NULL)
		return;
	free(sender->frame);
	free(sender->piece);
	free(sender);
}

static enum status
open_file(struct sender *s)
{
	const char *name = s->sending->local;
	struct stat sb;

	/* O_NONBLOCK: a FIFO is refused below, not waited for. */
	s->fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (s->fd == -1 || fstat(s->fd, &sb) == -1)
		return status_errno("%s", name);
	if (S_ISDIR(sb.st_mode))
		return status_set(STATUS_IS_A_FOLDER, "%s: is a folder", name);
	if (!S_ISREG(sb.st_mode))
		return status_set(STATUS_NOT_A_FILE, "%s: not a regular file; "
		    "to send what comes out of it use: put - NAME", name);
	s->size = (uint64_t)sb.st_size;
	s->mode = sb.st_mode & 0777;
	s->mtime.seconds = sb.st_mtim.tv_sec;
	s->mtime.nanoseconds = (uint32_t)sb.st_mtim.tv_nsec;
	/* What is changed in place has no holes: zeros must be written. */
	s->is_sparse = s->sending->type == FT1_PUT &&
	    sb.st_blocks < sb.st_size / 512;
	return STATUS_OK;
}

/* Where a byte of ours goes. */
static uint64_t
place_of(const struct sender *s, uint64_t at)
{
	return s->sending->offset + at;
}

/*
 * Send `len` bytes that stand behind the frame's head.  The server's refusal
 * is noticed on the way.
 */
static enum status
send_piece(struct sender *s, size_t len)
{
	enum status st;

	digest_skip(s->digest, place_of(s, s->at) -
	    digest_offset(s->digest));
	digest_update(s->digest, s->frame + REMOTE_DATA_HEAD, len);
	st = remote_send_data(s->remote, s->sending->call, s->frame,
	    place_of(s, s->at), len);
	s->at += len;
	s->sending->moved += len;
	s->unlooked += len;
	progress_update(&s->progress, s->at);
	if (st != STATUS_OK || s->unlooked < LOOK_BYTES)
		return st;
	s->unlooked = 0;
	return remote_look(s->remote);
}

/* The stretch of data at or behind `at`; `*end` is where it ends. */
static enum status
find_data(struct sender *s, uint64_t *end)
{
	off_t begin, hole;

	*end = s->size;
	if (!s->is_sparse)
		return STATUS_OK;
	if ((begin = lseek(s->fd, (off_t)s->at, SEEK_DATA)) == -1) {
		if (errno == ENXIO)
			s->at = s->size;	/* all the rest is a hole */
		else
			s->is_sparse = false;	/* it cannot tell */
		return STATUS_OK;
	}
	if ((hole = lseek(s->fd, begin, SEEK_HOLE)) == -1)
		return status_errno("%s", s->sending->local);
	s->at = (uint64_t)begin < s->size ? (uint64_t)begin : s->size;
	if ((uint64_t)hole < s->size)
		*end = (uint64_t)hole;
	return STATUS_OK;
}

static enum status
send_stretch(struct sender *s, uint64_t end)
{
	size_t most = remote_limits(s->remote)->max_data;
	enum status st = STATUS_OK;
	ssize_t n;

	while (s->at < end && st == STATUS_OK && sender_goes_on(s)) {
		assert(most > 0);
		if (most > end - s->at)
			most = (size_t)(end - s->at);
		do
			n = pread(s->fd, s->frame + REMOTE_DATA_HEAD, most,
			    (off_t)s->at);
		while (n == -1 && errno == EINTR);
		if (n == -1)
			return status_errno("%s", s->sending->local);
		if (n == 0)
			return sender_changed(s);
		st = send_piece(s, (size_t)n);
	}
	return st;
}

static enum status
send_regular(struct sender *s)
{
	enum status st = STATUS_OK;
	struct stat sb;
	uint64_t end;

	while (s->at < s->size && st == STATUS_OK && sender_goes_on(s))
		if ((st = find_data(s, &end)) == STATUS_OK)
			st = send_stretch(s, end);
	if (st != STATUS_OK)
		return st;
	if (fstat(s->fd, &sb) == -1)
		return status_errno("%s", s->sending->local);
	return (uint64_t)sb.st_size == s->size ? STATUS_OK : sender_changed(s);
}

static enum status
send_stream(struct sender *s)
{
	size_t most = remote_limits(s->remote)->max_data;
	enum status st = STATUS_OK;
	ssize_t n = 1;

	while (n != 0 && st == STATUS_OK && sender_goes_on(s)) {
		st = remote_wait_fd(s->remote, s->sending->call, s->fd);
		if (st != STATUS_OK || !remote_is_readable(s->fd) ||
		    !sender_goes_on(s))
			continue;
		/* Nothing read is the end, so something is asked for. */
		assert(most > 0);
		n = read(s->fd, s->frame + REMOTE_DATA_HEAD, most);
		if (n > 0)
			st = send_piece(s, (size_t)n);
		else if (n == -1 && errno != EINTR && errno != EAGAIN)
			return status_errno("standard input");
	}
	s->size = s->at;
	return st;
}

static bool
knows_basis(const struct sender *s)
{
	return (remote_limits(s->remote)->features & FT1_FEATURE_BASIS) != 0;
}

static enum status
begin_put(struct sender *s)
{
	struct ft1_frame *frame;
	enum status st;

	if (s->sends_rest && (st = sender_make_room(s)) != STATUS_OK)
		return st;
	frame = remote_request(s->remote, s->sending->type,
	    s->sending->flags, s->sending->call);
	ft1_put_string(frame, FT1_TAG_PATH, s->sending->path);
	if (s->sending->type == FT1_WRITE)
		ft1_put_u64(frame, FT1_TAG_OFFSET, s->sending->offset);
	if (s->fd != STDIN_FILENO)
		ft1_put_u64(frame, s->sending->type == FT1_WRITE ?
		    FT1_TAG_LENGTH : FT1_TAG_SIZE, s->size);
	if (s->sending->keeps && s->fd != STDIN_FILENO) {
		ft1_put_u32(frame, FT1_TAG_MODE, s->mode);
		ft1_put_time(frame, FT1_TAG_MTIME, s->mtime);
	}
	conditions_put(&s->sending->conditions, frame);
	if (s->sending->wait > 0)
		ft1_put_u32(frame, FT1_TAG_WAIT_LOCK, s->sending->wait);
	if (s->sending->has_tree)
		ft1_put_bytes(frame, FT1_TAG_TREE, s->sending->tree,
		    FT1_ID_SIZE);
	if (s->sends_rest)
		ft1_put_string(frame, FT1_TAG_BASIS, "");
	return remote_send(s->remote);
}

/* The server may not have said it yet. */
static uint64_t
small_upload(const struct sender *s)
{
	const struct limits *limits = remote_limits(s->remote);

	return limits->known ? limits->small_upload : FT1_SMALL_UPLOAD;
}

static bool
is_long(const struct sender *s)
{
	return s->sending->type == FT1_PUT && s->fd != STDIN_FILENO &&
	    s->size > small_upload(s);
}

/* A member of a folder that is sent as one has a name of its own in it. */
void
sender_key(struct ledger_key *key, char folder[DIGEST_HEX_SIZE],
    const struct revive *revive, const struct sending *sending)
{
	key->target = revive->target;
	key->folder = *revive->folder;
	key->path = sending->path;
	key->local = sending->local;
	if (!sending->has_tree)
		return;
	digest_hex(folder, sending->tree);
	key->folder = folder;
}

/* The server's word, and the id on our disk, before any byte is sent. */
static enum status
await_begun(struct sender *s)
{
	struct sending *sending = s->sending;
	char folder[DIGEST_HEX_SIZE];
	struct ledger_key key;
	enum status st = STATUS_OK;

	while (!sending->begun && st == STATUS_OK && sender_goes_on(s))
		st = remote_wait_fd(s->remote, sending->call, -1);
	if (sending->begun) {
		sending->has_id = true;
		sender_key(&key, folder, s->revive, sending);
		ledger_note(&key, sending->id);
	}
	return st;
}

static enum status
commit_put(struct sender *s)
{
	struct sending *sending = s->sending;
	struct ft1_frame *frame;

	digest_skip(s->digest, place_of(s, s->size) -
	    digest_offset(s->digest));
	digest_end(s->digest, sending->digest);
	s->digest = NULL;
	sending->size = s->size;
	sending->committed = true;
	frame = remote_more(s->remote, FT1_COMMIT, 0, sending->call);
	ft1_put_u64(frame, FT1_TAG_SIZE, s->size);
	ft1_put_bytes(frame, FT1_TAG_DIGEST, sending->digest, FT1_ID_SIZE);
	return remote_send(s->remote);
}

/* Due even if the server has refused the file already. */
static enum status
abort_put(struct sender *s)
{
	struct call *call = s->sending->call;

	/* What was interrupted is kept; only ABORT gives it up for good. */
	if (call->failed && !call->done && s->sending->has_id &&
	    (call->outcome == STATUS_CANCELLED ||
	    revive_is_loss(call->outcome))) {
		remote_more(s->remote, FT1_CANCEL, 0, call);
		if (remote_send(s->remote) != STATUS_OK)
			return remote_lost(s->remote);
	}
	call->cancelled = true;
	remote_more(s->remote, FT1_ABORT, call->done ? 0 : FT1_NOW, call);
	return remote_send(s->remote);
}

static enum status
send_content(struct sender *s)
{
	if (s->fd == STDIN_FILENO)
		return send_stream(s);
	if (is_long(s) && sender_has_segments(s))
		return sender_send_segments(s);
	return s->sends_rest ? sender_send_missing(s) : send_regular(s);
}

static enum status
send_open_file(struct sender *s)
{
	struct call *call = s->sending->call;
	enum status st;

	st = s->sending->resumes ? sender_begin_resume(s) : begin_put(s);
	if (st != STATUS_OK)
		return st;
	if (is_long(s) && (st = await_begun(s)) != STATUS_OK)
		return st;
	if (s->sending->resumes && call->done &&
	    call->outcome == STATUS_OK) {
		st = sender_compare_published(s);
		return st == STATUS_OK ? abort_put(s) : st;
	}
	progress_begin(&s->progress, s->revive->settings->board,
	    s->sending->local,
	    s->fd == STDIN_FILENO ? PROGRESS_UNKNOWN : s->size);
	st = send_content(s);
	progress_end(&s->progress);
	if (remote_lost(s->remote) != STATUS_OK)
		return remote_lost(s->remote);
	if (st != STATUS_OK)
		call_fail(call, st);
	return call->failed || call->done ? abort_put(s) : commit_put(s);
}

/* An upload that was begun in this run, or in an earlier one if asked for. */
static void
find_id(struct sender *s)
{
	struct sending *sending = s->sending;
	char folder[DIGEST_HEX_SIZE];
	struct ledger_key key;

	sending->begun = false;
	sender_key(&key, folder, s->revive, sending);
	if (sending->goes_on && is_long(s) && !sending->has_id)
		sending->has_id = ledger_find(sending->id, &key);
	sending->goes_on = false;
	sending->resumes = sending->has_id && is_long(s);
	s->sends_rest = sending->resumes || (sending->has_basis &&
	    !sending->has_tree && is_long(s) && knows_basis(s));
}

enum status
sender_send(struct sender *sender, struct sending *sending)
{
	struct sender *s = sender;
	enum status st = STATUS_OK;

	s->sending = sending;
	sending->committed = false;
	s->at = s->size = 0;
	s->is_sparse = false;
	s->fd = STDIN_FILENO;
	if (strcmp(sending->local, "-") != 0)
		st = open_file(s);
	if (st == STATUS_OK && (s->digest =
	    digest_begin(sending->offset)) == NULL)
		st = status_no_memory();
	if (st == STATUS_OK) {
		find_id(s);
		st = send_open_file(s);
	}
	free(sending->held);
	free(sending->is_held);
	sending->held = NULL;
	sending->is_held = NULL;
	sending->pieces = 0;
	digest_drop(s->digest);
	s->digest = NULL;
	if (s->fd > STDERR_FILENO)
		close(s->fd);
	return st;
}
