/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "quota_kept.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "claim_table.h"
#include "clock.h"
#include "parcel.h"
#include "parcel_log.h"
#include "quota_table.h"
#include "stage.h"
#include "upload_list.h"
#include "upload_record.h"

#define FULL_ROOM	(2 * WALK_PATH_ROOM)
#define REST		10u	/* times as long as a look took */

/*
 * The path that the record's upload goes to, from the base on.  STATUS_BUSY for
 * a member whose folder is being sent, and has reserved room for it.
 */
static enum status
find_target(char out[FULL_ROOM], const struct base *base,
    const struct record_facts *facts)
{
	uint8_t id[STAGE_ID_SIZE];
	struct record *whole;
	enum status st;

	/* A member goes where its folder does. */
	if (parcel_id_of_root(id, facts->root)) {
		if ((st = record_open(&whole, base, id)) != STATUS_OK)
			return st;
		facts = record_facts(whole);
		snprintf(out, FULL_ROOM, "%s%s", facts->root,
		    facts->plan.path);
		st = claim_whole_is_held(record_fd(whole)) ? STATUS_BUSY :
		    STATUS_OK;
		record_close(whole);
		return st;
	}
	snprintf(out, FULL_ROOM, "%s%s", facts->root, facts->plan.path);
	return STATUS_OK;
}

/* Bytes of its stage; 0 if it is published, and has none any more. */
static uint64_t
kept_bytes(const struct base *base, struct record *record, const char *name)
{
	uint64_t bytes = 0;
	struct stat sb;

	if (!record_facts(record)->is_tree)
		return stage_bytes(base_stage_fd(base), record_id(record));
	if (fstatat(base_stage_fd(base), name, &sb, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;
	return parcel_log_held(&bytes, record) == STATUS_OK ? bytes : 0;
}

static void
count_record(const struct base *base, struct record *record, const char *name)
{
	struct quota_tree *trees[QUOTA_NESTED];
	char target[FULL_ROOM];
	unsigned int i, count;
	uint64_t bytes;

	/* What is being sent has reserved its room. */
	if (claim_whole_is_held(record_fd(record)) ||
	    find_target(target, base, record_facts(record)) != STATUS_OK)
		return;
	count = quota_table_find(base_quotas(base), base,
	    target + strspn(target, "/"), trees);
	if (count == 0 || (bytes = kept_bytes(base, record, name)) == 0)
		return;
	for (i = 0; i < count; i++)
		quota_tree_add_kept(trees[i], bytes);
}

static void
look(const struct base *base, DIR *dir)
{
	uint8_t id[UPLOAD_ID_SIZE];
	struct record *record;
	struct dirent *entry;

	while ((entry = readdir(dir)) != NULL) {
		/* What vanishes meanwhile takes no room. */
		if (!stage_id_of_name(id, entry->d_name) ||
		    record_open(&record, base, id) != STATUS_OK)
			continue;
		count_record(base, record, entry->d_name);
		record_close(record);
	}
}

void
quota_kept_count(const struct base *base)
{
	struct quota_table *table = base_quotas(base);
	uint64_t now, began = clock_ms();
	DIR *dir;
	int fd;

	if (!quota_table_may_look(table, began))
		return;
	fd = openat(base_uploads_fd(base), ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return;
	if ((dir = fdopendir(fd)) == NULL) {
		close(fd);
		return;
	}
	quota_table_begin_kept(table);
	look(base, dir);
	closedir(dir);
	now = clock_ms();
	quota_table_end_kept(table, now + (now - began) * REST);
}
