/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "reply.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum kind { U8, U16, U32, U64, ID, TIME, BYTES, ENTRY };

static const struct row {
	enum ft1_tag	 tag;
	enum reply_field field;
	enum kind	 kind;
	size_t		 offset;
} rows[] = {
#define ROW(tag, kind, member) { FT1_TAG_ ## tag, REPLY_ ## tag, kind, \
	offsetof(struct reply, member) }
	ROW(VERSION, U16, version),
	ROW(MAX_REQUEST, U32, max_request),
	ROW(MAX_DATA, U32, max_data),
	ROW(PIPELINE, U32, pipeline),
	ROW(SMALL_UPLOAD, U32, small_upload),
	ROW(IDLE_SECONDS, U32, idle_seconds),
	ROW(METHODS, BYTES, methods),
	ROW(PROMPT, BYTES, prompt),
	ROW(ECHO, U8, echo),
	ROW(TICKET, BYTES, ticket),
	ROW(TICKET_SECONDS, U32, ticket_seconds),
	ROW(DURABILITY, U8, durability),
	ROW(PATH, BYTES, path),
	ROW(SIZE, U64, size),
	ROW(MODE, U32, mode),
	ROW(MTIME, TIME, mtime),
	ROW(VERSION_NOW, ID, version_now),
	ROW(DIGEST, ID, digest),
	ROW(UPLOAD, ID, upload),
	ROW(COUNT, U64, count),
	ROW(ENTRY, ENTRY, entry),
	ROW(TIME, TIME, time),
	ROW(CODE, U16, code),
	ROW(CLASS, U8, class),
	ROW(WAIT, U32, wait),
	ROW(TEXT, BYTES, text),
	{ FT1_TAG_LINK, REPLY_ENTRY, BYTES, offsetof(struct reply, link) },
	{ FT1_TAG_HOLDER, REPLY_CODE, BYTES, offsetof(struct reply, holder) },
	{ FT1_TAG_MIME, REPLY_ENTRY, BYTES, offsetof(struct reply, mime) },
	ROW(SUM, BYTES, sum),
	ROW(FREE, U64, free),
	ROW(FEATURES, U64, features),
	ROW(QUOTA_BYTES, U64, quota_bytes),
	{ FT1_TAG_QUOTA_USED, REPLY_QUOTA_BYTES, U64,
	    offsetof(struct reply, quota_used) },
	ROW(QUOTA_FILES, U64, quota_files),
	{ FT1_TAG_QUOTA_FILES_USED, REPLY_QUOTA_FILES, U64,
	    offsetof(struct reply, quota_files_used) },
#undef ROW
};

static const struct row *
find_row(uint16_t tag)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].tag == tag)
			return &rows[i];
	return NULL;
}

/* Of the topmost folder. */
static bool
is_root(const struct ft1_entry *entry)
{
	return entry->name_len == 1 && entry->name[0] == '/';
}

static bool
read_value(void *to, enum kind kind, const struct ft1_fields *field)
{
	struct span *span = to;

	switch (kind) {
	case U8:	return ft1_get_u8(field, to);
	case U16:	return ft1_get_u16(field, to);
	case U32:	return ft1_get_u32(field, to);
	case U64:	return ft1_get_u64(field, to);
	case ID:	return ft1_get_id(field, to);
	case TIME:	return ft1_get_time(field, to);
	case ENTRY:
		return ft1_entry_read(to, field->value, field->len) &&
		    (reply_is_name(to) || is_root(to));
	case BYTES:
		span->at = field->value;
		span->len = field->len;
		return true;
	}
	return false;
}

enum status
reply_read(struct reply *out, const struct frame *frame, unsigned int needed)
{
	struct ft1_fields fields;
	const struct row *row;
	enum ft1_next next;

	memset(out, 0, sizeof(*out));
	ft1_fields_begin(&fields, frame->payload, frame->header.length);
	while ((next = ft1_field_next(&fields)) == FT1_FIELD) {
		if ((row = find_row(fields.tag)) == NULL) {
			if (fields.tag >= FT1_TAG_OPTIONAL)
				continue;
			return status_set(STATUS_PROTOCOL,
			    "the server sent a field %u that is not known",
			    fields.tag);
		}
		if (!read_value((char *)out + row->offset, row->kind,
		    &fields)) {
			next = FT1_BROKEN;
			break;
		}
		out->has |= row->field;
	}
	if (next == FT1_BROKEN || (out->has & needed) != needed)
		return reply_malformed("a malformed reply");
	return STATUS_OK;
}

enum status
reply_malformed(const char *what)
{
	return status_set(STATUS_PROTOCOL, "the server sent %s", what);
}

enum status
reply_unexpected(const struct frame *frame, const char *what)
{
	return status_set(STATUS_PROTOCOL,
	    "the server answered %s with a frame of type %u", what,
	    frame->header.type);
}

enum status
reply_final(struct reply *out, const struct frame *frame, const char *what,
    unsigned int needed)
{
	memset(out, 0, sizeof(*out));
	return frame->header.type == FT1_OK ?
	    reply_read(out, frame, needed) : reply_unexpected(frame, what);
}

int
reply_is_name(const struct ft1_entry *entry)
{
	const char *name = entry->name;
	size_t len = entry->name_len;

	return len > 0 && len <= FT1_NAME_MAX &&
	    memchr(name, '/', len) == NULL && memchr(name, '\0', len) == NULL &&
	    !(len == 1 && name[0] == '.') &&
	    !(len == 2 && name[0] == '.' && name[1] == '.');
}
