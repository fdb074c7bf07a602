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
#include "ft1_numbers.h"

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
	const char	*mime;		/* likewise, its MIME type; or NULL */
	size_t		mime_len;
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

/* The same without the length in front: FT1_ENTRY_FIXED bytes and the name. */
void ft1_entry_store(uint8_t *bytes, const struct ft1_entry *entry);

/* The same for one of a HELD frame. */
enum ft1_next ft1_held_next(struct ft1_held *held, const uint8_t **at,
    size_t *left);
size_t ft1_held_size(const struct ft1_held *held);
void ft1_held_write(uint8_t *bytes, const struct ft1_held *held);

/*
 * --- Members ----------------------------------------------------------------
 *
 * Rows of MEMBERS: what GET_TREE has come to in the folder.
 */

enum ft1_member_kind {
	FT1_MEMBER_ENTRY = 1,	/* a file's content follows as DATA */
	FT1_MEMBER_WHOLE = 2,	/* a small file with its content */
	FT1_MEMBER_END = 3,	/* the file told last has come whole */
	FT1_MEMBER_FAILED = 4,	/* this one cannot be had */
	FT1_MEMBER_TOTAL = 5	/* how much all of it is */
};

/* The strings and the content are borrowed from the payload. */
struct ft1_member {
	enum ft1_member_kind kind;
	struct ft1_entry entry;		/* its name is a path; not with END */
	uint8_t		digest[FT1_ID_SIZE];	/* with WHOLE and END */
	const uint8_t	*content;	/* with WHOLE; entry.size bytes */
	uint16_t	code;		/* with FAILED, which has no more of
					 * the entry than its name */
	uint8_t		class;
	const char	*text;
	size_t		text_len;
	uint64_t	files, bytes;	/* with TOTAL, which has no entry */
};

/* As ft1_entry_next. */
enum ft1_next ft1_member_next(struct ft1_member *member, const uint8_t **at,
    size_t *left);

size_t ft1_member_size(const struct ft1_member *member);

/*
 * Write one into ft1_member_size bytes.  Content is not copied: returns where
 * it belongs, at the end of the row.
 */
uint8_t *ft1_member_write(uint8_t *bytes, const struct ft1_member *member);

/* Put the digest into a row of a small file, once its content is there. */
void ft1_member_seal(uint8_t *bytes, const uint8_t digest[FT1_ID_SIZE]);

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
