/*
 * user_line - one line of the user file, `name:hash:key=value,key=value...`,
 * or that of a group, `@name::key=value,key=value...`, which has no hash.
 *
 * Values are bytes; in the file those that would disturb (comma, percent,
 * colon, control and non-ASCII bytes) stand as %XX.  Keys that are unknown are
 * kept.  ftserver-users(5) tells the format to people.
 */
#ifndef USER_LINE_H
#define USER_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

#define USER_NAME_MAX 64	/* bytes, without a NUL */
#define USER_LINE_MAX 8192	/* bytes, without the newline */
#define USER_KEYS_MAX 64
#define USER_ROOT_MAX 4095	/* bytes of a decoded root */

struct user_key {
	char	*name;		/* owned by the line */
	char	*value;		/* likewise; decoded, ended with NUL */
	bool	 is_known;
};

struct user_line {
	char		*text;		/* owned; the parts below lie in it */
	char		*name;
	char		*hash;		/* "" for a group */
	size_t		 keys;
	struct user_key	 key[USER_KEYS_MAX];	/* in the order of the file */
};

/* STATUS_CONFIG with what is wrong and what to do, if it is no user's name. */
enum status user_name_check(const char *name, size_t len);

/* Is it a group's? */
bool user_name_is_group(const char *name);

/* The same for a root below a base. */
enum status user_root_check(const char *root);

/* True for a line that says nothing: blank, or a comment. */
bool user_line_is_blank(const char *bytes, size_t len);

/*
 * Parse a line without its newline.  Checks the form, the hash and the values
 * of known keys.  STATUS_CONFIG with what is wrong and what to do, without file
 * and line number.  Free with user_line_free, after a failure too.
 */
enum status user_line_parse(struct user_line *out, const char *bytes,
    size_t len);

/* NULL if the key is not there. */
const char *user_line_get(const struct user_line *line, const char *key);

/* The known keys, ended by NULL, for error texts. */
extern const char *const user_line_keys[];

/*
 * Write the line of a user: `pairs` are `count` strings `key=value` whose
 * values are not yet encoded.  `out` (USER_LINE_MAX + 2) ends with a newline
 * and NUL.  STATUS_CONFIG if it would be too long or does not parse.
 */
enum status user_line_write(char out[USER_LINE_MAX + 2], const char *name,
    const char *hash, const char *const *pairs, size_t count);

/*
 * Write `line` anew with another hash (NULL: as it is) and with `pairs`
 * applied: `key=value` replaces or adds, `key=` removes.
 */
enum status user_line_change(char out[USER_LINE_MAX + 2],
    const struct user_line *line, const char *hash, const char *const *pairs,
    size_t count);

void user_line_free(struct user_line *line);

#endif
