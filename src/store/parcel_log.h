/*
 * parcel_log - which members of a parcel have come, behind the head of its
 * record: a row for each, added once it is in its place.
 *
 * It says what was written, not what is flushed: what another boot or node has
 * noted is not sure until it was read and compared.
 */
#ifndef PARCEL_LOG_H
#define PARCEL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "digest.h"
#include "status.h"
#include "upload_record.h"

/* More members than this are refused: all are in memory for a while. */
#define PARCEL_MEMBERS	1048576u
/* With those that came again, as each time adds a row. */
#define PARCEL_ROWS	(PARCEL_MEMBERS + PARCEL_MEMBERS / 4)

struct parcel_member {
	const char	*path;		/* "a/b" */
	bool		 is_folder;
	bool		 is_sure;
	bool		 is_there;	/* for who looks */
	bool		 has_mode;
	uint32_t	 mode;
	uint64_t	 size;
	uint64_t	 ino;
	uint8_t		 digest[DIGEST_SIZE];	/* zeros for a folder */
};

/* In the order of the bytes of their paths; the last row of each counts. */
struct parcel_log {
	struct parcel_member *at;	/* owned */
	size_t		 len;
	char		*bytes;		/* owned; the paths lie in it */
	uint64_t	 end;		/* where the next row goes */
	size_t		 rows;		/* that were read */
};

#define PARCEL_LOG_BEGIN UINT64_C(16384)

/* What does not make sense, and all behind it, is forgotten. */
enum status parcel_log_read(struct parcel_log *out, struct record *record);
void parcel_log_clear(struct parcel_log *log);

/* NULL if there is none. */
struct parcel_member *parcel_log_find(const struct parcel_log *log,
    const char *path);

/* Add a row at `*end`, which moves on. */
enum status parcel_log_add(struct record *record, uint64_t *end,
    const struct parcel_member *member);

/* The bytes of all members. */
enum status parcel_log_held(uint64_t *bytes, struct record *record);

/* The digest of the manifest of all members. */
enum status parcel_log_digest(uint8_t out[DIGEST_SIZE],
    const struct parcel_log *log);

#endif
