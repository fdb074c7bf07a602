/*
 * rights - what a user may do below the root, as bits and as words.
 *
 * In words: a preset (full, read, drop), or single rights joined by `+`.
 */
#ifndef RIGHTS_H
#define RIGHTS_H

#include <stddef.h>

#include "status.h"

enum rights {
	RIGHT_LIST = 1 << 0,		/* see names, sizes and times */
	RIGHT_READ = 1 << 1,
	RIGHT_WRITE = 1 << 2,		/* put files that are not there yet */
	RIGHT_OVERWRITE = 1 << 3,	/* replace, write within, truncate */
	RIGHT_APPEND = 1 << 4,
	RIGHT_DELETE = 1 << 5,
	RIGHT_MKDIR = 1 << 6,
	RIGHT_RENAME = 1 << 7,
	RIGHT_LOCK = 1 << 8,
};

#define RIGHTS_FULL 0x1ffu
#define RIGHTS_READ (RIGHT_LIST | RIGHT_READ)
/* May put new files and resume its own, and nothing else. */
#define RIGHTS_DROP RIGHT_WRITE

/* Room for the words of any rights, with their NUL. */
#define RIGHTS_TEXT_MAX 80

/* STATUS_CONFIG names the word that is unknown, and the nearest known one. */
enum status rights_parse(unsigned int *out, const char *words, size_t len);

/* The preset's name if there is one, else the rights joined by `+`. */
const char *rights_format(char out[RIGHTS_TEXT_MAX], unsigned int rights);

#endif
