/*
 * record_file - what a record is made of, for the two files that write it:
 * upload_record.c its head, and record_pieces.c the slots behind it.
 */
#ifndef RECORD_FILE_H
#define RECORD_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "stage.h"
#include "upload_record.h"

/*
 * The file: a head of words (big-endian, 8 bytes each) and strings, then a slot
 * for each piece.  The words before CHECK change, those behind it never do.
 */
#define RECORD_HEAD	12288u

enum record_word {
	WORD_MAGIC, WORD_GENERATION, WORD_PASSED, WORD_STATE, WORD_INO,
	WORD_R_SIZE, WORD_R_DIGEST, WORD_R_VERSION = WORD_R_DIGEST + 2,
	WORD_R_SECONDS = WORD_R_VERSION + 2, WORD_R_NANOSECONDS,
	WORD_CHECK,
	WORD_FLAGS, WORD_SIZE, WORD_MODE, WORD_SECONDS, WORD_NANOSECONDS,
	WORD_TAKEN, WORD_VERSION, WORD_USER = WORD_VERSION + 2, WORD_ROOT,
	WORD_PATH, WORDS
};

struct record {
	const struct base *base;	/* borrowed */
	uint8_t		 id[STAGE_ID_SIZE];
	char		 name[STAGE_NAME_ROOM];
	int		 fd;		/* owned */
	struct record_facts facts;
	union {
		uint64_t words[WORDS];
		char	 bytes[RECORD_HEAD];
	} head;
};

/* All of it, or false with errno. */
bool record_write(int fd, const void *bytes, size_t len, off_t at);

enum status record_put_words(int fd, enum record_word first,
    const uint64_t *words, size_t count);
/* STATUS_NOT_FOUND if it is too short for them. */
enum status record_get_words(int fd, enum record_word first,
    uint64_t *words, size_t count);

/* The failure that errno tells of. */
enum status record_cannot(void);

#endif
