/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "upload_list.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parcel.h"
#include "parcel_log.h"
#include "stage.h"
#include "upload_record.h"

#define STEP	64	/* records looked at in one call */

struct upload_list {
	const struct base *base;	/* borrowed */
	DIR		*dir;		/* owned */
	struct record	*record;	/* owned; the last one told */
	DIR		*members;	/* owned; where those of the tree
					 * `record` are looked for */
	char		 tree[PARCEL_ROOT_ROOM];	/* their root */
	uint64_t	 held;		/* bytes of them */
	const char	*root, *user;	/* in `strings` */
	char		 strings[];
};

enum status
upload_list_begin(struct upload_list **out, const struct place *place,
    const char *user)
{
	size_t root_size = strlen(place->root) + 1;
	size_t user_size = strlen(user) + 1;
	struct upload_list *list;
	int fd;

	*out = NULL;
	if ((list = calloc(1, sizeof(*list) + root_size + user_size)) == NULL)
		return status_set(STATUS_NO_MEMORY, "out of memory");
	list->base = place->base;
	memcpy(list->strings, place->root, root_size);
	memcpy(list->strings + root_size, user, user_size);
	list->root = list->strings;
	list->user = list->strings + root_size;
	fd = openat(base_uploads_fd(place->base), ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || (list->dir = fdopendir(fd)) == NULL) {
		if (fd != -1)
			close(fd);
		free(list);
		return status_errno("list the uploads");
	}
	*out = list;
	return STATUS_OK;
}

static enum status
count_held(struct record *record, uint64_t *held)
{
	struct record_piece pieces[RECORD_LOOK];
	uint64_t at, extent;
	enum status st;
	size_t i, n;

	*held = 0;
	st = record_extent(record, &extent);
	for (at = 0; st == STATUS_OK && at < extent; at += n) {
		n = extent - at < RECORD_LOOK ? (size_t)(extent - at) :
		    RECORD_LOOK;
		st = record_look(record, at, n, pieces);
		for (i = 0; i < n && st == STATUS_OK; i++)
			if (pieces[i].held != RECORD_NONE)
				*held += DIGEST_PIECE;
	}
	return st;
}

static enum status
describe(struct upload_listed *out, struct record *record)
{
	const struct record_facts *facts = record_facts(record);
	enum status st;
	struct stat sb;

	if (fstat(record_fd(record), &sb) == -1)
		return status_errno("list the uploads");
	memcpy(out->id, record_id(record), sizeof(out->id));
	out->has_size = facts->plan.has_size;
	out->is_tree = facts->is_tree;
	out->size = facts->plan.size;
	out->time.seconds = sb.st_mtim.tv_sec;
	out->time.nanoseconds = (uint32_t)sb.st_mtim.tv_nsec;
	out->path = facts->plan.path;
	st = facts->is_tree ? parcel_log_held(&out->held, record) :
	    count_held(record, &out->held);
	if (out->has_size && out->held > out->size)
		out->held = out->size;	/* the last piece is a short one */
	return st;
}

/* One that met a lock at its commit is sealed, and can be taken up again. */
static bool
is_unfinished(const struct upload_list *list, struct record *record,
    const char *name)
{
	struct upload_receipt receipt;
	enum record_state state;
	uint64_t ino;

	return record_state(record, &state, &receipt, &ino) == STATUS_OK &&
	    (state == RECORD_OPEN || (state == RECORD_SEALED &&
	    faccessat(base_stage_fd(list->base), name, F_OK, 0) == 0));
}

/*
 * Members of a tree that have come whole are in its log; long ones that have
 * not have records of their own, among all others.
 */
static enum status
begin_members(struct upload_list *list)
{
	int fd = openat(base_uploads_fd(list->base), ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1 || (list->members = fdopendir(fd)) == NULL) {
		if (fd != -1)
			close(fd);
		return status_errno("list the uploads");
	}
	parcel_root(list->tree, record_id(list->record));
	list->held = 0;
	return STATUS_OK;
}

static void
count_member(struct upload_list *list, const char *name)
{
	uint8_t id[UPLOAD_ID_SIZE];
	struct record *record = NULL;
	uint64_t held;

	if (!stage_id_of_name(id, name) ||
	    record_open(&record, list->base, id) != STATUS_OK)
		return;
	if (strcmp(record_facts(record)->root, list->tree) == 0 &&
	    is_unfinished(list, record, name) &&
	    count_held(record, &held) == STATUS_OK)
		list->held += held;
	record_close(record);
}

/* Some of the records; the tree is told of once all were looked at. */
static enum status
look_at_members(struct upload_list *list, struct upload_listed *out,
    bool *found)
{
	struct dirent *entry;
	enum status st;
	int i;

	for (i = 0; i < STEP; i++) {
		if ((entry = readdir(list->members)) != NULL) {
			count_member(list, entry->d_name);
			continue;
		}
		closedir(list->members);
		list->members = NULL;
		st = describe(out, list->record);
		out->held += list->held;
		if (out->has_size && out->held > out->size)
			out->held = out->size;
		*found = st == STATUS_OK;
		return st;
	}
	return STATUS_OK;
}

static bool
is_theirs(const struct upload_list *list, struct record *record)
{
	const struct record_facts *facts = record_facts(record);

	return strcmp(facts->user, list->user) == 0 &&
	    strcmp(facts->root, list->root) == 0;
}

enum status
upload_list_next(struct upload_list *list, struct upload_listed *out,
    bool *found, bool *more)
{
	uint8_t id[UPLOAD_ID_SIZE];
	struct dirent *entry;
	int i;

	*found = false;
	*more = true;
	if (list->members != NULL)
		return look_at_members(list, out, found);
	for (i = 0; i < STEP; i++) {
		record_close(list->record);
		list->record = NULL;
		if ((entry = readdir(list->dir)) == NULL) {
			*more = false;
			return STATUS_OK;
		}
		/* What vanishes meanwhile is left out. */
		if (!stage_id_of_name(id, entry->d_name) ||
		    record_open(&list->record, list->base, id) != STATUS_OK)
			continue;
		if (is_theirs(list, list->record) &&
		    is_unfinished(list, list->record, entry->d_name)) {
			if (record_facts(list->record)->is_tree)
				return begin_members(list);
			*found = true;
			return describe(out, list->record);
		}
	}
	return STATUS_OK;
}

void
upload_list_end(struct upload_list *list)
{
	if (list == NULL)
		return;
	record_close(list->record);
	if (list->members != NULL)
		closedir(list->members);
	closedir(list->dir);
	free(list);
}
