/*
 * json_line - one JSON object on a line of its own, for programs: plain ASCII,
 * its members in the order in which they are put.
 *
 *	json_line_begin, json_line_text ..., json_line_end
 */
#ifndef JSON_LINE_H
#define JSON_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_t;

/* The fields are the module's own. */
struct json_line {
	struct json_t	*object;	/* owned; NULL: out of memory */
	bool		 failed;	/* something is missing in it */
};

/* An object with this "type". */
void json_line_begin(struct json_line *line, const char *type);

/* Words of ours. */
void json_line_text(struct json_line *line, const char *key,
    const char *text);

/*
 * A name, or a text of a stranger: as it is if it is UTF-8, else escaped as
 * people see it, and then "KEY_bytes" has its bytes in base64.
 */
void json_line_bytes(struct json_line *line, const char *key,
    const void *bytes, size_t len);
void json_line_name(struct json_line *line, const char *key,
    const char *name);

/* More than a signed number holds is told as the largest of those. */
void json_line_number(struct json_line *line, const char *key,
    uint64_t number);
void json_line_signed(struct json_line *line, const char *key,
    int64_t number);
void json_line_flag(struct json_line *line, const char *key, bool flag);

/* Lower-case digits. */
void json_line_hex(struct json_line *line, const char *key,
    const uint8_t *bytes, size_t len);

/*
 * The line with its newline, to be freed, or NULL if there was no memory.
 * Frees what the line has.
 */
char *json_line_end(struct json_line *line);

#endif
