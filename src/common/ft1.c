/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "ft1.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#define FIELD_HEAD 4	/* tag and length */

static uint16_t
load_u16(const uint8_t *bytes)
{
	uint16_t value;

	memcpy(&value, bytes, sizeof(value));
	return be16toh(value);
}

static uint32_t
load_u32(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return be32toh(value);
}

static void
store_u16(uint8_t *bytes, uint16_t value)
{
	value = htobe16(value);
	memcpy(bytes, &value, sizeof(value));
}

static void
store_u32(uint8_t *bytes, uint32_t value)
{
	value = htobe32(value);
	memcpy(bytes, &value, sizeof(value));
}

uint64_t
ft1_load_u64(const uint8_t *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return be64toh(value);
}

void
ft1_store_u64(uint8_t *bytes, uint64_t value)
{
	value = htobe64(value);
	memcpy(bytes, &value, sizeof(value));
}

void
ft1_header_read(struct ft1_header *header, const uint8_t *bytes)
{
	header->length = load_u32(bytes);
	header->type = bytes[4];
	header->flags = bytes[5];
	header->reserved = load_u16(bytes + 6);
	header->id = load_u32(bytes + 8);
}

void
ft1_header_write(uint8_t *bytes, const struct ft1_header *header)
{
	store_u32(bytes, header->length);
	bytes[4] = header->type;
	bytes[5] = header->flags;
	store_u16(bytes + 6, header->reserved);
	store_u32(bytes + 8, header->id);
}

const char *
ft1_type_word(uint8_t type)
{
	static const struct {
		enum ft1_type	 type;
		const char	*word;
	} words[] = {
		{ FT1_HELLO, "HELLO" }, { FT1_LOGIN, "LOGIN" },
		{ FT1_CHALLENGE, "CHALLENGE" }, { FT1_RESPONSE, "RESPONSE" },
		{ FT1_PING, "PING" }, { FT1_CANCEL, "CANCEL" },
		{ FT1_LIST, "LIST" }, { FT1_STAT, "STAT" }, { FT1_GET, "GET" },
		{ FT1_PUT, "PUT" }, { FT1_COMMIT, "COMMIT" },
		{ FT1_ABORT, "ABORT" }, { FT1_CD, "CD" }, { FT1_PWD, "PWD" },
		{ FT1_MKDIR, "MKDIR" }, { FT1_RMDIR, "RMDIR" },
		{ FT1_RM, "RM" }, { FT1_MV, "MV" }, { FT1_LOCK, "LOCK" },
		{ FT1_UNLOCK, "UNLOCK" }, { FT1_LOCKS, "LOCKS" },
		{ FT1_UPLOADS, "UPLOADS" }, { FT1_DISCARD, "DISCARD" },
		{ FT1_APPEND, "APPEND" }, { FT1_WRITE, "WRITE" },
		{ FT1_TRUNCATE, "TRUNCATE" }, { FT1_CP, "CP" },
		{ FT1_SUM, "SUM" }, { FT1_FIND, "FIND" }, { FT1_DU, "DU" },
		{ FT1_DF, "DF" }, { FT1_TOUCH, "TOUCH" },
		{ FT1_PIECES, "PIECES" }, { FT1_TREE, "TREE" },
		{ FT1_TREE_COMMIT, "TREE_COMMIT" },
		{ FT1_GET_TREE, "GET_TREE" }, { FT1_SYMLINK, "SYMLINK" },
		{ FT1_DATA, "DATA" },
		{ FT1_OK, "OK" }, { FT1_ERROR, "ERROR" },
		{ FT1_ENTRIES, "ENTRIES" }, { FT1_BEGUN, "BEGUN" },
		{ FT1_HELD, "HELD" }, { FT1_UPLOADS_HELD, "UPLOADS_HELD" },
		{ FT1_HAVE, "HAVE" }, { FT1_DIGESTS, "DIGESTS" },
		{ FT1_MEMBERS, "MEMBERS" },
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].type == type)
			return words[i].word;
	return NULL;
}

void
ft1_fields_begin(struct ft1_fields *fields, const uint8_t *payload, size_t len)
{
	memset(fields, 0, sizeof(*fields));
	fields->at = payload;
	fields->left = len;
}

enum ft1_next
ft1_field_next(struct ft1_fields *fields)
{
	if (fields->left == 0)
		return FT1_END;
	if (fields->left < FIELD_HEAD)
		return FT1_BROKEN;
	fields->tag = load_u16(fields->at);
	fields->len = load_u16(fields->at + 2);
	if (fields->tag < fields->next_tag ||
	    fields->len > fields->left - FIELD_HEAD)
		return FT1_BROKEN;
	fields->next_tag = (uint32_t)fields->tag + 1;
	fields->value = fields->at + FIELD_HEAD;
	fields->at = fields->value + fields->len;
	fields->left -= FIELD_HEAD + (size_t)fields->len;
	return FT1_FIELD;
}

bool
ft1_get_u8(const struct ft1_fields *fields, uint8_t *value)
{
	if (fields->len != sizeof(*value))
		return false;
	*value = fields->value[0];
	return true;
}

bool
ft1_get_u16(const struct ft1_fields *fields, uint16_t *value)
{
	if (fields->len != sizeof(*value))
		return false;
	*value = load_u16(fields->value);
	return true;
}

bool
ft1_get_u32(const struct ft1_fields *fields, uint32_t *value)
{
	if (fields->len != sizeof(*value))
		return false;
	*value = load_u32(fields->value);
	return true;
}

bool
ft1_get_u64(const struct ft1_fields *fields, uint64_t *value)
{
	if (fields->len != sizeof(*value))
		return false;
	*value = ft1_load_u64(fields->value);
	return true;
}

bool
ft1_get_id(const struct ft1_fields *fields, uint8_t id[FT1_ID_SIZE])
{
	if (fields->len != FT1_ID_SIZE)
		return false;
	memcpy(id, fields->value, FT1_ID_SIZE);
	return true;
}

static bool
load_time(struct file_time *time, const uint8_t *bytes)
{
	time->seconds = (int64_t)ft1_load_u64(bytes);
	time->nanoseconds = load_u32(bytes + 8);
	return time->nanoseconds < 1000000000;
}

static void
store_time(uint8_t *bytes, struct file_time time)
{
	ft1_store_u64(bytes, (uint64_t)time.seconds);
	store_u32(bytes + 8, time.nanoseconds);
}

bool
ft1_get_time(const struct ft1_fields *fields, struct file_time *time)
{
	return fields->len == FT1_TIME_SIZE && load_time(time, fields->value);
}

/* type 0, flags 1, mode 2, size 4, mtime 12, version 24, length 40, name 42 */
bool
ft1_entry_read(struct ft1_entry *entry, const uint8_t *bytes, size_t len)
{
	if (len < FT1_ENTRY_FIXED || bytes[0] == '\0' ||
	    strchr("fdlo", bytes[0]) == NULL)
		return false;
	entry->type = (char)bytes[0];
	entry->mode = load_u16(bytes + 2);
	entry->size = ft1_load_u64(bytes + 4);
	if (!load_time(&entry->mtime, bytes + 12))
		return false;
	memcpy(entry->version, bytes + 24, FT1_ID_SIZE);
	entry->name_len = load_u16(bytes + 40);
	entry->name = (const char *)bytes + FT1_ENTRY_FIXED;
	if (entry->name_len > len - FT1_ENTRY_FIXED)
		return false;
	entry->mime_len = len - FT1_ENTRY_FIXED - entry->name_len;
	entry->mime = entry->mime_len > 0 ?
	    entry->name + entry->name_len : NULL;
	return true;
}

enum ft1_next
ft1_entry_next(struct ft1_entry *entry, const uint8_t **at, size_t *left)
{
	size_t len;

	if (*left == 0)
		return FT1_END;
	if (*left < 2 || (len = load_u16(*at)) > *left - 2 ||
	    !ft1_entry_read(entry, *at + 2, len))
		return FT1_BROKEN;
	*at += 2 + len;
	*left -= 2 + len;
	return FT1_FIELD;
}

void
ft1_entry_store(uint8_t *bytes, const struct ft1_entry *entry)
{
	assert(entry->name_len <= FT1_PATH_MAX);
	bytes[0] = (uint8_t)entry->type;
	bytes[1] = 0;
	store_u16(bytes + 2, entry->mode);
	ft1_store_u64(bytes + 4, entry->size);
	store_time(bytes + 12, entry->mtime);
	memcpy(bytes + 24, entry->version, FT1_ID_SIZE);
	store_u16(bytes + 40, (uint16_t)entry->name_len);
	memcpy(bytes + FT1_ENTRY_FIXED, entry->name, entry->name_len);
	if (entry->mime_len > 0)
		memcpy(bytes + FT1_ENTRY_FIXED + entry->name_len, entry->mime,
		    entry->mime_len);
}

size_t
ft1_entry_size(const struct ft1_entry *entry)
{
	return 2 + FT1_ENTRY_FIXED + entry->name_len + entry->mime_len;
}

void
ft1_entry_write(uint8_t *bytes, const struct ft1_entry *entry)
{
	store_u16(bytes, (uint16_t)(ft1_entry_size(entry) - 2));
	ft1_entry_store(bytes + 2, entry);
}

static bool
read_held(struct ft1_held *held, const uint8_t *bytes, size_t len)
{
	if (len < FT1_HELD_FIXED || bytes[0] < 1 || bytes[0] > 2)
		return false;
	held->exclusive = bytes[0] == 2;
	held->own = (bytes[1] & 1) != 0;
	held->offset = ft1_load_u64(bytes + 2);
	held->length = ft1_load_u64(bytes + 10);
	held->session = ft1_load_u64(bytes + 18);
	held->user_len = load_u16(bytes + 26);
	held->path_len = load_u16(bytes + 28);
	held->user = (const char *)bytes + FT1_HELD_FIXED;
	held->path = held->user + held->user_len;
	return held->user_len + held->path_len <= len - FT1_HELD_FIXED;
}

enum ft1_next
ft1_held_next(struct ft1_held *held, const uint8_t **at, size_t *left)
{
	size_t len;

	if (*left == 0)
		return FT1_END;
	if (*left < 2 || (len = load_u16(*at)) > *left - 2 ||
	    !read_held(held, *at + 2, len))
		return FT1_BROKEN;
	*at += 2 + len;
	*left -= 2 + len;
	return FT1_FIELD;
}

size_t
ft1_held_size(const struct ft1_held *held)
{
	return 2 + FT1_HELD_FIXED + held->user_len + held->path_len;
}

void
ft1_held_write(uint8_t *bytes, const struct ft1_held *held)
{
	assert(held->user_len <= FT1_USER_MAX &&
	    held->path_len <= FT1_PATH_MAX);
	store_u16(bytes, (uint16_t)(ft1_held_size(held) - 2));
	bytes += 2;
	bytes[0] = held->exclusive ? 2 : 1;
	bytes[1] = held->own;
	ft1_store_u64(bytes + 2, held->offset);
	ft1_store_u64(bytes + 10, held->length);
	ft1_store_u64(bytes + 18, held->session);
	store_u16(bytes + 26, (uint16_t)held->user_len);
	store_u16(bytes + 28, (uint16_t)held->path_len);
	memcpy(bytes + FT1_HELD_FIXED, held->user, held->user_len);
	memcpy(bytes + FT1_HELD_FIXED + held->user_len, held->path,
	    held->path_len);
}

void
ft1_frame_begin(struct ft1_frame *frame, uint8_t *start, size_t room,
    const struct ft1_header *header)
{
	frame->start = start;
	frame->room = room;
	frame->len = FT1_HEADER_SIZE;
	frame->full = room < FT1_HEADER_SIZE;
	if (!frame->full)
		ft1_header_write(start, header);
}

size_t
ft1_frame_end(struct ft1_frame *frame)
{
	if (frame->full)
		return 0;
	store_u32(frame->start, (uint32_t)(frame->len - FT1_HEADER_SIZE));
	return frame->len;
}

/* Room for the value of one more field, or NULL. */
static uint8_t *
add_field(struct ft1_frame *frame, enum ft1_tag tag, size_t len)
{
	uint8_t *at;

	if (frame->full || len > UINT16_MAX ||
	    frame->room - frame->len < FIELD_HEAD + len) {
		frame->full = true;
		return NULL;
	}
	at = frame->start + frame->len;
	store_u16(at, (uint16_t)tag);
	store_u16(at + 2, (uint16_t)len);
	frame->len += FIELD_HEAD + len;
	return at + FIELD_HEAD;
}

void
ft1_put_bytes(struct ft1_frame *frame, enum ft1_tag tag, const void *bytes,
    size_t len)
{
	uint8_t *at = add_field(frame, tag, len);

	if (at != NULL && len > 0)
		memcpy(at, bytes, len);
}

void
ft1_put_string(struct ft1_frame *frame, enum ft1_tag tag, const char *string)
{
	ft1_put_bytes(frame, tag, string, strlen(string));
}

void
ft1_put_u8(struct ft1_frame *frame, enum ft1_tag tag, uint8_t value)
{
	ft1_put_bytes(frame, tag, &value, 1);
}

void
ft1_put_u16(struct ft1_frame *frame, enum ft1_tag tag, uint16_t value)
{
	uint8_t *at = add_field(frame, tag, sizeof(value));

	if (at != NULL)
		store_u16(at, value);
}

void
ft1_put_u32(struct ft1_frame *frame, enum ft1_tag tag, uint32_t value)
{
	uint8_t *at = add_field(frame, tag, sizeof(value));

	if (at != NULL)
		store_u32(at, value);
}

void
ft1_put_u64(struct ft1_frame *frame, enum ft1_tag tag, uint64_t value)
{
	uint8_t *at = add_field(frame, tag, sizeof(value));

	if (at != NULL)
		ft1_store_u64(at, value);
}

void
ft1_put_time(struct ft1_frame *frame, enum ft1_tag tag, struct file_time time)
{
	uint8_t *at = add_field(frame, tag, FT1_TIME_SIZE);

	if (at != NULL)
		store_time(at, time);
}

void
ft1_put_entry(struct ft1_frame *frame, const struct ft1_entry *entry)
{
	uint8_t *at = add_field(frame, FT1_TAG_ENTRY,
	    ft1_entry_size(entry) - 2);

	if (at != NULL)
		ft1_entry_store(at, entry);
}
