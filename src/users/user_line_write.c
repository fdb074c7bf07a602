/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "user_line.h"

/* Writes until there is no more room, and remembers that. */
struct writer {
	char	*at;
	char	*end;
	bool	 is_full;
};

static void
put(struct writer *w, const char *text)
{
	size_t len = strlen(text);

	if (w->is_full || (size_t)(w->end - w->at) < len) {
		w->is_full = true;
		return;
	}
	memcpy(w->at, text, len);
	w->at += len;
}

static void
put_value(struct writer *w, const char *value)
{
	const unsigned char *p = (const unsigned char *)value;
	char piece[4];

	for (; *p != '\0'; p++) {
		if (*p <= 0x20 || *p >= 0x7f || strchr(",%:", *p) != NULL)
			snprintf(piece, sizeof(piece), "%%%02X", *p);
		else
			snprintf(piece, sizeof(piece), "%c", *p);
		put(w, piece);
	}
}

static void
put_key(struct writer *w, bool *is_first, const char *name, const char *value)
{
	put(w, *is_first ? "" : ",");
	put(w, name);
	put(w, "=");
	put_value(w, value);
	*is_first = false;
}

/* The value that `pairs` give a key, or NULL. */
static const char *
new_value(const char *key, const char *const *pairs, size_t count)
{
	size_t i, len = strlen(key);

	for (i = 0; i < count; i++)
		if (strncmp(pairs[i], key, len) == 0 && pairs[i][len] == '=')
			return pairs[i] + len + 1;
	return NULL;
}

static void
put_old_keys(struct writer *w, bool *is_first, const struct user_line *line,
    const char *const *pairs, size_t count)
{
	const struct user_key *key;
	const char *value;

	for (key = line->key; key < line->key + line->keys; key++) {
		value = new_value(key->name, pairs, count);
		if (value == NULL)
			value = key->value;
		else if (*value == '\0')
			continue;
		put_key(w, is_first, key->name, value);
	}
}

static enum status
put_new_key(struct writer *w, bool *is_first, const struct user_line *line,
    const char *pair)
{
	const char *equals = strchr(pair, '=');
	char name[33];

	if (equals == NULL || equals - pair >= (ptrdiff_t)sizeof(name))
		return status_set(STATUS_CONFIG,
		    "`%.64s` is not of the form key=value", pair);
	snprintf(name, sizeof(name), "%.*s", (int)(equals - pair), pair);
	if (user_line_get(line, name) == NULL && equals[1] != '\0')
		put_key(w, is_first, name, equals + 1);
	return STATUS_OK;
}

enum status
user_line_change(char out[USER_LINE_MAX + 2], const struct user_line *line,
    const char *hash, const char *const *pairs, size_t count)
{
	struct writer w = { .at = out, .end = out + USER_LINE_MAX };
	struct user_line check;
	bool is_first = true;
	enum status st;
	size_t i;

	out[0] = '\0';
	put(&w, line->name);
	put(&w, ":");
	put(&w, hash != NULL ? hash : line->hash);
	put(&w, ":");
	put_old_keys(&w, &is_first, line, pairs, count);
	for (i = 0; i < count; i++)
		if ((st = put_new_key(&w, &is_first, line, pairs[i])) !=
		    STATUS_OK)
			return st;
	if (w.is_full)
		return status_set(STATUS_CONFIG,
		    "the user's line would have over %d bytes", USER_LINE_MAX);
	/* What is written is what will be read. */
	st = user_line_parse(&check, out, (size_t)(w.at - out));
	user_line_free(&check);
	memcpy(w.at, "\n", 2);
	return st;
}

enum status
user_line_write(char out[USER_LINE_MAX + 2], const char *name,
    const char *hash, const char *const *pairs, size_t count)
{
	/* The casts drop a const that user_line_change keeps. */
	const struct user_line empty = { .name = (char *)(uintptr_t)name,
	    .hash = (char *)(uintptr_t)hash };
	enum status st;

	out[0] = '\0';
	if (!user_name_is_group(name) &&
	    (st = user_name_check(name, strlen(name))) != STATUS_OK)
		return st;
	return user_line_change(out, &empty, NULL, pairs, count);
}
