/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "rights.h"

#include <stdio.h>
#include <string.h>

#include "nearest.h"

/* Presets first: rights_format prefers them. */
static const char *const words[] = { "full", "read", "drop", "list", "read",
	"write", "overwrite", "append", "delete", "mkdir", "rename", "lock",
	NULL };
static const unsigned int values[] = { RIGHTS_FULL, RIGHTS_READ, RIGHTS_DROP,
	RIGHT_LIST, RIGHT_READ, RIGHT_WRITE, RIGHT_OVERWRITE, RIGHT_APPEND,
	RIGHT_DELETE, RIGHT_MKDIR, RIGHT_RENAME, RIGHT_LOCK };
#define PRESETS 3
#define WORDS (sizeof(values) / sizeof(values[0]))

static enum status
refuse(const char *word, size_t len)
{
	char typed[65], hint[100];

	snprintf(typed, sizeof(typed), "%.*s", (int)len, word);
	return status_set(STATUS_CONFIG, "`%s` is no right%s (a preset, full, "
	    "read or drop, or some of list, read, write, overwrite, append, "
	    "delete, mkdir, rename and lock joined by `+`)", typed,
	    nearest_hint(hint, sizeof(hint), typed, words));
}

static size_t
find(size_t from, const char *word, size_t len)
{
	size_t i;

	for (i = from; i < WORDS; i++)
		if (strlen(words[i]) == len && memcmp(words[i], word, len) == 0)
			break;
	return i;
}

enum status
rights_parse(unsigned int *out, const char *text, size_t len)
{
	const char *end = text + len, *plus;
	unsigned int rights = 0;
	size_t i, n;

	*out = 0;
	if ((i = find(0, text, len)) < PRESETS) {
		*out = values[i];
		return STATUS_OK;
	}
	for (;; text = plus + 1) {
		plus = memchr(text, '+', (size_t)(end - text));
		n = (size_t)((plus != NULL ? plus : end) - text);
		if ((i = find(PRESETS, text, n)) == WORDS)
			return refuse(text, n < 64 ? n : 64);
		rights |= values[i];
		if (plus == NULL)
			break;
	}
	*out = rights;
	return STATUS_OK;
}

const char *
rights_format(char out[RIGHTS_TEXT_MAX], unsigned int rights)
{
	char *at = out;
	size_t i;

	for (i = 0; i < PRESETS; i++)
		if (values[i] == rights)
			return strcpy(out, words[i]);
	*out = '\0';
	for (i = PRESETS; i < WORDS; i++)
		if ((rights & values[i]) != 0)
			at += sprintf(at, "%s%s", at == out ? "" : "+",
			    words[i]);
	return out;
}
