/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "record_file.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>

#include "claim_table.h"

#define MAGIC		0x667475706c643031u

enum { IS_TREE = 1, HAS_SIZE = 2, HAS_MODE = 4, HAS_MTIME = 8,
    IF_ABSENT = 16, IF_VERSION = 32 };

_Static_assert(WORD_GENERATION * 8 == CLAIM_GENERATION_AT,
    "claims look at the generation, too");

static off_t
at_word(enum record_word word)
{
	return (off_t)word * 8;
}

bool
record_write(int fd, const void *bytes, size_t len, off_t at)
{
	ssize_t n;

	do
		n = pwrite(fd, bytes, len, at);
	while (n == -1 && errno == EINTR);
	if (n >= 0 && (size_t)n < len)
		errno = ENOSPC;
	return n >= 0 && (size_t)n == len;
}

enum status
record_cannot(void)
{
	return status_errno("the record of an upload");
}

enum status
record_put_words(int fd, enum record_word first, const uint64_t *words,
    size_t count)
{
	uint64_t big[WORDS];
	size_t i;

	for (i = 0; i < count; i++)
		big[i] = htobe64(words[i]);
	return record_write(fd, big, count * 8, at_word(first)) ? STATUS_OK :
	    record_cannot();
}

enum status
record_get_words(int fd, enum record_word first, uint64_t *words,
    size_t count)
{
	size_t i;
	ssize_t n;

	n = pread(fd, words, count * 8, at_word(first));
	if (n == -1)
		return record_cannot();
	if ((size_t)n != count * 8)
		return status_set(STATUS_NOT_FOUND, "no such upload");
	for (i = 0; i < count; i++)
		words[i] = be64toh(words[i]);
	return STATUS_OK;
}

static uint64_t
check_of(const struct record *record)
{
	size_t from = (size_t)at_word(WORD_CHECK + 1);

	return XXH64(record->head.bytes + from, RECORD_HEAD - from, 0);
}

/* Copy a string behind the words; its length is a word. */
static bool
put_text(struct record *record, enum record_word word, const char *text,
    size_t *at)
{
	size_t size = strlen(text) + 1;

	if (size > RECORD_HEAD - *at)
		return false;
	memcpy(record->head.bytes + *at, text, size);
	record->head.words[word] = htobe64(size);
	*at += size;
	return true;
}

static bool
put_facts(struct record *record, const struct record_facts *facts)
{
	const struct upload_plan *plan = &facts->plan;
	uint64_t *words = record->head.words;
	size_t at = sizeof(record->head.words);

	words[WORD_MAGIC] = htobe64(MAGIC);
	words[WORD_FLAGS] = htobe64((facts->is_tree ? IS_TREE : 0u) |
	    (plan->has_size ? HAS_SIZE : 0u) |
	    (plan->has_mode ? HAS_MODE : 0u) |
	    (plan->has_mtime ? HAS_MTIME : 0u) |
	    (plan->if_absent ? IF_ABSENT : 0u) |
	    (plan->if_version ? IF_VERSION : 0u));
	words[WORD_SIZE] = htobe64(plan->size);
	words[WORD_MODE] = htobe64(plan->mode);
	words[WORD_SECONDS] = htobe64((uint64_t)plan->mtime.seconds);
	words[WORD_NANOSECONDS] = htobe64(plan->mtime.nanoseconds);
	words[WORD_TAKEN] = htobe64((uint64_t)plan->taken);
	memcpy(&words[WORD_VERSION], plan->version, VERSION_SIZE);
	if (!put_text(record, WORD_USER, facts->user, &at) ||
	    !put_text(record, WORD_ROOT, facts->root, &at) ||
	    !put_text(record, WORD_PATH, plan->path, &at))
		return false;
	words[WORD_CHECK] = htobe64(check_of(record));
	return true;
}

/* A string whose length is a word; NULL if it is not one. */
static const char *
get_text(const struct record *record, enum record_word word, size_t *at)
{
	uint64_t size = be64toh(record->head.words[word]);
	const char *text = record->head.bytes + *at;

	if (size == 0 || size > RECORD_HEAD - *at ||
	    memchr(text, '\0', size) != text + size - 1)
		return NULL;
	*at += size;
	return text;
}

static bool
get_facts(struct record *record)
{
	struct record_facts *facts = &record->facts;
	struct upload_plan *plan = &facts->plan;
	const uint64_t *words = record->head.words;
	uint64_t flags = be64toh(words[WORD_FLAGS]);
	size_t at = sizeof(record->head.words);

	if (be64toh(words[WORD_MAGIC]) != MAGIC ||
	    be64toh(words[WORD_CHECK]) != check_of(record))
		return false;
	facts->is_tree = (flags & IS_TREE) != 0;
	plan->has_size = (flags & HAS_SIZE) != 0;
	plan->has_mode = (flags & HAS_MODE) != 0;
	plan->has_mtime = (flags & HAS_MTIME) != 0;
	plan->if_absent = (flags & IF_ABSENT) != 0;
	plan->if_version = (flags & IF_VERSION) != 0;
	plan->size = be64toh(words[WORD_SIZE]);
	plan->mode = (uint32_t)be64toh(words[WORD_MODE]);
	plan->mtime.seconds = (int64_t)be64toh(words[WORD_SECONDS]);
	plan->mtime.nanoseconds = (uint32_t)be64toh(words[WORD_NANOSECONDS]);
	plan->taken = (enum upload_taken)be64toh(words[WORD_TAKEN]);
	memcpy(plan->version, &words[WORD_VERSION], VERSION_SIZE);
	facts->user = get_text(record, WORD_USER, &at);
	facts->root = get_text(record, WORD_ROOT, &at);
	plan->path = get_text(record, WORD_PATH, &at);
	plan->user = facts->user;
	return facts->user != NULL && facts->root != NULL &&
	    plan->path != NULL && plan->path[0] == '/' &&
	    plan->taken <= UPLOAD_DENY;
}

static struct record *
alloc_record(const struct base *base, const uint8_t *id)
{
	struct record *record;

	if ((record = calloc(1, sizeof(*record))) == NULL)
		return NULL;
	record->base = base;
	record->fd = -1;
	memcpy(record->id, id, sizeof(record->id));
	digest_hex(record->name, record->id);
	return record;
}

enum status
record_make(struct record **out, const struct base *base, const uint8_t *id,
    const struct record_facts *facts)
{
	struct record *record;
	enum status st;

	*out = NULL;
	if ((record = alloc_record(base, id)) == NULL)
		return status_set(STATUS_NO_MEMORY, "out of memory");
	if (!put_facts(record, facts) || !get_facts(record)) {
		record_close(record);
		return status_set(STATUS_NAME_TOO_LONG,
		    "the path is too long");
	}
	record->fd = openat(base_uploads_fd(base), record->name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (record->fd == -1 || !record_write(record->fd, record->head.bytes,
	    RECORD_HEAD, 0)) {
		st = record_cannot();
		if (record->fd != -1)
			record_remove(record);
		record_close(record);
		return st;
	}
	*out = record;
	return STATUS_OK;
}

/* A link is no record. */
static enum status
open_and_read(struct record *record)
{
	ssize_t n = 0;

	record->fd = openat(base_uploads_fd(record->base), record->name,
	    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (record->fd != -1)
		n = pread(record->fd, record->head.bytes, RECORD_HEAD, 0);
	else if (errno != ENOENT && errno != ELOOP)
		n = -1;
	if (n == -1)
		return record_cannot();
	if (n != (ssize_t)RECORD_HEAD || !get_facts(record))
		return status_set(STATUS_NOT_FOUND, "no such upload");
	return STATUS_OK;
}

enum status
record_open(struct record **out, const struct base *base, const uint8_t *id)
{
	struct record *record;
	enum status st;

	*out = NULL;
	if ((record = alloc_record(base, id)) == NULL)
		return status_set(STATUS_NO_MEMORY, "out of memory");
	if ((st = open_and_read(record)) != STATUS_OK) {
		record_close(record);
		return st;
	}
	*out = record;
	return STATUS_OK;
}

void
record_close(struct record *record)
{
	if (record == NULL)
		return;
	if (record->fd != -1)
		close(record->fd);
	free(record);
}

void
record_remove(struct record *record)
{
	/* What cannot be removed now is collected later. */
	(void)unlinkat(base_uploads_fd(record->base), record->name, 0);
}

const struct record_facts *
record_facts(const struct record *record)
{
	return &record->facts;
}

const uint8_t *
record_id(const struct record *record)
{
	return record->id;
}

int
record_fd(const struct record *record)
{
	return record->fd;
}

bool
record_is_gone(const struct record *record)
{
	struct stat st;

	return fstat(record->fd, &st) == -1 || st.st_nlink == 0;
}

/* Two that raise it at once are told apart by the locks that they take then. */
enum status
record_raise(struct record *record, uint64_t *generation)
{
	enum status st;

	st = record_get_words(record->fd, WORD_GENERATION, generation, 1);
	if (st != STATUS_OK)
		return st;
	++*generation;
	return record_put_words(record->fd, WORD_GENERATION, generation, 1);
}

/* Digest and version are bytes, not numbers. */
static void
swap_ids(uint64_t *words)
{
	for (int i = 0; i < 4; i++)
		words[WORD_R_DIGEST + i] = htobe64(words[WORD_R_DIGEST + i]);
}

enum status
record_state(struct record *record, enum record_state *state,
    struct upload_receipt *receipt, uint64_t *ino)
{
	uint64_t words[WORD_CHECK];
	enum status st;

	st = record_get_words(record->fd, 0, words, WORD_CHECK);
	if (st != STATUS_OK)
		return st;
	*state = (enum record_state)words[WORD_STATE];
	*ino = words[WORD_INO];
	memset(receipt, 0, sizeof(*receipt));
	memcpy(receipt->id, record->id, sizeof(receipt->id));
	receipt->size = words[WORD_R_SIZE];
	receipt->time.seconds = (int64_t)words[WORD_R_SECONDS];
	receipt->time.nanoseconds = (uint32_t)words[WORD_R_NANOSECONDS];
	swap_ids(words);
	memcpy(receipt->digest, &words[WORD_R_DIGEST], DIGEST_SIZE);
	memcpy(receipt->version, &words[WORD_R_VERSION], VERSION_SIZE);
	return STATUS_OK;
}

static enum status
put_state(struct record *record, enum record_state state, uint64_t ino,
    const struct upload_receipt *receipt)
{
	uint64_t words[WORD_CHECK];

	words[WORD_STATE] = (uint64_t)state;
	words[WORD_INO] = ino;
	words[WORD_R_SIZE] = receipt->size;
	words[WORD_R_SECONDS] = (uint64_t)receipt->time.seconds;
	words[WORD_R_NANOSECONDS] = receipt->time.nanoseconds;
	memcpy(&words[WORD_R_DIGEST], receipt->digest, DIGEST_SIZE);
	memcpy(&words[WORD_R_VERSION], receipt->version, VERSION_SIZE);
	swap_ids(words);
	return record_put_words(record->fd, WORD_STATE, words + WORD_STATE,
	    WORD_CHECK - WORD_STATE);
}

enum status
record_seal(struct record *record, const struct upload_receipt *receipt,
    uint64_t ino)
{
	return put_state(record, RECORD_SEALED, ino, receipt);
}

enum status
record_reopen(struct record *record)
{
	static const struct upload_receipt nothing;

	return put_state(record, RECORD_OPEN, 0, &nothing);
}

enum status
record_finish(struct record *record, const struct upload_receipt *receipt)
{
	return put_state(record, RECORD_DONE, 0, receipt);
}
