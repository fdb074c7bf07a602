/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "ft1.h"

#include <assert.h>
#include <string.h>

#define HEAD		3	/* length, which does not count itself; kind */
#define FAILED_FIXED	5	/* code, class, length of the path */
#define TOTAL_SIZE	16	/* files, bytes */

static uint16_t
load_u16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void
store_u16(uint8_t *bytes, size_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

/* The content is exactly what is behind the entry. */
static bool
read_whole(struct ft1_member *member, const uint8_t *bytes, size_t len)
{
	if (len < FT1_ID_SIZE)
		return false;
	memcpy(member->digest, bytes, FT1_ID_SIZE);
	bytes += FT1_ID_SIZE;
	len -= FT1_ID_SIZE;
	/* What is behind the name is content, and none of the entry's own. */
	if (len < FT1_ENTRY_FIXED ||
	    (size_t)load_u16(bytes + 40) > len - FT1_ENTRY_FIXED ||
	    !ft1_entry_read(&member->entry, bytes,
	    FT1_ENTRY_FIXED + (size_t)load_u16(bytes + 40)))
		return false;
	len -= FT1_ENTRY_FIXED + member->entry.name_len;
	member->content = bytes + FT1_ENTRY_FIXED + member->entry.name_len;
	return member->entry.type == 'f' && member->entry.size == len &&
	    len <= FT1_MEMBER_WHOLE_MAX;
}

static bool
read_end(struct ft1_member *member, const uint8_t *bytes, size_t len)
{
	if (len < FT1_ID_SIZE)
		return false;
	memcpy(member->digest, bytes, FT1_ID_SIZE);
	return true;
}

static bool
read_failed(struct ft1_member *member, const uint8_t *bytes, size_t len)
{
	struct ft1_entry *entry = &member->entry;

	if (len < FAILED_FIXED)
		return false;
	member->code = load_u16(bytes);
	member->class = bytes[2];
	entry->name_len = load_u16(bytes + 3);
	if (entry->name_len > len - FAILED_FIXED)
		return false;
	entry->name = (const char *)bytes + FAILED_FIXED;
	member->text = entry->name + entry->name_len;
	member->text_len = len - FAILED_FIXED - entry->name_len;
	return true;
}

static bool
read_total(struct ft1_member *member, const uint8_t *bytes, size_t len)
{
	if (len < TOTAL_SIZE)
		return false;
	member->files = ft1_load_u64(bytes);
	member->bytes = ft1_load_u64(bytes + 8);
	return true;
}

static bool
read_member(struct ft1_member *member, const uint8_t *bytes, size_t len)
{
	if (len < 1)
		return false;
	memset(member, 0, sizeof(*member));
	switch (bytes[0]) {
	case FT1_MEMBER_ENTRY:
		member->kind = FT1_MEMBER_ENTRY;
		return ft1_entry_read(&member->entry, bytes + 1, len - 1);
	case FT1_MEMBER_WHOLE:
		member->kind = FT1_MEMBER_WHOLE;
		return read_whole(member, bytes + 1, len - 1);
	case FT1_MEMBER_END:
		member->kind = FT1_MEMBER_END;
		return read_end(member, bytes + 1, len - 1);
	case FT1_MEMBER_FAILED:
		member->kind = FT1_MEMBER_FAILED;
		return read_failed(member, bytes + 1, len - 1);
	case FT1_MEMBER_TOTAL:
		member->kind = FT1_MEMBER_TOTAL;
		return read_total(member, bytes + 1, len - 1);
	}
	return false;
}

enum ft1_next
ft1_member_next(struct ft1_member *member, const uint8_t **at, size_t *left)
{
	size_t len;

	if (*left == 0)
		return FT1_END;
	if (*left < 2 || (len = load_u16(*at)) > *left - 2 ||
	    !read_member(member, *at + 2, len))
		return FT1_BROKEN;
	*at += 2 + len;
	*left -= 2 + len;
	return FT1_FIELD;
}

size_t
ft1_member_size(const struct ft1_member *member)
{
	size_t entry = FT1_ENTRY_FIXED + member->entry.name_len;

	switch (member->kind) {
	case FT1_MEMBER_ENTRY:
		return HEAD + entry;
	case FT1_MEMBER_WHOLE:
		return HEAD + FT1_ID_SIZE + entry +
		    (size_t)member->entry.size;
	case FT1_MEMBER_END:
		return HEAD + FT1_ID_SIZE;
	case FT1_MEMBER_TOTAL:
		return HEAD + TOTAL_SIZE;
	case FT1_MEMBER_FAILED:
		break;
	}
	return HEAD + FAILED_FIXED + member->entry.name_len +
	    member->text_len;
}

static void
write_failed(uint8_t *bytes, const struct ft1_member *member)
{
	size_t path_len = member->entry.name_len;

	store_u16(bytes, member->code);
	bytes[2] = member->class;
	store_u16(bytes + 3, path_len);
	if (path_len > 0)
		memcpy(bytes + FAILED_FIXED, member->entry.name, path_len);
	if (member->text_len > 0)
		memcpy(bytes + FAILED_FIXED + path_len, member->text,
		    member->text_len);
}

static void
write_total(uint8_t *bytes, const struct ft1_member *member)
{
	ft1_store_u64(bytes, member->files);
	ft1_store_u64(bytes + 8, member->bytes);
}

uint8_t *
ft1_member_write(uint8_t *bytes, const struct ft1_member *member)
{
	size_t size = ft1_member_size(member);

	assert(member->text_len <= FT1_MEMBER_TEXT_MAX &&
	    (member->kind != FT1_MEMBER_WHOLE ||
	    member->entry.size <= FT1_MEMBER_WHOLE_MAX));
	store_u16(bytes, size - 2);
	bytes[2] = (uint8_t)member->kind;
	if (member->kind == FT1_MEMBER_END)
		ft1_member_seal(bytes, member->digest);
	else if (member->kind == FT1_MEMBER_FAILED)
		write_failed(bytes + HEAD, member);
	else if (member->kind == FT1_MEMBER_TOTAL)
		write_total(bytes + HEAD, member);
	else if (member->kind == FT1_MEMBER_ENTRY)
		ft1_entry_store(bytes + HEAD, &member->entry);
	else {
		ft1_member_seal(bytes, member->digest);
		ft1_entry_store(bytes + HEAD + FT1_ID_SIZE, &member->entry);
		return bytes + size - (size_t)member->entry.size;
	}
	return bytes + size;
}

void
ft1_member_seal(uint8_t *bytes, const uint8_t digest[FT1_ID_SIZE])
{
	memcpy(bytes + HEAD, digest, FT1_ID_SIZE);
}
