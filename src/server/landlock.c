/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "landlock.h"

#include <sys/prctl.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

/*
 * As in the kernel's linux/landlock.h, which older systems have without the
 * newer bits.
 */
#define FS_WRITE_FILE (1ULL << 1)
#define FS_READ_FILE (1ULL << 2)
#define FS_READ_DIR (1ULL << 3)
#define FS_REMOVE_DIR (1ULL << 4)
#define FS_REMOVE_FILE (1ULL << 5)
#define FS_MAKE_DIR (1ULL << 7)
#define FS_MAKE_REG (1ULL << 8)
#define FS_MAKE_SYM (1ULL << 12)
#define FS_REFER (1ULL << 13)		/* ABI 2 */
#define FS_TRUNCATE (1ULL << 14)	/* ABI 3 */
#define NET_BIND_TCP (1ULL << 0)	/* ABI 4 */
#define NET_CONNECT_TCP (1ULL << 1)
#define FS_IOCTL_DEV (1ULL << 15)	/* ABI 5 */
#define SCOPE_ABSTRACT_SOCKET (1ULL << 0) /* ABI 6 */
#define SCOPE_SIGNAL (1ULL << 1)

#define FS_OF_ABI_1 ((1ULL << 13) - 1)
#define RULE_PATH_BENEATH 1
#define CREATE_VERSION 1u
#define ABI_WITH_RENAMES 2

#define READ_RIGHTS (FS_READ_FILE | FS_READ_DIR)
#define WRITE_RIGHTS (READ_RIGHTS | FS_WRITE_FILE | FS_REMOVE_DIR | \
	FS_REMOVE_FILE | FS_MAKE_DIR | FS_MAKE_REG | FS_MAKE_SYM | FS_REFER | \
	FS_TRUNCATE)

struct ruleset {
	uint64_t	fs;
	uint64_t	net;
	uint64_t	scoped;
};

struct path_rule {
	uint64_t	allowed;
	int32_t		fd;
} __attribute__((packed));

static struct ruleset
ruleset_of(int abi)
{
	struct ruleset rules = { .fs = FS_OF_ABI_1 | FS_REFER };

	if (abi >= 3)
		rules.fs |= FS_TRUNCATE;
	if (abi >= 4)
		rules.net = NET_BIND_TCP | NET_CONNECT_TCP;
	if (abi >= 5)
		rules.fs |= FS_IOCTL_DEV;
	if (abi >= 6)
		rules.scoped = SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL;
	return rules;
}

static enum status
allow(int ruleset, const struct landlock_path *path, uint64_t handled)
{
	struct path_rule rule;
	enum status st = STATUS_OK;

	rule.allowed = handled & (path->writable ? WRITE_RIGHTS : READ_RIGHTS);
	rule.fd = open(path->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rule.fd == -1)
		return status_errno("folder %s", path->path);
	if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule,
	    0) == -1)
		st = status_errno("landlock rule for %s", path->path);
	close(rule.fd);
	return st;
}

enum status
landlock_enter(const struct landlock_path *paths)
{
	struct ruleset rules;
	enum status st = STATUS_OK;
	int abi, fd;

	abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    CREATE_VERSION);
	if (abi == -1 && (errno == ENOSYS || errno == EOPNOTSUPP))
		return status_set(STATUS_UNSUPPORTED,
		    "this kernel has no Landlock, or has it switched off");
	if (abi == -1)
		return status_errno("landlock");
	/* The first one forbids each rename from a folder to another. */
	if (abi < ABI_WITH_RENAMES)
		return status_set(STATUS_UNSUPPORTED,
		    "the Landlock of this kernel is too old (before 5.19)");
	/* The kernel takes a longer structure if what is new in it is 0. */
	rules = ruleset_of(abi);
	fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules),
	    0);
	if (fd == -1)
		return status_errno("landlock");
	for (; paths->path != NULL && st == STATUS_OK; paths++)
		st = allow(fd, paths, rules.fs);
	if (st == STATUS_OK &&
	    syscall(SYS_landlock_restrict_self, fd, 0) == -1)
		st = status_errno("landlock");
	close(fd);
	return st;
}
