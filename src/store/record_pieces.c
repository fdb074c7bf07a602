/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "record_file.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLOTS		16384u		/* where the slots begin */
#define BATCH		2048u		/* slots written at a time */

struct slot {
	uint8_t	 digest[DIGEST_SIZE];
	uint8_t	 tag[BASE_TAG_SIZE];	/* who noted it; see base_tag */
};

static off_t
at_slot(uint64_t piece)
{
	return (off_t)(SLOTS + piece * sizeof(struct slot));
}

enum status
record_note(struct record *record, uint64_t first, uint64_t count,
    const uint8_t digest[DIGEST_SIZE])
{
	struct slot slots[BATCH];
	size_t i, n = count < BATCH ? (size_t)count : BATCH;

	for (i = 0; i < n; i++) {
		memcpy(slots[i].digest, digest, DIGEST_SIZE);
		memcpy(slots[i].tag, base_tag(record->base), BASE_TAG_SIZE);
	}
	for (; count > 0; count -= n, first += n) {
		if (n > count)
			n = (size_t)count;
		if (!record_write(record->fd, slots, n * sizeof(slots[0]),
		    at_slot(first)))
			return record_cannot();
	}
	return STATUS_OK;
}

static const uint8_t spoiled_tag[BASE_TAG_SIZE] = "spoiled";

enum status
record_spoil(struct record *record, uint64_t piece)
{
	struct slot slot = { .digest = { 0 } };

	memcpy(slot.tag, spoiled_tag, sizeof(slot.tag));
	return record_write(record->fd, &slot, sizeof(slot), at_slot(piece)) ?
	    STATUS_OK : record_cannot();
}

enum status
record_pass(struct record *record, uint64_t offset)
{
	uint64_t passed;
	enum status st;

	st = record_get_words(record->fd, WORD_PASSED, &passed, 1);
	if (st != STATUS_OK || passed >= offset)
		return st;
	return record_put_words(record->fd, WORD_PASSED, &offset, 1);
}

static void
judge(struct record_piece *out, const struct slot *slot, bool is_passed,
    const struct record *record)
{
	static const struct slot empty;

	if (memcmp(slot, &empty, sizeof(empty)) == 0) {
		/* That nothing was written there has to be proved, too. */
		out->held = is_passed ? RECORD_UNSURE : RECORD_NONE;
		digest_of_hole(out->digest);
		return;
	}
	memcpy(out->digest, slot->digest, DIGEST_SIZE);
	if (memcmp(slot->tag, spoiled_tag, sizeof(slot->tag)) == 0)
		out->held = RECORD_NONE;
	else
		out->held = memcmp(slot->tag, base_tag(record->base),
		    BASE_TAG_SIZE) == 0 ? RECORD_SURE : RECORD_UNSURE;
}

enum status
record_look(struct record *record, uint64_t first, size_t count,
    struct record_piece *out)
{
	struct slot slots[RECORD_LOOK];
	uint64_t passed;
	enum status st;
	ssize_t n;
	size_t i;

	if ((st = record_get_words(record->fd, WORD_PASSED, &passed, 1)) !=
	    STATUS_OK)
		return st;
	memset(slots, 0, sizeof(slots));
	n = pread(record->fd, slots, count * sizeof(slots[0]),
	    at_slot(first));
	if (n == -1)
		return record_cannot();
	for (i = 0; i < count; i++)
		judge(&out[i], &slots[i],
		    (first + i + 1) * DIGEST_PIECE <= passed, record);
	return STATUS_OK;
}

enum status
record_extent(struct record *record, uint64_t *pieces)
{
	uint64_t passed;
	enum status st;
	struct stat sb;

	*pieces = 0;
	if ((st = record_get_words(record->fd, WORD_PASSED, &passed, 1)) !=
	    STATUS_OK)
		return st;
	if (fstat(record->fd, &sb) == -1)
		return record_cannot();
	if ((uint64_t)sb.st_size > SLOTS)
		*pieces = ((uint64_t)sb.st_size - SLOTS) / sizeof(struct slot);
	if (passed / DIGEST_PIECE > *pieces)
		*pieces = passed / DIGEST_PIECE;
	return STATUS_OK;
}
