/* SPDX-License-Identifier: ISC */
/*
 * Any bytes as a frame: every reader stays within them, what is read can be
 * written, and what is written is read again as the same.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ft1.h"
#include "ft1_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
must(bool good)
{
	if (!good)
		abort();
}

static void
try_header(const uint8_t *bytes)
{
	uint8_t again[FT1_HEADER_SIZE];
	struct ft1_header header;

	ft1_header_read(&header, bytes);
	ft1_header_write(again, &header);
	must(memcmp(bytes, again, sizeof(again)) == 0);
	(void)ft1_type_word(header.type);
}

static void
try_entry(const struct ft1_entry *entry)
{
	uint8_t bytes[2 + FT1_ENTRY_FIXED + FT1_NAME_MAX + FT1_MIME_MAX];
	size_t left = ft1_entry_size(entry);
	const uint8_t *at = bytes;
	struct ft1_entry again;

	/* What no file can have is not written. */
	if (entry->name_len > FT1_NAME_MAX || entry->mime_len > FT1_MIME_MAX)
		return;
	ft1_entry_write(bytes, entry);
	must(ft1_entry_next(&again, &at, &left) == FT1_FIELD && left == 0);
	must(again.type == entry->type && again.mode == entry->mode &&
	    again.size == entry->size &&
	    again.mtime.seconds == entry->mtime.seconds &&
	    again.mtime.nanoseconds == entry->mtime.nanoseconds &&
	    memcmp(again.version, entry->version, FT1_ID_SIZE) == 0 &&
	    again.name_len == entry->name_len &&
	    memcmp(again.name, entry->name, entry->name_len) == 0 &&
	    again.mime_len == entry->mime_len && (again.mime_len == 0 ||
	    memcmp(again.mime, entry->mime, entry->mime_len) == 0));
}

static void
try_entries(const uint8_t *bytes, size_t len)
{
	struct ft1_entry entry;

	if (ft1_entry_read(&entry, bytes, len))
		try_entry(&entry);
	while (ft1_entry_next(&entry, &bytes, &len) == FT1_FIELD)
		try_entry(&entry);
}

static void
check_member(const struct ft1_member *member, const struct ft1_member *again)
{
	must(again->kind == member->kind && again->code == member->code &&
	    again->class == member->class && again->files == member->files &&
	    again->bytes == member->bytes &&
	    again->text_len == member->text_len &&
	    again->entry.name_len == member->entry.name_len &&
	    again->entry.size == member->entry.size &&
	    memcmp(again->digest, member->digest, FT1_ID_SIZE) == 0);
	must(member->text_len == 0 ||
	    memcmp(again->text, member->text, member->text_len) == 0);
}

static void
try_member(const struct ft1_member *member)
{
	size_t size = ft1_member_size(member), left = size;
	struct ft1_member again;
	const uint8_t *at;
	uint8_t *row, *end;

	/* What no server tells is not written. */
	if (member->text_len > FT1_MEMBER_TEXT_MAX ||
	    member->entry.name_len > FT1_PATH_MAX ||
	    member->entry.mime_len > 0)
		return;
	must((row = malloc(size)) != NULL);
	at = row;
	end = ft1_member_write(row, member);
	if (member->kind == FT1_MEMBER_WHOLE) {
		memcpy(end, member->content, (size_t)member->entry.size);
		end += member->entry.size;
	}
	must(end == row + size);
	must(ft1_member_next(&again, &at, &left) == FT1_FIELD && left == 0);
	check_member(member, &again);
	free(row);
}

static void
try_members(const uint8_t *bytes, size_t len)
{
	struct ft1_member member;

	while (ft1_member_next(&member, &bytes, &len) == FT1_FIELD)
		try_member(&member);
}

static void
try_values(const struct ft1_fields *fields)
{
	uint8_t id[FT1_ID_SIZE], u8;
	struct file_time time;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	must(ft1_get_u8(fields, &u8) == (fields->len == 1));
	must(ft1_get_u16(fields, &u16) == (fields->len == 2));
	must(ft1_get_u32(fields, &u32) == (fields->len == 4));
	must(ft1_get_u64(fields, &u64) == (fields->len == 8));
	must(ft1_get_id(fields, id) == (fields->len == FT1_ID_SIZE));
	if (ft1_get_time(fields, &time))
		must(time.nanoseconds < 1000000000);
}

/* Fields that are well formed come out the same when they are written. */
static void
try_fields(const uint8_t *payload, size_t len)
{
	struct ft1_header header = { .type = FT1_OK };
	struct ft1_fields fields;
	struct ft1_frame frame;
	enum ft1_next next;
	uint8_t *again;

	must((again = malloc(FT1_HEADER_SIZE + len)) != NULL);
	ft1_frame_begin(&frame, again, FT1_HEADER_SIZE + len, &header);
	ft1_fields_begin(&fields, payload, len);
	while ((next = ft1_field_next(&fields)) == FT1_FIELD) {
		try_values(&fields);
		ft1_put_bytes(&frame, (enum ft1_tag)fields.tag, fields.value,
		    fields.len);
	}
	if (next == FT1_END)
		must(ft1_frame_end(&frame) == FT1_HEADER_SIZE + len &&
		    (len == 0 || memcmp(again + FT1_HEADER_SIZE, payload,
		    len) == 0));
	free(again);
}

/* What a good request holds is within its bounds. */
static void
check_request(const struct request *request, const uint8_t *payload,
    size_t len)
{
	const struct request_bytes *bytes[2] = { &request->path,
	    &request->target };

	must(request->verb < VERB_COUNT && request->taken <= 2);
	must(!request->has_mtime || request->mtime.nanoseconds < 1000000000);
	for (size_t i = 0; i < 2; i++)
		must(bytes[i]->at == NULL || (bytes[i]->len <= FT1_PATH_MAX &&
		    (const uint8_t *)bytes[i]->at >= payload &&
		    (const uint8_t *)bytes[i]->at + bytes[i]->len <=
		    payload + len));
}

static void
try_decoders(const uint8_t *bytes, size_t len)
{
	const uint8_t *payload = bytes + FT1_HEADER_SIZE;
	struct request_bytes response;
	struct ft1_header header;
	struct ft1_commit commit;
	struct request request;
	struct ft1_login login;
	uint16_t least, most;

	ft1_header_read(&header, bytes);
	header.length = (uint32_t)(len - FT1_HEADER_SIZE);
	if (ft1_is_request(header.type)) {
		if (ft1_decode_request(&request, &header, payload) ==
		    FT1_GOOD)
			check_request(&request, payload, header.length);
		return;
	}
	switch (header.type) {
	case FT1_HELLO:
		if (ft1_decode_hello(&least, &most, &header, payload) ==
		    FT1_GOOD)
			must(least <= most);
		break;
	case FT1_LOGIN:
		if (ft1_decode_login(&login, &header, payload) == FT1_GOOD)
			must(login.user.len >= 1 &&
			    login.user.len <= FT1_USER_MAX);
		break;
	case FT1_RESPONSE:
		if (ft1_decode_response(&response, &header, payload) ==
		    FT1_GOOD)
			must(response.len <= FT1_RESPONSE_MAX);
		break;
	case FT1_COMMIT:
		(void)ft1_decode_commit(&commit, &header, payload);
		break;
	default:
		(void)ft1_decode_nothing(&header, payload);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len < FT1_HEADER_SIZE)
		return 0;
	try_header(bytes);
	try_fields(bytes + FT1_HEADER_SIZE, len - FT1_HEADER_SIZE);
	try_entries(bytes + FT1_HEADER_SIZE, len - FT1_HEADER_SIZE);
	try_members(bytes + FT1_HEADER_SIZE, len - FT1_HEADER_SIZE);
	try_decoders(bytes, len);
	return 0;
}
