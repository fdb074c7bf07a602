/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>
#include <xxhash.h>

#include "beneath.h"
#include "claim_table.h"
#include "quota.h"
#include "stage.h"

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

enum { PRIVATE_TOP, PRIVATE_STAGE, PRIVATE_NAMES, PRIVATE_UPLOADS,
    PRIVATE_QUOTA, PRIVATE_GONE, PRIVATE_COUNT };

/* A folder of the base's own, or the base itself. */
struct place_of {
	int	 fd;		/* owned; -1 when closed */
	dev_t	 dev;
	ino_t	 ino;
};

struct base {
	char		*name;		/* owned */
	char		*path;		/* owned */
	enum durability	 durability;
	bool		 has_syncfs;
	uid_t		 uid;		/* who owns the base's folder */
	gid_t		 gid;
	struct place_of	 top;		/* the base's folder */
	struct place_of	 private[PRIVATE_COUNT];
	uint8_t		 tag[BASE_TAG_SIZE];
	struct claim_table *claims;	/* owned */
	struct quota_table *quotas;	/* owned */
};

/* What stands in the administrator's way, and what to do about it. */
static enum status
open_error(const struct base *base, const char *what)
{
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
		return status_set(STATUS_CONFIG, "base %s: %s is no folder: "
		    "mkdir -p %s", base->name, what, what);
	case EACCES:
	case EPERM:
	case ELOOP:
		return status_set(STATUS_CONFIG, "base %s: cannot use %s: let "
		    "the server's account own it: chown -R ACCOUNT %s",
		    base->name, what, base->path);
	case EROFS:
		return status_set(STATUS_CONFIG, "base %s: %s is on a "
		    "read-only file system: remount it", base->name, what);
	case ENOSYS:
		return status_set(STATUS_CONFIG, "base %s: %s: openat2 is "
		    "missing: Linux 5.6 or later is needed", base->name, what);
	default:
		return status_errno("base %s: %s", base->name, what);
	}
}

static bool
note_inode(struct place_of *place)
{
	struct stat st;

	if (fstat(place->fd, &st) == -1)
		return false;
	place->dev = st.st_dev;
	place->ino = st.st_ino;
	return true;
}

static bool
open_top(struct base *base)
{
	struct statfs fs;
	struct stat st;
	int probe;

	base->top.fd = open(base->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (base->top.fd == -1 || !note_inode(&base->top) ||
	    fstat(base->top.fd, &st) == -1 ||
	    fstatfs(base->top.fd, &fs) == -1)
		return false;
	if ((probe = beneath_open(base->top.fd, ".", O_PATH)) == -1)
		return false;
	close(probe);
	base->uid = st.st_uid;
	base->gid = st.st_gid;
	/* Nothing has to be flushed on a tmpfs. */
	base->has_syncfs = fs.f_type == EXT4_SUPER_MAGIC ||
	    fs.f_type == XFS_SUPER_MAGIC ||
	    fs.f_type == BTRFS_SUPER_MAGIC || fs.f_type == TMPFS_MAGIC;
	return true;
}

/*
 * Give what root has just made to the account.  Never what was there before:
 * it might be a link that somebody has planted.
 */
static bool
hand_over(const struct base *base, int fd)
{
	return geteuid() != 0 || fchown(fd, base->uid, base->gid) == 0;
}

static bool
make_folder(const struct base *base, struct place_of *out, int dir_fd,
    const char *name)
{
	bool made;

	made = mkdirat(dir_fd, name, 0700) == 0;
	if (!made && errno != EEXIST)
		return false;
	out->fd = openat(dir_fd, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return out->fd != -1 && note_inode(out) &&
	    (!made || hand_over(base, out->fd));
}

static bool
make_names_file(const struct base *base, unsigned int number)
{
	char name[16];
	bool ok;
	int fd, dir_fd = base->private[PRIVATE_NAMES].fd;

	snprintf(name, sizeof(name), "%02u", number);
	fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd == -1)
		return errno == EEXIST;
	ok = hand_over(base, fd);
	close(fd);
	return ok;
}

static enum status
make_private(struct base *base)
{
	struct place_of *private = base->private;
	char what[4096 + sizeof(BASE_PRIVATE)];
	unsigned int i;
	bool ok;

	ok = make_folder(base, &private[PRIVATE_TOP], base->top.fd,
	    BASE_PRIVATE) &&
	    make_folder(base, &private[PRIVATE_STAGE],
	    private[PRIVATE_TOP].fd, "stage") &&
	    make_folder(base, &private[PRIVATE_NAMES],
	    private[PRIVATE_TOP].fd, "names") &&
	    make_folder(base, &private[PRIVATE_UPLOADS],
	    private[PRIVATE_TOP].fd, "uploads") &&
	    make_folder(base, &private[PRIVATE_QUOTA],
	    private[PRIVATE_TOP].fd, "quota") &&
	    make_folder(base, &private[PRIVATE_GONE],
	    private[PRIVATE_TOP].fd, "gone");
	for (i = 0; ok && i < BASE_NAMES_FILES; i++)
		ok = make_names_file(base, i);
	if (ok)
		return STATUS_OK;
	snprintf(what, sizeof(what), "%s/%s", base->path, BASE_PRIVATE);
	return open_error(base, what);
}

/* Without /proc each process is a node of its own. */
static bool
make_tag(struct base *base)
{
	struct {
		char		 boot[64];
		struct utsname	 node;
	} who;
	XXH128_canonical_t canonical;
	ssize_t n;
	int fd;

	memset(&who, 0, sizeof(who));
	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	n = fd == -1 ? -1 : read(fd, who.boot, sizeof(who.boot));
	if (fd != -1)
		close(fd);
	if (n <= 0 && getrandom(who.boot, sizeof(who.boot), 0) !=
	    (ssize_t)sizeof(who.boot))
		return false;
	(void)uname(&who.node);
	XXH128_canonicalFromHash(&canonical, XXH3_128bits(&who, sizeof(who)));
	memcpy(base->tag, canonical.digest, sizeof(base->tag));
	return true;
}

static struct base *
alloc_base(const char *name, const char *path)
{
	struct base *base;
	int i;

	if ((base = calloc(1, sizeof(*base))) == NULL)
		return NULL;
	base->top.fd = -1;
	for (i = 0; i < PRIVATE_COUNT; i++)
		base->private[i].fd = -1;
	base->name = strdup(name);
	base->path = strdup(path);
	base->claims = claim_table_new();
	base->quotas = quota_table_new();
	if (base->name == NULL || base->path == NULL ||
	    base->claims == NULL || base->quotas == NULL || !make_tag(base)) {
		base_close(base);
		return NULL;
	}
	return base;
}

enum status
base_open(struct base **out, const char *name, const char *path,
    enum durability durability)
{
	struct base *base;
	enum status st;

	*out = NULL;
	if ((base = alloc_base(name, path)) == NULL)
		return status_set(STATUS_NO_MEMORY, "out of memory");
	base->durability = durability;
	if (!open_top(base))
		st = open_error(base, path);
	else if ((st = make_private(base)) == STATUS_OK)
		st = base_check(base);
	if (st != STATUS_OK) {
		base_close(base);
		return st;
	}
	*out = base;
	return STATUS_OK;
}

static void
close_fd(int fd)
{
	if (fd != -1)
		close(fd);
}

void
base_close(struct base *base)
{
	int i;

	if (base == NULL)
		return;
	close_fd(base->top.fd);
	for (i = 0; i < PRIVATE_COUNT; i++)
		close_fd(base->private[i].fd);
	claim_table_free(base->claims);
	quota_table_free(base->quotas);
	free(base->name);
	free(base->path);
	free(base);
}

enum status
base_check(const struct base *base)
{
	char what[4096 + sizeof(BASE_PRIVATE)];
	struct stage stage;
	enum status st;
	int fd;

	snprintf(what, sizeof(what), "%s/%s", base->path, BASE_PRIVATE);
	if ((st = stage_make(&stage, base_stage_fd(base), 0600)) != STATUS_OK)
		return open_error(base, what);
	stage_drop(&stage, base_stage_fd(base));
	fd = openat(base_names_fd(base), "00", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return open_error(base, what);
	close(fd);
	return STATUS_OK;
}

const char *
base_name(const struct base *base)
{
	return base->name;
}

const char *
base_path(const struct base *base)
{
	return base->path;
}

enum durability
base_durability(const struct base *base)
{
	return base->durability;
}

int
base_fd(const struct base *base)
{
	return base->top.fd;
}

int
base_stage_fd(const struct base *base)
{
	return base->private[PRIVATE_STAGE].fd;
}

int
base_names_fd(const struct base *base)
{
	return base->private[PRIVATE_NAMES].fd;
}

int
base_uploads_fd(const struct base *base)
{
	return base->private[PRIVATE_UPLOADS].fd;
}

int
base_quota_fd(const struct base *base)
{
	return base->private[PRIVATE_QUOTA].fd;
}

int
base_gone_fd(const struct base *base)
{
	return base->private[PRIVATE_GONE].fd;
}

const uint8_t *
base_tag(const struct base *base)
{
	return base->tag;
}

struct claim_table *
base_claims(const struct base *base)
{
	return base->claims;
}

struct quota_table *
base_quotas(const struct base *base)
{
	return base->quotas;
}

bool
base_is_private(const struct base *base, dev_t dev, ino_t ino)
{
	int i;

	for (i = 0; i < PRIVATE_COUNT; i++)
		if (base->private[i].ino == ino && base->private[i].dev == dev)
			return true;
	return false;
}

bool
base_owns_name(const struct base *base, dev_t dev, ino_t ino, const char *name)
{
	return base->top.ino == ino && base->top.dev == dev &&
	    strcasecmp(name, BASE_PRIVATE) == 0;
}

bool
base_has_syncfs(const struct base *base)
{
	return base->has_syncfs;
}
