/*
 * ft1 - the codec of FT/1, as ft-protocol(7) tells it: frame headers, fields
 * and folder entries.  It only turns bytes into values and back; it reads no
 * socket and allocates nothing.
 *
 * Reading: ft1_header_read, then for frames with fields
 *	ft1_fields_begin, ft1_field_next ... until it returns FT1_END
 * Writing: ft1_frame_begin, ft1_put_..., ft1_frame_end
 */
#ifndef FT1_H
#define FT1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "file_time.h"

#define FT1_ALPN		"ft/1"
#define FT1_PORT		"4433"
#define FT1_VERSION		1

#define FT1_HEADER_SIZE		12
#define FT1_OFFSET_SIZE		8		/* leads each DATA payload */
#define FT1_MAX_REQUEST		65536u		/* payload of all but DATA */
#define FT1_DATA_BYTES		262144u		/* file bytes in one DATA */
#define FT1_MAX_DATA		(FT1_DATA_BYTES + FT1_OFFSET_SIZE)
#define FT1_PIPELINE		65536u
#define FT1_SMALL_UPLOAD	1048576u
#define FT1_PATH_MAX		4095u
#define FT1_NAME_MAX		255u
#define FT1_USER_MAX		255u
#define FT1_RESPONSE_MAX	4096u
#define FT1_TICKET_MAX		512u
#define FT1_ID_SIZE		16	/* digests, versions, upload ids */
#define FT1_TIME_SIZE		12
#define FT1_ENTRY_FIXED		42		/* an entry without its name */
#define FT1_LOCK_WAIT_MAX	3600u		/* seconds that a lock is waited for */
#define FT1_UPLOADS_HELD_FIXED	45		/* likewise, without its path */
#define FT1_HELD_FIXED		30		/* one of HELD without its strings */

enum ft1_type {
	FT1_HELLO = 0x01,
	FT1_LOGIN = 0x02,
	FT1_CHALLENGE = 0x03,
	FT1_RESPONSE = 0x04,
	FT1_PING = 0x05,
	FT1_CANCEL = 0x06,
	FT1_LIST = 0x10,		/* 0x10 to 0x5f: requests */
	FT1_STAT = 0x11,
	FT1_GET = 0x12,
	FT1_PUT = 0x13,
	FT1_COMMIT = 0x14,
	FT1_ABORT = 0x15,
	FT1_CD = 0x16,
	FT1_PWD = 0x17,
	FT1_MKDIR = 0x18,
	FT1_RMDIR = 0x19,
	FT1_RM = 0x1a,
	FT1_MV = 0x1b,
	FT1_LOCK = 0x1c,
	FT1_UNLOCK = 0x1d,
	FT1_LOCKS = 0x1e,
	FT1_UPLOADS = 0x1f,
	FT1_DISCARD = 0x20,
	FT1_APPEND = 0x21,
	FT1_WRITE = 0x22,
	FT1_TRUNCATE = 0x23,
	FT1_CP = 0x24,
	FT1_SUM = 0x25,
	FT1_FIND = 0x26,
	FT1_DU = 0x27,
	FT1_DF = 0x28,
	FT1_TOUCH = 0x29,
	FT1_PIECES = 0x2a,
	FT1_TREE = 0x2b,
	FT1_TREE_COMMIT = 0x2c,
	FT1_REQUEST_LAST = 0x5f,
	FT1_DATA = 0x70,
	FT1_OK = 0x80,
	FT1_ERROR = 0x81,
	FT1_ENTRIES = 0x82,
	FT1_BEGUN = 0x83,
	FT1_HELD = 0x84,
	FT1_UPLOADS_HELD = 0x85,
	FT1_HAVE = 0x86,
	FT1_DIGESTS = 0x87
};

enum ft1_flag {
	FT1_CHAINED = 0x01,
	FT1_NOW = 0x02
};

/* Bits of FEATURES. */
#define FT1_FEATURE_FILES	1u	/* locks, uploads, file commands */

enum ft1_tag {
	FT1_TAG_VERSIONS = 0x0001,
	FT1_TAG_VERSION = 0x0002,
	FT1_TAG_MAX_REQUEST = 0x0003,
	FT1_TAG_MAX_DATA = 0x0004,
	FT1_TAG_PIPELINE = 0x0005,
	FT1_TAG_SMALL_UPLOAD = 0x0006,
	FT1_TAG_IDLE_SECONDS = 0x0007,
	FT1_TAG_METHODS = 0x0008,
	FT1_TAG_USER = 0x0010,
	FT1_TAG_METHOD = 0x0011,
	FT1_TAG_RESPONSE = 0x0012,
	FT1_TAG_PROMPT = 0x0013,
	FT1_TAG_ECHO = 0x0014,
	FT1_TAG_TICKET = 0x0015,
	FT1_TAG_TICKET_SECONDS = 0x0016,
	FT1_TAG_DURABILITY = 0x0017,
	FT1_TAG_PATH = 0x0020,
	FT1_TAG_TARGET = 0x0021,
	FT1_TAG_OFFSET = 0x0022,
	FT1_TAG_LENGTH = 0x0023,
	FT1_TAG_SIZE = 0x0024,
	FT1_TAG_MODE = 0x0025,
	FT1_TAG_MTIME = 0x0026,
	FT1_TAG_TAKEN = 0x0027,
	FT1_TAG_IF_ABSENT = 0x0028,
	FT1_TAG_IF_VERSION = 0x0029,
	FT1_TAG_VERSION_NOW = 0x002a,
	FT1_TAG_DIGEST = 0x002b,
	FT1_TAG_UPLOAD = 0x002c,
	FT1_TAG_COUNT = 0x002d,
	FT1_TAG_ENTRY = 0x002e,
	FT1_TAG_TIME = 0x002f,
	FT1_TAG_WAIT_LOCK = 0x0030,
	FT1_TAG_SHARED = 0x0031,
	FT1_TAG_RECURSIVE = 0x0032,
	FT1_TAG_PARENTS = 0x0033,
	FT1_TAG_PATTERN = 0x0034,
	FT1_TAG_KIND = 0x0035,
	FT1_TAG_SIZE_LEAST = 0x0036,
	FT1_TAG_SIZE_MOST = 0x0037,
	FT1_TAG_NEWER = 0x0038,
	FT1_TAG_OLDER = 0x0039,
	FT1_TAG_DEPTH = 0x003a,
	FT1_TAG_SUM = 0x003b,
	FT1_TAG_FREE = 0x003c,
	FT1_TAG_QUOTA_BYTES = 0x003d,
	FT1_TAG_QUOTA_USED = 0x003e,
	FT1_TAG_QUOTA_FILES = 0x003f,
	FT1_TAG_CODE = 0x0040,
	FT1_TAG_CLASS = 0x0041,
	FT1_TAG_WAIT = 0x0042,
	FT1_TAG_TEXT = 0x0043,
	FT1_TAG_QUOTA_FILES_USED = 0x0050,
	FT1_TAG_TREE = 0x0051,
	FT1_TAG_HOLDER = 0x0052,
	FT1_TAG_OPTIONAL = 0x8000,	/* from here on: skip if unknown */
	FT1_TAG_FEATURES = 0x8001,
	FT1_TAG_AGENT = 0x8002
};

struct ft1_header {
	uint32_t	length;		/* bytes of payload */
	uint8_t		type;
	uint8_t		flags;
	uint16_t	reserved;
	uint32_t	id;
};

/* One name in a folder.  `name` is borrowed from the payload it was read of. */
struct ft1_entry {
	char		type;		/* 'f', 'd', 'l' or 'o' */
	uint16_t	mode;
	uint64_t	size;
	struct file_time	mtime;
	uint8_t		version[FT1_ID_SIZE];
	const char	*name;		/* not ended by NUL */
	size_t		name_len;
};

/* One range that is locked.  The strings are borrowed, not ended by NUL. */
struct ft1_held {
	bool		exclusive;
	bool		own;		/* of this session */
	uint64_t	offset;
	uint64_t	length;		/* 0: to the end of all */
	uint64_t	session;
	const char	*user;
	size_t		user_len;
	const char	*path;
	size_t		path_len;
};

/* Turn 12 bytes into a header; checks nothing. */
void ft1_header_read(struct ft1_header *header, const uint8_t *bytes);
void ft1_header_write(uint8_t *bytes, const struct ft1_header *header);

/* The word for a frame type, such as "GET", or NULL. */
const char *ft1_type_word(uint8_t type);

/*
 * --- Reading fields ---------------------------------------------------------
 */

enum ft1_next {
	FT1_FIELD,	/* one more field stands in the struct */
	FT1_END,	/* all read */
	FT1_BROKEN	/* cut, or tags that do not ascend */
};

struct ft1_fields {
	const uint8_t	*at;		/* what is not yet read */
	size_t		 left;
	uint32_t	 next_tag;	/* the least tag that may come */
	/* the field just read; its value is borrowed from the payload */
	uint16_t	 tag;
	uint16_t	 len;
	const uint8_t	*value;
};

void ft1_fields_begin(struct ft1_fields *fields, const uint8_t *payload,
    size_t len);
enum ft1_next ft1_field_next(struct ft1_fields *fields);

/* The value of the field just read; false if it is not of that size. */
bool ft1_get_u8(const struct ft1_fields *fields, uint8_t *value);
bool ft1_get_u16(const struct ft1_fields *fields, uint16_t *value);
bool ft1_get_u32(const struct ft1_fields *fields, uint32_t *value);
bool ft1_get_u64(const struct ft1_fields *fields, uint64_t *value);
bool ft1_get_id(const struct ft1_fields *fields, uint8_t id[FT1_ID_SIZE]);
/* Also false if the nanoseconds are 10^9 or more. */
bool ft1_get_time(const struct ft1_fields *fields, struct file_time *time);

/*
 * --- Entries ---------------------------------------------------------------
 */

/* An entry of exactly these bytes; false if it is cut or its type unknown. */
bool ft1_entry_read(struct ft1_entry *entry, const uint8_t *bytes, size_t len);

/*
 * Take one entry, led by its length, off a row of `*left` bytes at `*at`.
 * FT1_FIELD: there was one; FT1_END: the row is empty; FT1_BROKEN.
 */
enum ft1_next ft1_entry_next(struct ft1_entry *entry, const uint8_t **at,
    size_t *left);

/* Bytes that the entry takes in a row, its length included. */
size_t ft1_entry_size(const struct ft1_entry *entry);

/* Write an entry of a row; there must be room for ft1_entry_size bytes. */
void ft1_entry_write(uint8_t *bytes, const struct ft1_entry *entry);

/* The same for one of a HELD frame. */
enum ft1_next ft1_held_next(struct ft1_held *held, const uint8_t **at,
    size_t *left);
size_t ft1_held_size(const struct ft1_held *held);
void ft1_held_write(uint8_t *bytes, const struct ft1_held *held);

/*
 * --- Writing frames --------------------------------------------------------
 *
 * A frame is built in memory that the caller lends.  What does not fit is
 * dropped, and ft1_frame_end says so.
 */

struct ft1_frame {
	uint8_t		*start;		/* borrowed: header, then payload */
	size_t		 room;
	size_t		 len;		/* bytes used so far, header included */
	bool		 full;		/* something did not fit */
};

/* Begin a frame at `start`; the length is written by ft1_frame_end. */
void ft1_frame_begin(struct ft1_frame *frame, uint8_t *start, size_t room,
    const struct ft1_header *header);
/* Bytes of the whole frame, or 0 if it did not fit. */
size_t ft1_frame_end(struct ft1_frame *frame);

/* Fields must be put in ascending order of their tags. */
void ft1_put_bytes(struct ft1_frame *frame, enum ft1_tag tag,
    const void *bytes, size_t len);
void ft1_put_string(struct ft1_frame *frame, enum ft1_tag tag,
    const char *string);
void ft1_put_u8(struct ft1_frame *frame, enum ft1_tag tag, uint8_t value);
void ft1_put_u16(struct ft1_frame *frame, enum ft1_tag tag, uint16_t value);
void ft1_put_u32(struct ft1_frame *frame, enum ft1_tag tag, uint32_t value);
void ft1_put_u64(struct ft1_frame *frame, enum ft1_tag tag, uint64_t value);
void ft1_put_time(struct ft1_frame *frame, enum ft1_tag tag,
    struct file_time time);
/* The ENTRY field: an entry without its length. */
void ft1_put_entry(struct ft1_frame *frame, const struct ft1_entry *entry);

/* Big-endian integers in memory. */
uint64_t ft1_load_u64(const uint8_t *bytes);
void ft1_store_u64(uint8_t *bytes, uint64_t value);

#endif
