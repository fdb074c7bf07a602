/*
 * base - a storage base: a folder of the administrator below which the roots
 * of users lie, and its private folder `.ftserver`.
 *
 * Bases are opened at start, before the sandbox, and stay open to the end.
 * All functions below may be called from several threads at once.
 */
#ifndef BASE_H
#define BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "status.h"

#define BASE_PRIVATE ".ftserver"

enum durability {
	DURABILITY_COMMIT,	/* flushed before it is acknowledged */
	DURABILITY_ASYNC	/* the system flushes when it likes */
};

struct base;

#define BASE_NAMES_FILES 64	/* "00" to "63" in .ftserver/names */

/*
 * Open the base `name` at `path` (absolute), and make its private folder
 * where it is missing.  When called by root, what is made belongs to the owner
 * of the folder at `path`.  STATUS_CONFIG for what the administrator must cure,
 * with a text that names the path and the cure.
 */
enum status base_open(struct base **out, const char *name, const char *path,
    enum durability durability);
void base_close(struct base *base);

/*
 * Can a file be staged here, by who we are now?  base_open looks too; a process
 * that has become another account since then asks again.
 */
enum status base_check(const struct base *base);

const char *base_name(const struct base *base);
const char *base_path(const struct base *base);
enum durability base_durability(const struct base *base);

/* Descriptors that stay the base's. */
int base_fd(const struct base *base);
int base_stage_fd(const struct base *base);
int base_names_fd(const struct base *base);
int base_uploads_fd(const struct base *base);	/* records */
int base_quota_fd(const struct base *base);	/* counts */
int base_gone_fd(const struct base *base);	/* to be removed */

/*
 * Who notes what has been written: another one for each boot and node, as what
 * they wrote may have been lost.
 */
#define BASE_TAG_SIZE 16
const uint8_t *base_tag(const struct base *base);

/* What is counted for quotas. */
struct quota_table;
struct quota_table *base_quotas(const struct base *base);

/* The claims on long uploads that this process holds. */
struct claim_table;
struct claim_table *base_claims(const struct base *base);

/*
 * Is the folder that `st` describes one of the base's private ones?  All of
 * them are known at start, so no link, rename or spelling leads past this.
 */
bool base_is_private(const struct base *base, dev_t dev, ino_t ino);

/* Is `name`, in the folder of that inode, the base's own, in any case? */
bool base_owns_name(const struct base *base, dev_t dev, ino_t ino,
    const char *name);

/* True if syncfs(2) on this file system is known to flush and to report. */
bool base_has_syncfs(const struct base *base);

#endif
