/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "upload.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "stage.h"
#include "target.h"

#define MODE_DEFAULT	0644
#define MODE_BITS	0777
#define RACES_MOST	100	/* times that the name may come and go */

/* Bytes that are sent on their way to the disk before the final flush. */
#define WRITE_BEHIND	((uint64_t)8 << 20)

_Static_assert(UPLOAD_ID_SIZE == STAGE_ID_SIZE, "a stage's id is its upload's");

struct upload {
	struct place	 place;		/* root: owned, in `strings` */
	struct upload_plan plan;	/* path: owned, in `strings` */
	const char	*name;		/* last component of plan.path */
	struct stage	 stage;
	struct digest	*digest;	/* owned; NULL once sealed */
	uint64_t	 received;	/* offset behind the last byte */
	uint64_t	 pushed;	/* sent to the disk up to here */
	uint8_t		 sum[DIGEST_SIZE];	/* once sealed */
	bool		 sealed;
	enum status	 failed;	/* STATUS_OK while all is well */
	char		 strings[];
};

/* Nothing may come of this upload any more. */
static enum status
fail(struct upload *upload, enum status st)
{
	upload->failed = st;
	stage_drop(&upload->stage, base_stage_fd(upload->place.base));
	return st;
}

static enum status
failed_before(const struct upload *upload)
{
	return status_set(upload->failed, "the upload has failed before");
}

static struct upload *
alloc_upload(const struct place *place, const struct upload_plan *plan)
{
	size_t root_size = strlen(place->root) + 1;
	size_t path_size = strlen(plan->path) + 1;
	struct upload *upload;

	upload = calloc(1, sizeof(*upload) + root_size + path_size);
	if (upload == NULL)
		return NULL;
	memcpy(upload->strings, place->root, root_size);
	memcpy(upload->strings + root_size, plan->path, path_size);
	upload->place = *place;
	upload->place.root = upload->strings;
	upload->place.own = own_locks_ref(place->own);
	upload->plan = *plan;
	upload->plan.path = upload->strings + root_size;
	upload->name = strrchr(upload->plan.path, '/') + 1;
	upload->stage.fd = -1;
	return upload;
}

static bool
is_long(const struct upload *upload)
{
	return !upload->plan.has_size || upload->plan.size > UPLOAD_SMALL;
}

/* Must the name be free at the commit? */
static bool
wants_free(const struct upload *upload)
{
	return upload->plan.taken == UPLOAD_REFUSE || upload->plan.if_absent;
}

/* May the upload take the place of what stands under its name? */
static enum status
check_target(const struct upload *upload, const struct target *target)
{
	if (wants_free(upload))
		return status_set(STATUS_EXISTS, "%s: exists already",
		    upload->plan.path);
	if (S_ISDIR(target->st.st_mode))
		return status_set(STATUS_IS_A_FOLDER, "%s: is a folder",
		    upload->plan.path);
	if (S_ISLNK(target->st.st_mode))
		return status_set(STATUS_EXISTS,
		    "%s: a symbolic link stands there", upload->plan.path);
	if (!S_ISREG(target->st.st_mode))
		return status_set(STATUS_NOT_A_FILE, "%s: not a regular file",
		    upload->plan.path);
	if (upload->plan.if_version)
		return target_expect(target, upload->plan.version);
	return STATUS_OK;
}

static enum status
no_such_version(const struct upload *upload)
{
	return status_set(STATUS_PRECONDITION, "%s: no such file",
	    upload->plan.path);
}

/* Whoever walked to the folder may have done so for another name. */
static enum status
check_name(const struct upload *upload, const struct folder *folder)
{
	if (base_owns_name(upload->place.base, folder->dev, folder->ino,
	    upload->name))
		return status_set(STATUS_NOT_PERMITTED,
		    "%s: the name is the server's own", upload->plan.path);
	return STATUS_OK;
}

/* Say no before a client sends gigabytes in vain. */
static enum status
check_early(const struct upload *upload, const struct folder *folder)
{
	struct target target = { .fd = -1 };

	if (fstatat(folder->fd, upload->name, &target.st,
	    AT_SYMLINK_NOFOLLOW) == 0)
		return check_target(upload, &target);
	if (errno != ENOENT)
		return status_errno("%s", upload->plan.path);
	return upload->plan.if_version ? no_such_version(upload) : STATUS_OK;
}

/*
 * The stage is made with the bits that are asked for, so that the umask takes
 * its own; its owner may always open it again until it is sealed.
 */
static enum status
make_stage(struct upload *upload)
{
	mode_t mode;

	mode = upload->plan.has_mode ? upload->plan.mode & MODE_BITS :
	    MODE_DEFAULT;
	return stage_make(&upload->stage, base_stage_fd(upload->place.base),
	    mode | S_IRUSR | S_IWUSR);
}

enum status
upload_begin(struct upload **out, const struct place *place,
    const struct folder *folder, const struct upload_plan *plan)
{
	struct upload *upload;
	enum status st;

	*out = NULL;
	if (plan->if_absent && plan->if_version)
		return status_set(STATUS_BAD_REQUEST,
		    "a file cannot be absent and of a version");
	if (plan->has_size && plan->size > UPLOAD_MOST)
		return status_set(STATUS_TOO_LARGE, "%s: too large",
		    plan->path);
	if ((upload = alloc_upload(place, plan)) == NULL ||
	    (upload->digest = digest_begin(0)) == NULL) {
		upload_free(upload);
		return status_set(STATUS_NO_MEMORY, "out of memory");
	}
	st = check_name(upload, folder);
	if (st == STATUS_OK && is_long(upload))
		st = check_early(upload, folder);
	if (st == STATUS_OK)
		st = make_stage(upload);
	if (st != STATUS_OK) {
		upload_free(upload);
		return st;
	}
	*out = upload;
	return STATUS_OK;
}

static bool
write_all(int fd, const void *bytes, size_t len, uint64_t offset)
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
	if (upload->plan.has_size && offset + len > upload->plan.size)
		return status_set(STATUS_SIZE,
		    "%s: more has come than was announced", upload->plan.path);
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
	if ((st = check_room(upload, offset, len)) != STATUS_OK)
		return fail(upload, st);
	if (len == 0)
		return STATUS_OK;
	if (!write_all(upload->stage.fd, bytes, len, offset))
		return fail(upload, status_errno("%s", upload->plan.path));
	if (offset > upload->received)
		digest_skip(upload->digest, offset - upload->received);
	digest_update(upload->digest, bytes, len);
	upload->received = offset + len;
	push(upload);
	return STATUS_OK;
}

/* Size and digest must be what the client says, and what it announced. */
static enum status
check_content(struct upload *upload, uint64_t size,
    const uint8_t digest[DIGEST_SIZE])
{
	if (size < upload->received ||
	    (upload->plan.has_size && size != upload->plan.size))
		return status_set(STATUS_SIZE,
		    "%s: the size is not what was announced",
		    upload->plan.path);
	if (size > UPLOAD_MOST)
		return status_set(STATUS_TOO_LARGE, "%s: too large",
		    upload->plan.path);
	if (size > upload->received) {
		if (ftruncate(upload->stage.fd, (off_t)size) == -1)
			return status_errno("%s", upload->plan.path);
		digest_skip(upload->digest, size - upload->received);
		upload->received = size;
	}
	digest_end(upload->digest, upload->sum);
	upload->digest = NULL;
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
	if ((st = check_content(upload, size, digest)) != STATUS_OK)
		return fail(upload, st);
	if (!set_mode(upload) || !set_mtime(upload))
		return fail(upload, status_errno("%s", upload->plan.path));
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
		return fail(upload, status_errno("%s", upload->plan.path));
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
		return fail(upload, status_errno("%s", upload->plan.path));
	return STATUS_OK;
}

/* Who replaces a file and asks for no mode keeps that of the file. */
static bool
keep_mode(const struct upload *upload, const struct target *target)
{
	return upload->plan.has_mode ||
	    fchmod(upload->stage.fd, target->st.st_mode & MODE_BITS) == 0;
}

/* STATUS_NOT_FOUND if there is nothing to replace. */
static enum status
replace(struct upload *upload, const struct folder *folder)
{
	const struct target_move rename = {
	    base_stage_fd(upload->place.base), upload->stage.name, folder,
	    upload->name };
	struct own_hold stage;
	struct target target;
	enum status st;

	st = target_hold(&target, upload->place.own, folder, upload->name);
	if (st != STATUS_OK)
		return st;
	if ((st = check_target(upload, &target)) == STATUS_OK &&
	    !keep_mode(upload, &target))
		st = status_errno("%s", upload->plan.path);
	if (st == STATUS_OK && (st = own_hold_begin(&stage, upload->place.own,
	    upload->stage.fd)) == STATUS_OK) {
		st = target_replace(&target, &stage, &rename);
		own_hold_release(&stage);
	}
	target_release(&target);
	return st;
}

/* With the name held.  A new name is the common case, and the quick one. */
static enum status
publish(struct upload *upload, const struct folder *folder)
{
	enum status st;
	int races;

	for (races = 0; races < RACES_MOST; races++) {
		if (!upload->plan.if_version) {
			st = target_take_free(
			    base_stage_fd(upload->place.base),
			    upload->stage.name, folder, upload->name);
			if (st != STATUS_EXISTS || wants_free(upload))
				return st;
		}
		st = replace(upload, folder);
		if (st != STATUS_NOT_FOUND)
			return st;
		if (upload->plan.if_version)
			return no_such_version(upload);
	}
	return status_set(STATUS_LOCKED, "%s: changes all the time",
	    upload->plan.path);
}

static enum status
write_receipt(const struct upload *upload, struct upload_receipt *receipt)
{
	struct timespec now;
	struct stat st;

	if (fstat(upload->stage.fd, &st) == -1 ||
	    clock_gettime(CLOCK_REALTIME, &now) == -1)
		return status_errno("%s", upload->plan.path);
	memcpy(receipt->id, upload->stage.id, UPLOAD_ID_SIZE);
	memcpy(receipt->digest, upload->sum, DIGEST_SIZE);
	version_of(receipt->version, &st);
	receipt->size = upload->received;
	receipt->time.seconds = now.tv_sec;
	receipt->time.nanoseconds = (uint32_t)now.tv_nsec;
	return STATUS_OK;
}

enum status
upload_publish(struct upload *upload, struct names *names,
    const struct folder *folder, struct upload_receipt *receipt)
{
	enum status st;

	assert(upload->sealed || upload->failed != STATUS_OK);
	if (upload->failed != STATUS_OK)
		return failed_before(upload);
	if ((st = check_name(upload, folder)) != STATUS_OK ||
	    (st = names_hold(names, folder, upload->name, NULL, NULL)) !=
	    STATUS_OK)
		return st;
	st = publish(upload, folder);
	names_release(names);
	if (st != STATUS_OK)
		return st;
	upload->stage.made = false;	/* the name is the target's now */
	return write_receipt(upload, receipt);
}

void
upload_free(struct upload *upload)
{
	if (upload == NULL)
		return;
	stage_drop(&upload->stage, base_stage_fd(upload->place.base));
	digest_drop(upload->digest);
	own_locks_unref(upload->place.own);
	free(upload);
}

const char *
upload_path(const struct upload *upload)
{
	return upload->plan.path;
}

const struct place *
upload_place(const struct upload *upload)
{
	return &upload->place;
}

uint64_t
upload_received(const struct upload *upload)
{
	return upload->received;
}

const uint8_t *
upload_id(const struct upload *upload)
{
	return upload->stage.id;
}
