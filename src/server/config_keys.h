/*
 * config_keys - the one table of what can be configured.  It drives the
 * parser, the environment, the errors of range and the difference between what
 * a reload and what a restart changes; a test compares it with
 * ftserver.conf(5).
 */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

enum config_type {
	CONFIG_TEXT,		/* char * */
	CONFIG_PATH,		/* char *, absolute */
	CONFIG_LIST,		/* char ** and, right behind it, size_t */
	CONFIG_NUMBER,		/* unsigned int, least to most */
	CONFIG_SIZE,		/* uint64_t; K, M, G or T may follow it */
	CONFIG_FLAG,		/* bool: the first or the second of words */
	CONFIG_CHOICE		/* unsigned int: which of words */
};

struct config_key {
	const char	*full;		/* "SECTION.NAME" or "NAME" */
	const char	*section;	/* "" for the top level */
	const char	*name;
	enum config_type type;
	size_t		 offset;	/* in config, or in what has a title */
	const char	*fallback;	/* the default as written; NULL: none */
	unsigned int	 least, most;
	const char *const *words;	/* ended by NULL */
	bool		 is_fixed;	/* only a restart changes it */
};

#define CONFIG_BASE "base"	/* the sections that have a title */
#define CONFIG_SHARE "share"
#define CONFIG_LIST_MAX 64

extern const struct config_key config_keys[];	/* ended by a NULL name */
extern const char *const config_sections[];	/* ended by NULL; "" first */

/* NULL if there is no such key. */
const struct config_key *config_key_find(const char *section,
    const char *name);

/*
 * Set the key in `object` from text: what has a title for keys of such
 * sections, else a struct config.  A list grows by one.  STATUS_CONFIG with
 * the key, the value and what would be right.
 */
enum status config_key_set(const struct config_key *key, void *object,
    const char *text);

/* Give back what the key holds. */
void config_key_clear(const struct config_key *key, void *object);

bool config_key_equal(const struct config_key *key, const void *a,
    const void *b);

/* Make the key of `to` what that of `from` is.  STATUS_NO_MEMORY. */
enum status config_key_copy(const struct config_key *key, void *to,
    const void *from);

#endif
