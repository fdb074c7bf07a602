/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "quota_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <xxhash.h>

#define MAGIC		0x465451554f544133ull
#define ROOT_AT		2048	/* of the file: the root, ended by a NUL */
#define SLOTS_AT	8192	/* of its locks: one byte for each slot */
#define TRIES		2000	/* of a millisecond each */

_Static_assert(sizeof(struct quota_data) <= ROOT_AT, "the root lies behind");

void
quota_file_name(char out[QUOTA_NAME_ROOM], const char *root)
{
	XXH128_canonical_t canonical;
	size_t i;

	XXH128_canonicalFromHash(&canonical,
	    XXH3_128bits(root, strlen(root)));
	for (i = 0; i < sizeof(canonical.digest); i++)
		snprintf(out + 2 * i, 3, "%02x", canonical.digest[i]);
}

static bool
set_lock(int fd, int command, short type, off_t at)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET,
	    .l_start = at, .l_len = 1 };

	return fcntl(fd, command, &lock) == 0;
}

static bool
is_held(int fd, off_t at)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_start = at, .l_len = 1 };

	return fcntl(fd, F_OFD_GETLK, &lock) == -1 || lock.l_type != F_UNLCK;
}

/* Nobody keeps it for longer than two short calls take. */
static enum status
take_lock(int fd)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	int tries;

	for (tries = 0; tries < TRIES; tries++) {
		if (set_lock(fd, F_OFD_SETLK, F_WRLCK, 0))
			return STATUS_OK;
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return status_errno("quota");
		(void)nanosleep(&moment, NULL);
	}
	return status_set(STATUS_BUSY, "the quota is being counted");
}

static void
drop_lock(int fd)
{
	(void)set_lock(fd, F_OFD_SETLK, F_UNLCK, 0);
}

/* Count as used what a server that died has promised. */
static void
adopt(const struct quota_file *file, struct quota_data *data)
{
	struct quota_amount *slot;
	unsigned int i;

	for (i = 0; i < QUOTA_SLOTS; i++) {
		slot = &data->slot[i];
		if (i == file->slot || (slot->bytes == 0 && slot->files == 0) ||
		    is_held(file->fd, SLOTS_AT + (off_t)i))
			continue;
		data->used.bytes += slot->bytes;
		data->used.files += slot->files;
		*slot = (struct quota_amount){ 0 };
		data->is_unsure = 1;
	}
}

enum status
quota_file_begin(const struct quota_file *file, struct quota_data *data)
{
	struct timespec now = { 0 };
	enum status st;
	ssize_t n;

	if ((st = take_lock(file->fd)) != STATUS_OK)
		return st;
	n = pread(file->fd, data, sizeof(*data), 0);
	if (n != (ssize_t)sizeof(*data) || data->magic != MAGIC) {
		/* Empty, or cut by a crash: count anew. */
		memset(data, 0, sizeof(*data));
		data->magic = MAGIC;
		data->is_unsure = 1;
		(void)clock_gettime(CLOCK_REALTIME, &now);
		data->born = (uint64_t)now.tv_sec * 1000000000u +
		    (uint64_t)now.tv_nsec;
		data->counts = data->born;
	}
	adopt(file, data);
	return STATUS_OK;
}

enum status
quota_file_end(const struct quota_file *file, struct quota_data *data)
{
	enum status st = STATUS_OK;

	if (data != NULL && pwrite(file->fd, data, sizeof(*data), 0) !=
	    (ssize_t)sizeof(*data))
		st = status_errno("quota");
	drop_lock(file->fd);
	return st;
}

static enum status
take_slot(struct quota_file *file)
{
	for (file->slot = 0; file->slot < QUOTA_SLOTS; file->slot++)
		if (set_lock(file->fd, F_OFD_SETLK, F_WRLCK,
		    SLOTS_AT + (off_t)file->slot))
			return STATUS_OK;
	return status_set(STATUS_BUSY, "too many servers on one base");
}

/*
 * What lay in our slot is from one that died.  And what another boot has
 * written last may be older than the files: a power cut takes what is not
 * flushed.
 */
static enum status
settle_in(struct quota_file *file, const char *root)
{
	struct quota_data data;
	unsigned int mine = file->slot;
	enum status st;

	file->slot = QUOTA_SLOTS;
	st = quota_file_begin(file, &data);
	file->slot = mine;
	if (st != STATUS_OK)
		return st;
	data.used.bytes += data.slot[mine].bytes;
	data.used.files += data.slot[mine].files;
	if (data.slot[mine].bytes != 0 || data.slot[mine].files != 0)
		data.is_unsure = 1;
	data.slot[mine] = (struct quota_amount){ 0 };
	if (memcmp(data.tag, base_tag(file->base), sizeof(data.tag)) != 0)
		data.is_unsure = 1;
	memcpy(data.tag, base_tag(file->base), sizeof(data.tag));
	if (pwrite(file->fd, root, strlen(root) + 1, ROOT_AT) == -1)
		st = status_errno("quota");
	return quota_file_end(file, st == STATUS_OK ? &data : NULL);
}

enum status
quota_file_open(struct quota_file *out, const struct base *base,
    const char *root, bool make)
{
	char name[QUOTA_NAME_ROOM];
	enum status st;

	out->base = base;
	quota_file_name(name, root);
	out->fd = openat(base_quota_fd(base), name, O_RDWR | O_NOFOLLOW |
	    O_CLOEXEC | (make ? O_CREAT : 0), 0600);
	if (out->fd == -1)
		return status_errno("quota");
	if ((st = take_slot(out)) == STATUS_OK)
		st = settle_in(out, root);
	if (st != STATUS_OK)
		quota_file_close(out);
	return st;
}

void
quota_file_close(struct quota_file *file)
{
	if (file->fd != -1)
		close(file->fd);
	file->fd = -1;
}

bool
quota_file_is_gone(const struct quota_file *file)
{
	struct stat sb;

	return file->fd == -1 ||
	    (fstat(file->fd, &sb) == 0 && sb.st_nlink == 0);
}

enum status
quota_file_root(char out[QUOTA_ROOT_ROOM], const struct base *base,
    const char *name)
{
	char again[QUOTA_NAME_ROOM];
	ssize_t n;
	int fd;

	fd = openat(base_quota_fd(base), name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return status_errno("quota");
	n = pread(fd, out, QUOTA_ROOT_ROOM - 1, ROOT_AT);
	if (n == -1) {
		enum status st = status_errno("quota");

		close(fd);
		return st;
	}
	close(fd);
	out[n] = '\0';
	quota_file_name(again, out);
	return n > 0 && strcmp(again, name) == 0 ? STATUS_OK :
	    status_set(STATUS_NOT_FOUND, "no quota's file");
}

struct quota_amount
quota_promised(const struct quota_data *data)
{
	struct quota_amount sum = { 0 };
	unsigned int i;

	for (i = 0; i < QUOTA_SLOTS; i++) {
		sum.bytes += data->slot[i].bytes;
		sum.files += data->slot[i].files;
	}
	return sum;
}
