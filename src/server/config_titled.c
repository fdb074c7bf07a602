/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "config_titled.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config_keys.h"

#define NAME_LEN 32

/* What every titled section begins with. */
struct titled {
	char	*name;		/* owned */
};

/* As they lie in struct config: the items, and right behind it how many. */
struct row {
	char	*items;		/* owned */
	size_t	 count;
};

static const struct kind {
	const char	*section;
	size_t		 offset;	/* of its row */
	size_t		 size;		/* of an item */
} kinds[CONFIG_TITLED_KINDS] = {
	{ CONFIG_BASE, offsetof(struct config, bases),
	    sizeof(struct config_base) },
	{ CONFIG_SHARE, offsetof(struct config, shares),
	    sizeof(struct config_share) },
};

int
config_titled_kind(const char *section)
{
	int kind;

	for (kind = 0; kind < CONFIG_TITLED_KINDS; kind++)
		if (strcmp(kinds[kind].section, section) == 0)
			return kind;
	return -1;
}

static struct row *
row_of(const struct config *config, int kind)
{
	return (struct row *)((char *)(uintptr_t)config + kinds[kind].offset);
}

size_t
config_titled_count(const struct config *config, int kind)
{
	return row_of(config, kind)->count;
}

void *
config_titled_at(const struct config *config, int kind, size_t i)
{
	return row_of(config, kind)->items + i * kinds[kind].size;
}

const char *
config_titled_name(const struct config *config, int kind, size_t i)
{
	return ((struct titled *)config_titled_at(config, kind, i))->name;
}

static enum status
check_name(const char *section, const char *name, size_t count)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t len = strlen(name);

	if (len == 0 || len > NAME_LEN || strspn(name, allowed) != len)
		return status_set(STATUS_CONFIG, "a %s is named by 1 to %d "
		    "of a-z 0-9 - _, not `%.64s`", section, NAME_LEN, name);
	if (count == CONFIG_TITLED_MAX)
		return status_set(STATUS_CONFIG, "there are more than %d %ss",
		    CONFIG_TITLED_MAX, section);
	return STATUS_OK;
}

static enum status
set_defaults(int kind, void *item)
{
	enum status st = STATUS_OK;
	const struct config_key *key;

	for (key = config_keys; key->name != NULL && st == STATUS_OK; key++)
		if (config_titled_kind(key->section) == kind &&
		    key->fallback != NULL)
			st = config_key_set(key, item, key->fallback);
	return st;
}

enum status
config_titled_add(void **out, struct config *config, int kind,
    const char *name)
{
	struct row *row = row_of(config, kind);
	size_t size = kinds[kind].size;
	struct titled *item;
	enum status st;
	char *items;

	*out = NULL;
	if ((st = check_name(kinds[kind].section, name, row->count)) !=
	    STATUS_OK)
		return st;
	items = reallocarray(row->items, row->count + 1, size);
	if (items == NULL)
		return STATUS_NO_MEMORY;
	row->items = items;
	item = (struct titled *)(void *)(items + row->count * size);
	memset(item, 0, size);
	if ((item->name = strdup(name)) == NULL)
		return STATUS_NO_MEMORY;
	row->count++;
	*out = item;
	return set_defaults(kind, item);
}

/* The first key of the two that differs, or NULL. */
static const struct config_key *
differing_key(int kind, const void *a, const void *b)
{
	const struct config_key *key;

	for (key = config_keys; key->name != NULL; key++)
		if (config_titled_kind(key->section) == kind &&
		    !config_key_equal(key, a, b))
			return key;
	return NULL;
}

static bool
items_equal(int kind, const void *a, const void *b)
{
	return strcmp(((const struct titled *)a)->name,
	    ((const struct titled *)b)->name) == 0 &&
	    differing_key(kind, a, b) == NULL;
}

bool
config_titled_equal(const struct config *a, const struct config *b, int kind)
{
	size_t i, count = config_titled_count(a, kind);

	if (count != config_titled_count(b, kind))
		return false;
	for (i = 0; i < count; i++)
		if (!items_equal(kind, config_titled_at(a, kind, i),
		    config_titled_at(b, kind, i)))
			return false;
	return true;
}

void
config_titled_difference(char out[CONFIG_PLACE_SIZE], const struct config *a,
    const struct config *b, int kind)
{
	size_t i, count = config_titled_count(a, kind);
	const struct config_key *key = NULL;
	const char *name;

	config_place(out, kinds[kind].section, NULL, NULL);
	for (i = 0; i < count && i < config_titled_count(b, kind) &&
	    key == NULL; i++) {
		name = config_titled_name(a, kind, i);
		if (strcmp(name, config_titled_name(b, kind, i)) != 0)
			return;
		key = differing_key(kind, config_titled_at(a, kind, i),
		    config_titled_at(b, kind, i));
		if (key != NULL)
			config_place(out, kinds[kind].section, name,
			    key->name);
	}
}

enum status
config_titled_copy(struct config *to, const struct config *from, int kind)
{
	const struct config_key *key;
	enum status st = STATUS_OK;
	void *item;
	size_t i;

	for (i = 0; i < config_titled_count(from, kind) && st == STATUS_OK;
	    i++) {
		st = config_titled_add(&item, to, kind,
		    config_titled_name(from, kind, i));
		for (key = config_keys; st == STATUS_OK && key->name != NULL;
		    key++)
			if (config_titled_kind(key->section) == kind)
				st = config_key_copy(key, item,
				    config_titled_at(from, kind, i));
	}
	return st;
}

static void
clear_item(int kind, void *item)
{
	const struct config_key *key;

	for (key = config_keys; key->name != NULL; key++)
		if (config_titled_kind(key->section) == kind)
			config_key_clear(key, item);
	free(((struct titled *)item)->name);
}

void
config_titled_clear(struct config *config, int kind)
{
	struct row *row = row_of(config, kind);

	while (row->count > 0) {
		clear_item(kind, config_titled_at(config, kind,
		    row->count - 1));
		row->count--;
	}
	free(row->items);
	row->items = NULL;
}
