/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "json_line.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"

#define DELETE	0x7f	/* the only control character that dumps leave */
#define SUFFIX	"_bytes"
#define KEY_MOST 48

/* Takes over the value. */
static void
put(struct json_line *line, const char *key, json_t *value)
{
	if (line->object == NULL)
		json_decref(value);
	else if (json_object_set_new(line->object, key, value) == -1)
		line->failed = true;
}

void
json_line_begin(struct json_line *line, const char *type)
{
	line->object = json_object();
	line->failed = line->object == NULL;
	json_line_text(line, "type", type);
}

void
json_line_text(struct json_line *line, const char *key, const char *text)
{
	json_line_bytes(line, key, text, strlen(text));
}

/* `out` has room for 4 bytes for each 3, and the NUL. */
static void
encode_base64(char *out, const uint8_t *bytes, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t group;
	size_t i, n;

	for (; len > 0; bytes += n, len -= n) {
		n = len < 3 ? len : 3;
		group = (uint32_t)bytes[0] << 16;
		group |= n > 1 ? (uint32_t)bytes[1] << 8 : 0;
		group |= n > 2 ? bytes[2] : 0;
		for (i = 0; i < 4; i++)
			*out++ = i <= n ? digits[group >> (18 - 6 * i) & 63] :
			    '=';
	}
	*out = '\0';
}

static void
put_base64(struct json_line *line, const char *key, const void *bytes,
    size_t len)
{
	char name[KEY_MOST + sizeof(SUFFIX)], *text;

	if ((text = malloc((len + 2) / 3 * 4 + 1)) == NULL) {
		line->failed = true;
		return;
	}
	snprintf(name, sizeof(name), "%s" SUFFIX, key);
	encode_base64(text, bytes, len);
	put(line, name, json_string(text));
	free(text);
}

void
json_line_bytes(struct json_line *line, const char *key, const void *bytes,
    size_t len)
{
	json_t *value;
	char *safe;

	if (line->object == NULL)
		return;
	if ((value = json_stringn(bytes, len)) != NULL) {
		put(line, key, value);
		return;
	}
	/* It is no UTF-8 (or there is no memory). */
	if ((safe = malloc(len * ESCAPE_GROWTH + 1)) == NULL) {
		line->failed = true;
		return;
	}
	escape_bytes(safe, len * ESCAPE_GROWTH + 1, bytes, len);
	put(line, key, json_string(safe));
	free(safe);
	put_base64(line, key, bytes, len);
}

void
json_line_name(struct json_line *line, const char *key, const char *name)
{
	json_line_bytes(line, key, name, strlen(name));
}

void
json_line_number(struct json_line *line, const char *key, uint64_t number)
{
	json_line_signed(line, key,
	    number > INT64_MAX ? INT64_MAX : (int64_t)number);
}

void
json_line_signed(struct json_line *line, const char *key, int64_t number)
{
	put(line, key, json_integer(number));
}

void
json_line_flag(struct json_line *line, const char *key, bool flag)
{
	put(line, key, json_boolean(flag));
}

void
json_line_hex(struct json_line *line, const char *key, const uint8_t *bytes,
    size_t len)
{
	char *text;
	size_t i;

	if (line->object == NULL)
		return;
	if ((text = malloc(2 * len + 1)) == NULL) {
		line->failed = true;
		return;
	}
	text[0] = '\0';
	for (i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	put(line, key, json_string(text));
	free(text);
}

/* A delete character is six here, and the newline comes behind all. */
static char *
finish(const char *text)
{
	const char *at;
	size_t len = strlen(text) + 2;
	char *out, *to;

	for (at = text; (at = strchr(at, DELETE)) != NULL; at++)
		len += 5;
	if ((out = malloc(len)) == NULL)
		return NULL;
	for (at = text, to = out; *at != '\0'; at++) {
		if (*at == DELETE)
			to = stpcpy(to, "\\u007f");
		else
			*to++ = *at;
	}
	to[0] = '\n';
	to[1] = '\0';
	return out;
}

char *
json_line_end(struct json_line *line)
{
	char *text, *out = NULL;

	text = line->failed ? NULL : json_dumps(line->object,
	    JSON_COMPACT | JSON_ENSURE_ASCII);
	if (text != NULL)
		out = finish(text);
	free(text);
	json_decref(line->object);
	line->object = NULL;
	return out;
}
