/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "inflow_state.h"

#include <stdlib.h>
#include <string.h>

#include "download.h"
#include "paths.h"
#include "report.h"

/* Zeros that are digested between two looks for signals. */
#define SKIP_STEP	(UINT64_C(1) << 36)

/*
 * --- Folders ----------------------------------------------------------------
 */

static void
leave(struct inflow *in)
{
	const struct inflow_level *level = &in->levels[--in->depth];
	enum status st = STATUS_OK;

	if (in->plan.keeps && level->is_made)
		st = nest_finish(in->nest, in->path, level->mode,
		    level->mtime);
	if (st != STATUS_OK)
		tally_fail(in->tally, in->path, st);
	in->path[in->depth > 0 ? level[-1].len : 0] = '\0';
}

void
inflow_leave_all(struct inflow *in)
{
	while (in->depth > 0)
		leave(in);
}

/* All that is in a folder comes in one row behind it. */
static enum status
go_to_parent(struct inflow *in, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash != NULL ? (size_t)(slash - path) : 0;

	while (in->depth > 0 && in->levels[in->depth - 1].len > len)
		leave(in);
	if (strlen(in->path) != len || memcmp(in->path, path, len) != 0)
		return reply_malformed("a file that is in no folder");
	return STATUS_OK;
}

static bool
is_folder_made(const struct inflow *in)
{
	return in->depth == 0 || in->levels[in->depth - 1].is_made;
}

static enum status
no_folder(const char *path)
{
	return status_set(STATUS_CANNOT_CREATE,
	    "%s: its folder could not be made", path);
}

static enum status
take_folder(struct inflow *in, const struct ft1_entry *entry,
    const char *path)
{
	struct inflow_level level = { .len = strlen(path),
	    .mode = entry->mode, .mtime = entry->mtime };
	struct inflow_level *more;
	enum status st;

	if (in->depth == in->room) {
		more = realloc(in->levels, (in->room * 2 + 16) *
		    sizeof(*more));
		if (more == NULL)
			return status_no_memory();
		in->levels = more;
		in->room = in->room * 2 + 16;
	}
	st = is_folder_made(in) ? nest_folder(in->nest, path,
	    &level.is_new) : no_folder(path);
	level.is_made = st == STATUS_OK;
	if (level.is_made)
		in->tally->folders++;
	else
		tally_fail(in->tally, path, st);
	in->levels[in->depth++] = level;
	memcpy(in->path, path, level.len + 1);
	return STATUS_OK;
}

/*
 * --- Files ------------------------------------------------------------------
 */

/* It is the file's place, or why there is none. */
static enum status
check_place(const struct inflow *in, const char *path)
{
	return is_folder_made(in) ? STATUS_OK : no_folder(path);
}

/* For programs, by its names here and there; else it only counts. */
static void
report(struct inflow *in, const char *path, uint64_t size)
{
	struct report *report = in->client->settings->report;
	char *local = NULL, *there = NULL;

	if (report_is_json(report)) {
		local = nest_path(in->nest, path);
		there = path_below(in->plan.path, path);
	}
	report_fetched(report, there != NULL ? there : path,
	    local != NULL ? local : path, size, NULL);
	free(local);
	free(there);
}

static void
tell(struct inflow *in, const char *path, const uint8_t *version,
    uint64_t size, enum status st)
{
	if (st == STATUS_OK) {
		tally_moved(in->tally, size);
		report(in, path, size);
	} else
		tally_fail(in->tally, path, st);
	inflow_note(in, path, version);
}

static enum status
wrong_digest(const char *path)
{
	return status_set(STATUS_DIGEST,
	    "%s: what came does not match its digest", path);
}

static enum status
take_whole(struct inflow *in, const struct ft1_member *member,
    const char *path)
{
	const struct ft1_entry *entry = &member->entry;
	struct nest_file file = { .path = path, .bytes = member->content,
	    .len = (size_t)entry->size, .keeps = in->plan.keeps,
	    .mode = entry->mode, .time = entry->mtime };
	uint8_t digest[DIGEST_SIZE];
	enum status st;

	file.is_free = in->depth > 0 && in->levels[in->depth - 1].is_new;
	digest_of_small(digest, member->content, file.len);
	st = check_place(in, path);
	if (st == STATUS_OK &&
	    memcmp(digest, member->digest, sizeof(digest)) != 0)
		st = wrong_digest(path);
	if (st == STATUS_OK)
		st = nest_file(in->nest, &file);
	tell(in, path, entry->version, entry->size, st);
	return STATUS_OK;
}

static enum status
begin_part(struct inflow *in, const struct ft1_entry *entry)
{
	char *local = nest_path(in->nest, in->file);
	char *path = path_below(in->plan.path, in->file);
	struct part_plan plan = { .path = local, .below = in->file,
	    .top = nest_top(in->nest) };
	enum status st = status_no_memory();

	if (local != NULL && path != NULL)
		st = download_part_key(&plan.key, in->client, path);
	if (st == STATUS_OK)
		st = part_begin(&in->part, &plan);
	if (st == STATUS_OK && in->plan.keeps)
		part_keep_facts(in->part, entry->mode, entry->mtime);
	if (st == STATUS_OK)
		st = part_resize(in->part, entry->size);
	free(local);
	free(path);
	return st;
}

/* A failure is told at once; what comes of the file then is passed over. */
static void
fail_file(struct inflow *in, enum status st)
{
	tell(in, in->file, in->version, 0, st);
	part_abort(in->part);
	in->part = NULL;
}

static enum status
begin_file(struct inflow *in, const struct ft1_entry *entry,
    const char *path)
{
	enum status st;

	if ((in->digest = digest_begin(0)) == NULL)
		return status_no_memory();
	in->has_file = true;
	in->size = entry->size;
	memcpy(in->file, path, strlen(path) + 1);
	memcpy(in->version, entry->version, sizeof(in->version));
	progress_begin(&in->progress, in->client->settings->board, in->file,
	    in->size);
	if ((st = check_place(in, path)) == STATUS_OK)
		st = begin_part(in, entry);
	if (st != STATUS_OK)
		fail_file(in, st);
	return STATUS_OK;
}

/* A hole, which may be as large as the server likes. */
static enum status
skip_to(struct inflow *in, uint64_t offset)
{
	uint64_t n;

	while ((n = offset - digest_offset(in->digest)) > 0) {
		if (remote_is_interrupted(in->client->remote))
			return status_set(STATUS_CANCELLED, "interrupted");
		digest_skip(in->digest, n < SKIP_STEP ? n : SKIP_STEP);
	}
	return STATUS_OK;
}

enum status
inflow_take_data(struct inflow *in, const struct frame *frame)
{
	const uint8_t *bytes = frame->payload + FT1_OFFSET_SIZE;
	uint64_t offset;
	enum status st;
	size_t len;

	if (!in->has_file || frame->header.length <= FT1_OFFSET_SIZE)
		return reply_malformed("data where none can be");
	offset = ft1_load_u64(frame->payload);
	len = frame->header.length - FT1_OFFSET_SIZE;
	if (offset < digest_offset(in->digest) || offset > in->size ||
	    len > in->size - offset)
		return reply_malformed("data out of order or behind the end");
	if ((st = skip_to(in, offset)) != STATUS_OK)
		return st;
	digest_update(in->digest, bytes, len);
	if (in->part != NULL &&
	    (st = part_write(in->part, bytes, len, offset)) != STATUS_OK)
		fail_file(in, st);
	progress_update(&in->progress, offset + len);
	return STATUS_OK;
}

void
inflow_drop_file(struct inflow *in)
{
	progress_end(&in->progress);
	digest_drop(in->digest);
	in->digest = NULL;
	part_abort(in->part);
	in->part = NULL;
	in->has_file = false;
}

void
inflow_keep_file(struct inflow *in)
{
	if (in->part != NULL && digest_offset(in->digest) >= DIGEST_PIECE &&
	    (in->kept = strdup(in->file)) != NULL) {
		part_keep(in->part);
		in->part = NULL;
	}
	inflow_drop_file(in);
}

static enum status
end_file(struct inflow *in, const struct ft1_member *member)
{
	uint8_t digest[DIGEST_SIZE];
	enum status st;

	if (!in->has_file)
		return reply_malformed("the end of a file that did not begin");
	if ((st = skip_to(in, in->size)) != STATUS_OK)
		return st;
	digest_end(in->digest, digest);
	in->digest = NULL;
	progress_update(&in->progress, in->size);
	progress_end(&in->progress);
	if (in->part != NULL &&
	    memcmp(digest, member->digest, sizeof(digest)) != 0)
		fail_file(in, wrong_digest(in->file));
	if (in->part != NULL) {
		st = part_commit(in->part);
		in->part = NULL;
		tell(in, in->file, in->version, in->size, st);
	}
	inflow_drop_file(in);
	return STATUS_OK;
}

/*
 * --- Rows -------------------------------------------------------------------
 */

static enum status
take_entry(struct inflow *in, const struct ft1_entry *entry,
    const char *path)
{
	enum status st;

	switch (entry->type) {
	case 'd':
		return take_folder(in, entry, path);
	case 'f':
		return begin_file(in, entry, path);
	case 'l':
		tally_skip(in->client->settings, path, "is a symbolic link");
		inflow_note(in, path, entry->version);
		return STATUS_OK;
	}
	st = status_set(STATUS_NOT_A_FILE, "%s: neither a file nor a folder",
	    path);
	tell(in, path, entry->version, 0, st);
	return STATUS_OK;
}

static enum status
take_failed(struct inflow *in, const struct ft1_member *member,
    const char *path)
{
	enum status st = status_is_on_wire(member->code) ?
	    (enum status)member->code : STATUS_IO;

	if (in->has_file && strcmp(in->file, path) != 0)
		return reply_malformed("the failure of another file");
	status_set(st, "%.*s", (int)member->text_len, member->text);
	if (!in->has_file)
		tell(in, path, NULL, 0, st);
	else if (in->part != NULL)
		fail_file(in, st);
	inflow_drop_file(in);
	return STATUS_OK;
}

static enum status
take_member(struct inflow *in, const struct ft1_member *member)
{
	char path[FT1_PATH_MAX + 1];
	enum status st;

	if (member->kind == FT1_MEMBER_END)
		return end_file(in, member);
	if (member->kind == FT1_MEMBER_TOTAL) {
		tally_expect(in->tally, member->files, member->bytes);
		return STATUS_OK;
	}
	/* The folder itself may fail, too. */
	if (!remote_path_is_below(&member->entry) &&
	    (member->kind != FT1_MEMBER_FAILED ||
	    member->entry.name_len > 0))
		return reply_malformed("a path that leads out of its folder");
	memcpy(path, member->entry.name, member->entry.name_len);
	path[member->entry.name_len] = '\0';
	if (member->kind == FT1_MEMBER_FAILED)
		return take_failed(in, member, path);
	if (in->has_file)
		return reply_malformed("a file within another");
	if (++in->count > REMOTE_TREE_MOST)
		return reply_malformed("more files than a folder can have");
	if ((st = go_to_parent(in, path)) != STATUS_OK)
		return st;
	return member->kind == FT1_MEMBER_WHOLE ?
	    take_whole(in, member, path) :
	    take_entry(in, &member->entry, path);
}

enum status
inflow_take_rows(struct inflow *in, const struct frame *frame)
{
	const uint8_t *row = frame->payload;
	size_t left = frame->header.length;
	struct ft1_member member;
	enum status st = STATUS_OK;
	enum ft1_next next;

	while ((next = ft1_member_next(&member, &row, &left)) == FT1_FIELD) {
		if ((st = take_member(in, &member)) != STATUS_OK)
			return st;
	}
	return next == FT1_END ? STATUS_OK :
	    reply_malformed("a malformed row");
}
