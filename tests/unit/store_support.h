/*
 * store_support - a storage base of its own for each test, real files in it,
 * and other processes that hold real locks.
 */
#ifndef STORE_SUPPORT_H
#define STORE_SUPPORT_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base.h"
#include "names.h"
#include "upload.h"
#include "walk.h"

/* The test's own; `place` is the base itself. */
struct store {
	char		 path[64];
	struct base	*base;
	struct names	*names;
	struct place	 place;
};

void store_open(struct store *store, enum durability durability);
/* Also removes all files. */
void store_close(struct store *store);

/* Files below the base, by the C library alone. */
void store_put(const struct store *store, const char *name, const char *text);
bool store_has(const struct store *store, const char *name, const char *text);
bool store_lacks(const struct store *store, const char *name);
void store_mkdir(const struct store *store, const char *name);
void store_link(const struct store *store, const char *text,
    const char *name);
mode_t store_mode(const struct store *store, const char *name);
/* Stages that lie in the private folder. */
int store_stages(const struct store *store);
/* Records of uploads that can be taken up again, likewise. */
int store_records(const struct store *store);

/* An upload to the plan's path is begun, which must go well ... */
struct upload *store_begin(const struct store *store,
    const struct upload_plan *plan);
/* ... or may not. */
enum status store_begin_status(const struct store *store,
    const struct upload_plan *plan);
/* Seal it with size and digest of the text. */
enum status store_seal(struct upload *upload, const char *text);
/* Publish it in the folder of its path. */
enum status store_publish(const struct store *store, struct upload *upload,
    struct upload_receipt *receipt);
/* All of that: a whole upload of `text`. */
enum status store_upload(const struct store *store,
    const struct upload_plan *plan, const char *text);

void store_version(const struct store *store, const char *name,
    uint8_t version[VERSION_SIZE]);

void digest_of(uint8_t out[DIGEST_SIZE], const void *bytes, size_t len);

/*
 * A process beside the server that holds a classic fcntl lock (F_RDLCK or
 * F_WRLCK), as any local program would.
 */
struct holder {
	pid_t	 pid;
	int	 fd;		/* to be closed: then it lets go */
};

struct flock classic(short type, off_t start, off_t len);
void holder_begin(struct holder *holder, const struct store *store,
    const char *name, struct flock lock);
void holder_end(struct holder *holder);

/*
 * Run `test` in a process of its own, as nobody if we are root; false if it
 * returned false or died.
 */
bool as_nobody(const struct store *store, bool (*test)(struct store *store));

/* The same as whoever we are. */
bool apart(const struct store *store, bool (*test)(struct store *store));

/*
 * From now on this process meets what file systems without RENAME_NOREPLACE
 * answer; false if that cannot be had.
 */
bool forbid_noreplace(void);

#endif
