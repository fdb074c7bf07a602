/*
 * reply - the fields of a frame from the server, as values.
 */
#ifndef REPLY_H
#define REPLY_H

#include "ft1.h"
#include "status.h"
#include "wire.h"

/* Which fields stand in a reply. */
enum reply_field {
	REPLY_VERSION = 1 << 0,
	REPLY_MAX_REQUEST = 1 << 1,
	REPLY_MAX_DATA = 1 << 2,
	REPLY_PIPELINE = 1 << 3,
	REPLY_SMALL_UPLOAD = 1 << 4,
	REPLY_IDLE_SECONDS = 1 << 5,
	REPLY_METHODS = 1 << 6,
	REPLY_PROMPT = 1 << 7,
	REPLY_ECHO = 1 << 8,
	REPLY_TICKET = 1 << 9,
	REPLY_TICKET_SECONDS = 1 << 10,
	REPLY_DURABILITY = 1 << 11,
	REPLY_PATH = 1 << 12,
	REPLY_SIZE = 1 << 13,
	REPLY_MODE = 1 << 14,
	REPLY_MTIME = 1 << 15,
	REPLY_VERSION_NOW = 1 << 16,
	REPLY_DIGEST = 1 << 17,
	REPLY_UPLOAD = 1 << 18,
	REPLY_COUNT = 1 << 19,
	REPLY_ENTRY = 1 << 20,
	REPLY_TIME = 1 << 21,
	REPLY_CODE = 1 << 22,
	REPLY_CLASS = 1 << 23,
	REPLY_WAIT = 1 << 24,
	REPLY_TEXT = 1 << 25,
	REPLY_SUM = 1 << 26,
	REPLY_FREE = 1 << 27,
	REPLY_QUOTA_BYTES = 1 << 28,	/* and what is used of it */
	REPLY_QUOTA_FILES = 1 << 29,	/* likewise */
	REPLY_FEATURES = 1 << 30
};

/* Bytes borrowed from the frame, not ended by NUL. */
struct span {
	const uint8_t	*at;
	size_t		 len;
};

struct reply {
	unsigned int	 has;		/* of enum reply_field */
	uint16_t	 version;
	uint16_t	 code;
	uint8_t		 class;
	uint8_t		 echo;
	uint8_t		 durability;
	uint32_t	 max_request;
	uint32_t	 max_data;
	uint32_t	 pipeline;
	uint32_t	 small_upload;
	uint32_t	 idle_seconds;
	uint32_t	 ticket_seconds;
	uint32_t	 mode;
	uint32_t	 wait;
	uint64_t	 size;
	uint64_t	 count;
	uint64_t	 free;
	uint64_t	 features;
	uint64_t	 quota_bytes, quota_used;
	uint64_t	 quota_files, quota_files_used;
	struct file_time mtime;
	struct file_time time;
	uint8_t		 version_now[FT1_ID_SIZE];
	uint8_t		 digest[FT1_ID_SIZE];
	uint8_t		 upload[FT1_ID_SIZE];
	struct span	 methods;
	struct span	 prompt;
	struct span	 ticket;
	struct span	 path;
	struct span	 text;
	struct span	 holder;	/* may come with it */
	struct span	 sum;
	struct span	 mime;	/* may come with the entry */
	struct span	 link;	/* may come with an entry */
	struct ft1_entry entry;		/* its name may be "/" */
};

/*
 * Read the fields of a frame; STATUS_PROTOCOL if they are malformed, or if one
 * of those `needed` is missing.
 */
enum status reply_read(struct reply *out, const struct frame *frame,
    unsigned int needed);

/* The same for the OK that is the last answer to `what`, such as "a put". */
enum status reply_final(struct reply *out, const struct frame *frame,
    const char *what, unsigned int needed);

/* STATUS_PROTOCOL: the server sent `what`. */
enum status reply_malformed(const char *what);

/* STATUS_PROTOCOL: no such frame answers `what`. */
enum status reply_unexpected(const struct frame *frame, const char *what);

/* A name that can stand in a folder: not "..", without "/" and NUL. */
int reply_is_name(const struct ft1_entry *entry);

#endif
