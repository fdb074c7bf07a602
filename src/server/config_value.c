/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "config_keys.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "size_text.h"

#define VALUE_MAX 4095	/* bytes: a path */

/* What CONFIG_LIST holds, at the key's offset. */
struct list {
	char	**items;
	size_t	 count;
};

static void *
field(const struct config_key *key, const void *object)
{
	return (char *)(uintptr_t)object + key->offset;
}

const struct config_key *
config_key_find(const char *section, const char *name)
{
	const struct config_key *key;

	for (key = config_keys; key->name != NULL; key++)
		if (strcmp(key->section, section) == 0 &&
		    strcmp(key->name, name) == 0)
			return key;
	return NULL;
}

/* As roots are told from each other: no slash twice, and none at the end. */
static void
tidy_slashes(char *path)
{
	const char *from = path;
	char *to = path;

	for (; *from != '\0'; from++)
		if (*from != '/' || to == path || to[-1] != '/')
			*to++ = *from;
	if (to > path + 1 && to[-1] == '/')
		to--;
	*to = '\0';
}

static enum status
set_text(const struct config_key *key, char **out, const char *text)
{
	char *copy;

	if (text[0] == '\0')
		return status_set(STATUS_CONFIG, "%s is empty: write a value, "
		    "or leave the key out", key->full);
	if (strlen(text) > VALUE_MAX)
		return status_set(STATUS_CONFIG, "%s is longer than %d bytes",
		    key->full, VALUE_MAX);
	if (key->type == CONFIG_PATH && text[0] != '/')
		return status_set(STATUS_CONFIG, "%s is `%s`: write the whole "
		    "path, beginning with /", key->full, text);
	if ((copy = strdup(text)) == NULL)
		return STATUS_NO_MEMORY;
	if (key->type == CONFIG_PATH &&
	    strcmp(key->section, CONFIG_SHARE) == 0)
		tidy_slashes(copy);
	free(*out);
	*out = copy;
	return STATUS_OK;
}

static enum status
add_item(const struct config_key *key, struct list *list, const char *text)
{
	char **items, *item = NULL;
	enum status st;

	if (list->count == CONFIG_LIST_MAX)
		return status_set(STATUS_CONFIG, "%s has more than %d values",
		    key->full, CONFIG_LIST_MAX);
	if ((st = set_text(key, &item, text)) != STATUS_OK)
		return st;
	items = reallocarray(list->items, list->count + 1, sizeof(*items));
	if (items == NULL) {
		free(item);
		return STATUS_NO_MEMORY;
	}
	list->items = items;
	list->items[list->count++] = item;
	return STATUS_OK;
}

static enum status
set_number(const struct config_key *key, unsigned int *out, const char *text)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long number;

	/* Nine digits are more than any limit and fit everywhere. */
	if (digits == 0 || text[digits] != '\0' || digits > 9)
		number = UINT32_MAX;
	else
		number = strtoul(text, NULL, 10);
	if (number < key->least || number > key->most)
		return status_set(STATUS_CONFIG, "%s is `%.64s`: write a "
		    "number from %u to %u", key->full, text, key->least,
		    key->most);
	*out = (unsigned int)number;
	return STATUS_OK;
}

static enum status
set_size(const struct config_key *key, uint64_t *out, const char *text)
{
	if (!size_text_parse(out, text))
		return status_set(STATUS_CONFIG, "%s is `%.64s`: write a "
		    "number, with K, M, G or T behind it if need be",
		    key->full, text);
	return STATUS_OK;
}

static enum status
find_word(const struct config_key *key, unsigned int *out, const char *text)
{
	char known[128] = "", hint[96];
	size_t len = 0;
	unsigned int i;

	for (i = 0; key->words[i] != NULL; i++) {
		if (strcmp(key->words[i], text) == 0) {
			*out = i;
			return STATUS_OK;
		}
		len += (size_t)snprintf(known + len, sizeof(known) - len,
		    "%s%s", i == 0 ? "" : ", ", key->words[i]);
	}
	return status_set(STATUS_CONFIG, "%s is `%.64s`: write one of %s%s",
	    key->full, text, known,
	    nearest_hint(hint, sizeof(hint), text, key->words));
}

enum status
config_key_set(const struct config_key *key, void *object, const char *text)
{
	void *at = field(key, object);
	unsigned int word = 0;
	enum status st;

	switch (key->type) {
	case CONFIG_TEXT:
	case CONFIG_PATH:
		return set_text(key, at, text);
	case CONFIG_LIST:
		return add_item(key, at, text);
	case CONFIG_NUMBER:
		return set_number(key, at, text);
	case CONFIG_SIZE:
		return set_size(key, at, text);
	case CONFIG_FLAG:
	case CONFIG_CHOICE:
		break;
	}
	if ((st = find_word(key, &word, text)) != STATUS_OK)
		return st;
	if (key->type == CONFIG_FLAG)
		*(bool *)at = word == 1;
	else
		*(unsigned int *)at = word;
	return STATUS_OK;
}

void
config_key_clear(const struct config_key *key, void *object)
{
	void *at = field(key, object);
	struct list *list;

	if (key->type == CONFIG_TEXT || key->type == CONFIG_PATH) {
		free(*(char **)at);
		*(char **)at = NULL;
	} else if (key->type == CONFIG_LIST) {
		list = at;
		while (list->count > 0)
			free(list->items[--list->count]);
		free(list->items);
		list->items = NULL;
	}
}

static bool
lists_equal(const struct list *a, const struct list *b)
{
	size_t i;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

static bool
texts_equal(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

bool
config_key_equal(const struct config_key *key, const void *a, const void *b)
{
	const void *x = field(key, a), *y = field(key, b);

	switch (key->type) {
	case CONFIG_TEXT:
	case CONFIG_PATH:
		return texts_equal(*(char *const *)x, *(char *const *)y);
	case CONFIG_LIST:
		return lists_equal(x, y);
	case CONFIG_FLAG:
		return *(const bool *)x == *(const bool *)y;
	case CONFIG_SIZE:
		return *(const uint64_t *)x == *(const uint64_t *)y;
	case CONFIG_NUMBER:
	case CONFIG_CHOICE:
		break;
	}
	return *(const unsigned int *)x == *(const unsigned int *)y;
}

static enum status
copy_list(const struct config_key *key, struct list *to,
    const struct list *from)
{
	enum status st = STATUS_OK;
	size_t i;

	for (i = 0; i < from->count && st == STATUS_OK; i++)
		st = add_item(key, to, from->items[i]);
	return st;
}

enum status
config_key_copy(const struct config_key *key, void *to, const void *from)
{
	void *x = field(key, to);
	const void *y = field(key, from);

	config_key_clear(key, to);
	switch (key->type) {
	case CONFIG_TEXT:
	case CONFIG_PATH:
		if (*(char *const *)y == NULL)
			return STATUS_OK;
		return set_text(key, x, *(char *const *)y);
	case CONFIG_LIST:
		return copy_list(key, x, y);
	case CONFIG_FLAG:
		*(bool *)x = *(const bool *)y;
		return STATUS_OK;
	case CONFIG_SIZE:
		*(uint64_t *)x = *(const uint64_t *)y;
		return STATUS_OK;
	case CONFIG_NUMBER:
	case CONFIG_CHOICE:
		break;
	}
	*(unsigned int *)x = *(const unsigned int *)y;
	return STATUS_OK;
}
