/*
 * option - the long options of commands, such as --wait 10.
 */
#ifndef OPTION_H
#define OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option {
	OPTION_ATOMIC,
	OPTION_CHECKSUM,
	OPTION_DELETE,
	OPTION_DELTA,
	OPTION_DEPTH,
	OPTION_DRY_RUN,
	OPTION_EXCLUDE,
	OPTION_IF_ABSENT,
	OPTION_IF_VERSION,
	OPTION_INCLUDE,
	OPTION_JOBS,
	OPTION_MAX,
	OPTION_MAX_SIZE,
	OPTION_MIN,
	OPTION_MIN_SIZE,
	OPTION_NAME,
	OPTION_NEWER,
	OPTION_NEWER_THAN,
	OPTION_OFFSET,
	OPTION_OLDER,
	OPTION_RANGE,
	OPTION_SEGMENTS,
	OPTION_SHARED,
	OPTION_TAKEN,
	OPTION_TYPE,
	OPTION_MIME,		/* --type of list; find has another */
	OPTION_WAIT,
	OPTION_WATCH,
	OPTION_COUNT
};

/* For the set that a verb knows. */
#define OPTION_BIT(option) (UINT64_C(1) << (option))

/*
 * The one of those in the set `known` that has the name (not ended by NUL), or
 * OPTION_COUNT.
 */
enum option option_find(const char *name, size_t len, uint64_t known);

/* The same of one that a letter stands for, too. */
enum option option_by_letter(char letter);

/* As nearest_option: a hint to the one of those that `typed`, "--" too, is. */
const char *option_hint(char *out, size_t room, const char *typed,
    uint64_t known);

/* The most patterns that one command takes. */
#define OPTION_GIVEN_MOST 256

/* One that may be given more than once. */
struct given {
	enum option	 option;
	const char	*value;
};

/* Without the dashes. */
const char *option_name(enum option option);

bool option_repeats(enum option option);

/* Does a value stand behind it? */
bool option_has_value(enum option option);

#endif
