/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "parcel_log.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>

#include "manifest.h"
#include "record_file.h"

#define ROW_MOST	(sizeof(struct row) + 4096)
#define LOG_MOST	((uint64_t)PARCEL_MEMBERS * 512)

enum { IS_FOLDER = 1, HAS_MODE = 2 };

/* As it is on disk, big-endian; the path follows, with NULs up to 8 bytes. */
struct row {
	uint64_t	 check;		/* of all behind it */
	uint64_t	 length;	/* of all of it */
	uint64_t	 flags, mode, size, ino;
	uint8_t		 digest[DIGEST_SIZE];
	uint8_t		 tag[BASE_TAG_SIZE];	/* who noted it */
};

static uint64_t
check_of(const char *row, size_t length)
{
	return XXH64(row + sizeof(uint64_t), length - sizeof(uint64_t), 0);
}

static enum status
read_bytes(struct parcel_log *log, struct record *record, size_t *len)
{
	struct stat st;
	size_t got = 0;
	ssize_t n = 1;

	*len = 0;
	if (fstat(record_fd(record), &st) == -1)
		return record_cannot();
	if ((uint64_t)st.st_size > PARCEL_LOG_BEGIN)
		*len = (size_t)((uint64_t)st.st_size - PARCEL_LOG_BEGIN);
	if (*len > LOG_MOST)
		return status_set(STATUS_TOO_LARGE, "too many members");
	if ((log->bytes = malloc(*len + 1)) == NULL)
		return status_set(STATUS_NO_MEMORY, "out of memory");
	while (got < *len && n > 0) {
		n = pread(record_fd(record), log->bytes + got, *len - got,
		    (off_t)(PARCEL_LOG_BEGIN + got));
		if (n == -1 && errno != EINTR)
			return record_cannot();
		got += n > 0 ? (size_t)n : 0;
	}
	*len = got;
	return STATUS_OK;
}

/* The row at those bytes; its length, or 0 if it makes no sense. */
static size_t
take_row(struct parcel_member *out, const char *bytes, size_t left,
    const struct base *base)
{
	struct row row;
	size_t length;

	if (left <= sizeof(row))
		return 0;
	memcpy(&row, bytes, sizeof(row));
	length = (size_t)be64toh(row.length);
	if (length <= sizeof(row) || length > left || length > ROW_MOST ||
	    length % 8 != 0 || bytes[length - 1] != '\0' ||
	    be64toh(row.check) != check_of(bytes, length))
		return 0;
	out->path = bytes + sizeof(row);
	out->is_folder = (be64toh(row.flags) & IS_FOLDER) != 0;
	out->has_mode = (be64toh(row.flags) & HAS_MODE) != 0;
	out->mode = (uint32_t)be64toh(row.mode);
	out->size = be64toh(row.size);
	out->ino = be64toh(row.ino);
	out->is_sure = memcmp(row.tag, base_tag(base), BASE_TAG_SIZE) == 0;
	out->is_there = false;
	memcpy(out->digest, row.digest, DIGEST_SIZE);
	return length;
}

static bool
grow(struct parcel_log *log, size_t *room)
{
	struct parcel_member *more;

	if (log->len < *room)
		return true;
	*room = *room * 2 + 64;
	more = realloc(log->at, *room * sizeof(*more));
	if (more == NULL)
		return false;
	log->at = more;
	return true;
}

/* Rows of one path lie in the order in which they were written. */
static int
compare(const void *a, const void *b)
{
	const struct parcel_member *left = a, *right = b;
	int order = strcmp(left->path, right->path);

	if (order != 0)
		return order;
	return left->path < right->path ? -1 : left->path > right->path;
}

static void
keep_last(struct parcel_log *log)
{
	size_t i, n = 0;

	for (i = 0; i < log->len; i++)
		if (i + 1 == log->len ||
		    strcmp(log->at[i].path, log->at[i + 1].path) != 0)
			log->at[n++] = log->at[i];
	log->len = n;
}

enum status
parcel_log_read(struct parcel_log *out, struct record *record)
{
	size_t len, used = 0, room = 0, length;
	enum status st;

	memset(out, 0, sizeof(*out));
	if ((st = read_bytes(out, record, &len)) != STATUS_OK) {
		parcel_log_clear(out);
		return st;
	}
	while (grow(out, &room) && (length = take_row(&out->at[out->len],
	    out->bytes + used, len - used, record->base)) > 0) {
		used += length;
		out->len++;
	}
	if (out->len == room) {
		parcel_log_clear(out);
		return status_set(STATUS_NO_MEMORY, "out of memory");
	}
	out->end = PARCEL_LOG_BEGIN + used;
	out->rows = out->len;
	qsort(out->at, out->len, sizeof(*out->at), compare);
	keep_last(out);
	return STATUS_OK;
}

void
parcel_log_clear(struct parcel_log *log)
{
	free(log->at);
	free(log->bytes);
	memset(log, 0, sizeof(*log));
}

static int
compare_path(const void *path, const void *member)
{
	return strcmp(path, ((const struct parcel_member *)member)->path);
}

struct parcel_member *
parcel_log_find(const struct parcel_log *log, const char *path)
{
	if (log->len == 0)
		return NULL;
	return bsearch(path, log->at, log->len, sizeof(*log->at),
	    compare_path);
}

enum status
parcel_log_add(struct record *record, uint64_t *end,
    const struct parcel_member *member)
{
	union {
		struct row row;
		char	 bytes[ROW_MOST];
	} out;
	size_t length = sizeof(out.row) + (strlen(member->path) + 8) / 8 * 8;

	if (length > sizeof(out) || *end + length > LOG_MOST)
		return status_set(STATUS_TOO_LARGE, "too many members");
	memset(&out, 0, length);
	out.row.length = htobe64(length);
	out.row.flags = htobe64((member->is_folder ? IS_FOLDER : 0u) |
	    (member->has_mode ? HAS_MODE : 0u));
	out.row.mode = htobe64(member->mode);
	out.row.size = htobe64(member->size);
	out.row.ino = htobe64(member->ino);
	memcpy(out.row.digest, member->digest, DIGEST_SIZE);
	memcpy(out.row.tag, base_tag(record->base), BASE_TAG_SIZE);
	strcpy(out.bytes + sizeof(out.row), member->path);
	out.row.check = htobe64(check_of(out.bytes, length));
	if (!record_write(record->fd, &out, length, (off_t)*end))
		return record_cannot();
	*end += length;
	return STATUS_OK;
}

enum status
parcel_log_held(uint64_t *bytes, struct record *record)
{
	struct parcel_log log;
	enum status st;
	size_t i;

	*bytes = 0;
	if ((st = parcel_log_read(&log, record)) != STATUS_OK)
		return st;
	for (i = 0; i < log.len; i++)
		*bytes += log.at[i].size;
	parcel_log_clear(&log);
	return STATUS_OK;
}

enum status
parcel_log_digest(uint8_t out[DIGEST_SIZE], const struct parcel_log *log)
{
	const struct parcel_member *member;
	struct manifest *manifest;
	size_t i;

	if ((manifest = manifest_begin()) == NULL)
		return status_set(STATUS_NO_MEMORY, "out of memory");
	for (i = 0; i < log->len; i++) {
		member = &log->at[i];
		manifest_add(manifest, member->path, member->is_folder,
		    member->size, member->digest);
	}
	manifest_end(manifest, out);
	return STATUS_OK;
}
