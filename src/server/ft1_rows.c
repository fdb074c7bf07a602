/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "ft1_rows.h"

#include <assert.h>
#include <string.h>

#include "upload_list.h"

static struct ft1_answer *
self(struct answer *answer)
{
	return (struct ft1_answer *)answer;
}

void
ft1_answer_close_rows(struct ft1_answer *answer)
{
	struct ft1_header header = { .type = (uint8_t)answer->row_type };
	size_t len;

	if (!answer->has_rows)
		return;
	len = answer->out->len - answer->rows;
	header.length = (uint32_t)(len - FT1_HEADER_SIZE);
	header.id = answer->id;
	ft1_header_write(answer->out->bytes + answer->rows, &header);
	answer->has_rows = false;
}

/*
 * A place for one more row of `need` bytes in a frame of that type; NULL if
 * there is no room now.
 */
static uint8_t *
add_row(struct ft1_answer *answer, enum ft1_type type, size_t need)
{
	struct face_output *out = answer->out;
	uint8_t *at;

	if (answer->has_rows && (answer->row_type != type ||
	    out->len - answer->rows + need > FT1_MAX_REQUEST))
		ft1_answer_close_rows(answer);
	if (out->room - out->len < FT1_HEADER_SIZE + need + FT1_ROWS_LAST_ROOM)
		return NULL;
	if (!answer->has_rows) {
		answer->rows = out->len;
		answer->row_type = type;
		answer->has_rows = true;
		out->len += FT1_HEADER_SIZE;
	}
	at = out->bytes + out->len;
	out->len += need;
	return at;
}

void
ft1_rows_facts(struct ft1_entry *entry, const struct file_facts *facts)
{
	entry->type = facts->type;
	entry->mode = facts->mode;
	entry->size = facts->size;
	entry->mtime = facts->mtime;
	memcpy(entry->version, facts->version, sizeof(entry->version));
	entry->name = facts->name;
	entry->name_len = strlen(facts->name);
	entry->mime = facts->mime;
	entry->mime_len = facts->mime != NULL ? strlen(facts->mime) : 0;
}

bool
ft1_rows_entry(struct answer *base, const struct file_facts *facts)
{
	struct ft1_entry entry;
	uint8_t *at;

	ft1_rows_facts(&entry, facts);
	at = add_row(self(base), FT1_ENTRIES, ft1_entry_size(&entry));
	if (at != NULL)
		ft1_entry_write(at, &entry);
	return at != NULL;
}

bool
ft1_rows_held(struct answer *base, const struct lock_facts *facts)
{
	const struct ft1_held held = { .exclusive = facts->exclusive,
	    .own = facts->own, .offset = facts->start,
	    .length = facts->length, .session = facts->session,
	    .user = facts->user, .user_len = strlen(facts->user),
	    .path = facts->path, .path_len = strlen(facts->path) };
	uint8_t *at;

	at = add_row(self(base), FT1_HELD, ft1_held_size(&held));
	if (at != NULL)
		ft1_held_write(at, &held);
	return at != NULL;
}

/* A row with its length in front; NULL without room. */
static uint8_t *
add_sized_row(struct ft1_answer *answer, enum ft1_type type, size_t len)
{
	uint8_t *at = add_row(answer, type, len + 2);

	if (at == NULL)
		return NULL;
	at[0] = (uint8_t)(len >> 8);
	at[1] = (uint8_t)len;
	return at + 2;
}

bool
ft1_rows_pieces(struct answer *base, const struct answer_pieces *row)
{
	size_t len = 8 + row->count * DIGEST_SIZE;
	uint8_t *at;

	assert(row->count <= ANSWER_PIECES);
	at = add_sized_row(self(base), row->is_have ? FT1_HAVE : FT1_DIGESTS,
	    len);
	if (at == NULL)
		return false;
	ft1_store_u64(at, row->offset);
	memcpy(at + 8, row->digest, row->count * DIGEST_SIZE);
	return true;
}

static void
failed_member(struct ft1_member *member, const struct answer_member *row)
{
	enum status st = row->failed;

	member->kind = FT1_MEMBER_FAILED;
	if (!status_is_on_wire((unsigned int)st))
		st = STATUS_IO;
	member->code = (uint16_t)st;
	member->class = (uint8_t)status_class(st);
	member->entry.name = row->path;
	member->entry.name_len = strlen(row->path);
	member->text = status_text(row->failed);
	member->text_len = strnlen(member->text, FT1_MEMBER_TEXT_MAX);
}

bool
ft1_rows_upload(struct answer *base, const struct upload_listed *upload)
{
	size_t path_len = strlen(upload->path);
	uint32_t nanoseconds = upload->time.nanoseconds;
	uint8_t *at;

	at = add_sized_row(self(base), FT1_UPLOADS_HELD,
	    FT1_UPLOADS_HELD_FIXED + path_len);
	if (at == NULL)
		return false;
	memcpy(at, upload->id, sizeof(upload->id));
	at[16] = upload->is_tree ? 'd' : 'f';
	ft1_store_u64(at + 17, upload->has_size ? upload->size : UINT64_MAX);
	ft1_store_u64(at + 25, upload->held);
	ft1_store_u64(at + 33, (uint64_t)upload->time.seconds);
	for (int i = 0; i < 4; i++)
		at[41 + i] = (uint8_t)(nanoseconds >> (24 - 8 * i));
	memcpy(at + FT1_UPLOADS_HELD_FIXED, upload->path, path_len);
	return true;
}

bool
ft1_rows_member(struct answer *base, const struct answer_member *row)
{
	struct ft1_member member = { .kind = FT1_MEMBER_ENTRY };
	uint8_t *at;

	if (row->facts != NULL)
		ft1_rows_facts(&member.entry, row->facts);
	else if (row->is_end) {
		member.kind = FT1_MEMBER_END;
		memcpy(member.digest, row->digest, sizeof(member.digest));
	} else if (row->is_total) {
		member.kind = FT1_MEMBER_TOTAL;
		member.files = row->files;
		member.bytes = row->bytes;
	} else
		failed_member(&member, row);
	at = add_row(self(base), FT1_MEMBERS, ft1_member_size(&member));
	if (at != NULL)
		(void)ft1_member_write(at, &member);
	return at != NULL;
}

void *
ft1_rows_whole_room(struct answer *base, const struct file_facts *facts)
{
	struct ft1_member member = { .kind = FT1_MEMBER_WHOLE };
	struct ft1_answer *answer = self(base);
	uint8_t *at;

	ft1_rows_facts(&member.entry, facts);
	at = add_row(answer, FT1_MEMBERS, ft1_member_size(&member));
	if (at == NULL)
		return NULL;
	answer->whole = (size_t)(at - answer->out->bytes);
	return ft1_member_write(at, &member);
}

void
ft1_rows_whole(struct answer *base, const uint8_t *digest)
{
	struct ft1_answer *answer = self(base);
	struct face_output *out = answer->out;

	if (digest != NULL) {
		ft1_member_seal(out->bytes + answer->whole, digest);
		return;
	}
	out->len = answer->whole;
	if (out->len > answer->rows + FT1_HEADER_SIZE)
		return;
	out->len = answer->rows;	/* it was the first of its frame */
	answer->has_rows = false;
}
