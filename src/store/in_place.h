/*
 * in_place - a file that is read or changed where it is, with the lock that the
 * lock rules want for that: writes are durable once flushed, but not atomic.
 *
 *	in_place_open, [in_place_write ..., in_place_flush], in_place_close
 */
#ifndef IN_PLACE_H
#define IN_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "own_hold.h"
#include "quota.h"
#include "status.h"
#include "version.h"
#include "walk.h"

enum in_place_use {
	IN_PLACE_READ,		/* shared, on the range within the file */
	IN_PLACE_WRITE,		/* exclusive, on the range */
	IN_PLACE_APPEND,	/* exclusive, from the end of the file on */
	IN_PLACE_TRUNCATE	/* the same, from the smaller end on */
};

struct in_place_want {
	enum in_place_use use;
	uint64_t	 offset;	/* of the range; the end to be */
	bool		 has_length;
	uint64_t	 length;
	bool		 if_absent;	/* STATUS_EXISTS for what is there */
	bool		 if_version;
	uint8_t		 version[VERSION_SIZE];
};

/* Must stay where it is in memory while it is open. */
struct in_place {
	bool		 is_durable;	/* flushed when it is asked for */
	int		 fd;		/* owned; -1 when closed */
	struct own_hold	 hold;
	struct stat	 st;		/* once it was locked */
	uint64_t	 start, length;	/* of the range */
	struct quota_hold quota;	/* for what it grows by */
	bool		 shares_end;	/* others may move the end meanwhile */
	uint64_t	 grown;		/* then: by our own bytes */
	uint64_t	 reached;	/* the end of what was written last */
};

/*
 * Open the regular file at the clean path (links inside the root are followed)
 * and lock what the use needs; the only place where these locks are taken.
 * STATUS_LOCKED, STATUS_PRECONDITION, STATUS_BAD_REQUEST for a range that
 * begins behind the end of what is read, and those of walk_file.
 */
enum status in_place_open(struct in_place *out, const struct place *place,
    const char *path, const struct in_place_want *want);

/* Where a file stands: its name in a folder, and its path for words. */
struct in_place_spot {
	int		 folder_fd;	/* borrowed */
	const char	*name;
	const char	*path;
};

/*
 * The same to read all of a file in a folder that is open: what is no file, a
 * link too, is STATUS_NOT_A_FILE.
 */
enum status in_place_open_at(struct in_place *out, const struct place *place,
    const struct in_place_spot *spot);

/* Whole or not; a failure may have written some of it. */
enum status in_place_write(struct in_place *file, uint64_t offset,
    const void *bytes, size_t len);

/*
 * An append has failed by `st`, which is returned: if it was for want of space
 * or by the disk, and the file still ends where the append had come to, cut it
 * back to where that began; else the words tell how many bytes stay.  To be
 * called while its locks are held.
 */
enum status in_place_take_back(struct in_place *file, enum status st);

/* The file is about to reach to `end`: may it?  Before it is grown. */
enum status in_place_reserve(struct in_place *file, uint64_t end);

/* As durable as the place says. */
enum status in_place_flush(const struct in_place *file);

/* And give back the lock.  No harm if it is closed. */
void in_place_close(struct in_place *file);

#endif
