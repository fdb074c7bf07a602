/*
 * quota_file - on disk, how much lies below a folder, and how much of its
 * quota each server has promised to operations under way.
 *
 * All servers on the base share it: it is changed between quota_file_begin and
 * quota_file_end only, under a lock.  Each server that has it open owns a slot
 * for its promises and holds a lock on that; what is left in the slot of one
 * that died is counted as used, until somebody has counted again.
 *
 * One thread at a time.
 */
#ifndef QUOTA_FILE_H
#define QUOTA_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base.h"
#include "status.h"

#define QUOTA_SLOTS		64	/* servers on one base */
#define QUOTA_NAME_ROOM		33
#define QUOTA_ROOT_ROOM		4096

struct quota_amount {
	int64_t	 bytes, files;
};

/* As it lies on disk. */
struct quota_data {
	uint64_t	 magic;
	uint8_t		 tag[BASE_TAG_SIZE];	/* of the boot and node that
						 * wrote last */
	struct quota_amount used;
	struct quota_amount limit;	/* as last seen; 0: none */
	struct quota_amount added;	/* since ever, for who counts */
	uint64_t	 changes;	/* likewise: of all kinds */
	uint64_t	 is_counted;	/* it has been once */
	uint64_t	 is_unsure;	/* it has to be again */
	uint64_t	 counts;	/* another number after each count */
	uint64_t	 born;		/* another one each time it is made */
	struct quota_amount slot[QUOTA_SLOTS];
};

struct quota_file {
	int		 fd;		/* owned; -1 when closed */
	unsigned int	 slot;		/* ours */
	const struct base *base;	/* borrowed */
};

/* The name of the file for a root; it is the same for all servers. */
void quota_file_name(char out[QUOTA_NAME_ROOM], const char *root);

/*
 * Open it, or with `make` make it where it is missing: all counts are 0 and
 * unsure then.  STATUS_NOT_FOUND, STATUS_BUSY if no slot is free.
 */
enum status quota_file_open(struct quota_file *out, const struct base *base,
    const char *root, bool make);
void quota_file_close(struct quota_file *file);

/* Somebody has removed it: it has to be opened again. */
bool quota_file_is_gone(const struct quota_file *file);

/*
 * The root that a file is for, of a file of that name.  STATUS_NOT_FOUND if it
 * is not a quota's.
 */
enum status quota_file_root(char out[QUOTA_ROOT_ROOM],
    const struct base *base, const char *name);

/*
 * Lock and read; STATUS_BUSY if others hold it for too long.  Of a file that
 * makes no sense nothing is known: it is not counted.
 */
enum status quota_file_begin(const struct quota_file *file,
    struct quota_data *data);
/* Write and unlock, or with `data` NULL only unlock. */
enum status quota_file_end(const struct quota_file *file,
    struct quota_data *data);

/* What all servers together have promised. */
struct quota_amount quota_promised(const struct quota_data *data);

#endif
