/* SPDX-License-Identifier: ISC */
/* What is there of a parcel, beside what was noted of it. */
#include "config.h"

#include "parcel_state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "collect.h"

#define STEP_ENTRIES	64		/* looked at in one call, or */
#define STEP_BYTES	(8u << 20)	/* read and compared */

const struct parcel_log *
parcel_members(const struct parcel *parcel)
{
	return &parcel->log;
}

/* What was not noted as it is there cannot be told apart from half of it. */
static enum status
remove_stray(struct parcel *parcel, bool is_folder)
{
	const char *path = tree_path(parcel->tree), *name;
	struct folder folder;
	enum status st;
	struct stat sb;

	if (is_folder)
		tree_skip(parcel->tree);
	st = walk_parent(&folder, &name, &parcel->place, path);
	if (st != STATUS_OK)
		return st == STATUS_NOT_FOUND ? STATUS_OK : st;
	collect_remove_below(folder.fd, name);
	/* Nothing is published that is not in the manifest. */
	if (fstatat(folder.fd, name, &sb, AT_SYMLINK_NOFOLLOW) == 0)
		st = status_set(STATUS_NOT_PERMITTED,
		    "%s: cannot be removed, and does not belong there", path);
	folder_close(&folder);
	return st;
}

static enum status
begin_proof(struct parcel *parcel, struct parcel_member *member)
{
	struct parcel_proof *proof = &parcel->proof;
	struct stat sb;
	enum status st;

	/* Its owner may have been asked to keep out of it. */
	st = walk_file(&proof->fd, &sb, &parcel->place,
	    tree_path(parcel->tree));
	if (st != STATUS_OK) {
		proof->fd = -1;
		return remove_stray(parcel, false);
	}
	if ((proof->digest = digest_begin(0)) == NULL) {
		close(proof->fd);
		proof->fd = -1;
		return status_set(STATUS_NO_MEMORY, "out of memory");
	}
	proof->member = member;
	return STATUS_OK;
}

/* Read some of the member; at its end its digest decides. */
static enum status
go_on_proving(struct parcel *parcel)
{
	static _Thread_local uint8_t bytes[131072];
	struct parcel_proof *proof = &parcel->proof;
	uint8_t digest[DIGEST_SIZE];
	size_t done;
	ssize_t n = 1;

	for (done = 0; done < STEP_BYTES && n > 0; done += (size_t)n) {
		n = read(proof->fd, bytes, sizeof(bytes));
		if (n == -1)
			return status_errno("%s", proof->member->path);
		digest_update(proof->digest, bytes, (size_t)n);
	}
	if (n > 0)
		return STATUS_OK;
	digest_end(proof->digest, digest);
	proof->digest = NULL;
	close(proof->fd);
	proof->fd = -1;
	if (memcmp(digest, proof->member->digest, DIGEST_SIZE) != 0)
		return remove_stray(parcel, false);
	proof->member->is_there = proof->member->is_sure = true;
	return STATUS_OK;
}

static enum status
look(struct parcel *parcel, const struct tree_entry *entry)
{
	bool is_folder = S_ISDIR(entry->st.st_mode);
	struct parcel_member *member;

	if (entry->leaving || entry->path[0] == '\0')
		return STATUS_OK;
	member = parcel_log_find(&parcel->log, entry->path);
	if (member == NULL || member->is_folder != is_folder ||
	    (!is_folder && !S_ISREG(entry->st.st_mode)) ||
	    member->ino != (uint64_t)entry->st.st_ino ||
	    (!is_folder && member->size != (uint64_t)entry->st.st_size))
		return remove_stray(parcel, is_folder);
	if (!is_folder && !member->is_sure)
		return begin_proof(parcel, member);
	member->is_there = true;
	return STATUS_OK;
}

/* What was noted and is not there was lost. */
static void
keep_those_there(struct parcel_log *log)
{
	size_t i, n = 0;

	for (i = 0; i < log->len; i++)
		if (log->at[i].is_there)
			log->at[n++] = log->at[i];
	log->len = n;
}

void
parcel_survey_end(struct parcel *parcel)
{
	tree_end(parcel->tree);
	parcel->tree = NULL;
	if (parcel->proof.fd != -1)
		close(parcel->proof.fd);
	digest_drop(parcel->proof.digest);
	parcel->proof = (struct parcel_proof){ .fd = -1 };
	parcel_log_clear(&parcel->log);
}

static enum status
begin(struct parcel *parcel)
{
	enum status st;

	parcel_log_clear(&parcel->log);
	st = parcel_log_read(&parcel->log, parcel->record);
	if (st == STATUS_OK)
		st = tree_begin(&parcel->tree, &parcel->place, "/", false);
	return st;
}

/* With the parcel entered: what is removed is nobody else's by now. */
static enum status
go_on(struct parcel *parcel, bool *more)
{
	const struct tree_entry *entry;
	enum status st = STATUS_OK;
	int i;

	if (parcel->tree == NULL && (st = begin(parcel)) != STATUS_OK)
		return st;
	for (i = 0; i < STEP_ENTRIES && st == STATUS_OK; i++) {
		if (parcel->proof.fd != -1)
			return go_on_proving(parcel);
		st = tree_next(parcel->tree, &entry);
		if (st == STATUS_OK && entry == NULL) {
			tree_end(parcel->tree);
			parcel->tree = NULL;
			keep_those_there(&parcel->log);
			*more = false;
			return STATUS_OK;
		}
		if (st == STATUS_OK)
			st = look(parcel, entry);
	}
	return st;
}

enum status
parcel_survey(struct parcel *parcel, bool *more)
{
	enum status st;

	*more = true;
	if ((st = parcel_enter(parcel)) != STATUS_OK)
		return st;
	st = go_on(parcel, more);
	parcel_leave(parcel);
	return st;
}
