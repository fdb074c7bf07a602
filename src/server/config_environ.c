/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "config_environ.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_titled.h"

#define PREFIX "FTSERVER_"
#define VARIABLE_MAX 128

/* `title` is that of the section that the key belongs to, or NULL. */
static void
variable_name(char out[VARIABLE_MAX], const struct config_key *key,
    const char *title)
{
	char *c;

	snprintf(out, VARIABLE_MAX, PREFIX "%s%s%s%s%s", key->section,
	    key->section[0] != '\0' ? "_" : "", title != NULL ? title : "",
	    title != NULL ? "_" : "", key->name);
	for (c = out; *c != '\0'; c++)
		*c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
}

enum status
config_set_list(const struct config_key *key, void *object,
    const char *text)
{
	enum status st = STATUS_OK;
	char *copy, *rest, *item;

	config_key_clear(key, object);
	if ((copy = strdup(text)) == NULL)
		return STATUS_NO_MEMORY;
	for (item = strtok_r(copy, ", \t", &rest);
	    item != NULL && st == STATUS_OK;
	    item = strtok_r(NULL, ", \t", &rest))
		st = config_key_set(key, object, item);
	free(copy);
	return st;
}

static enum status
apply_key(const struct config_key *key, void *object, const char *title)
{
	char name[VARIABLE_MAX], text[512];
	const char *value;
	enum status st;

	variable_name(name, key, title);
	if ((value = getenv(name)) == NULL)
		return STATUS_OK;
	if (key->type == CONFIG_LIST)
		st = config_set_list(key, object, value);
	else
		st = config_key_set(key, object, value);
	if (st != STATUS_CONFIG)
		return st;
	snprintf(text, sizeof(text), "%s", status_text(st));
	return status_set(st, "environment variable %s: %s", name, text);
}

static enum status
apply_to_titled(const struct config_key *key, struct config *config, int kind)
{
	enum status st = STATUS_OK;
	size_t i;

	for (i = 0; i < config_titled_count(config, kind) && st == STATUS_OK;
	    i++)
		st = apply_key(key, config_titled_at(config, kind, i),
		    config_titled_name(config, kind, i));
	return st;
}

enum status
config_environ_apply(struct config *config)
{
	const struct config_key *key;
	enum status st = STATUS_OK;
	int kind;

	for (key = config_keys; key->name != NULL && st == STATUS_OK; key++) {
		kind = config_titled_kind(key->section);
		if (kind != -1)
			st = apply_to_titled(key, config, kind);
		else
			st = apply_key(key, config, NULL);
	}
	return st;
}

static bool
names_key(const struct config_key *key, const char *variable, size_t len,
    const char *title)
{
	char name[VARIABLE_MAX];

	variable_name(name, key, title);
	return strlen(name) == len && memcmp(name, variable, len) == 0;
}

static bool
is_known(const struct config *config, const char *variable, size_t len)
{
	const struct config_key *key;
	size_t i;
	int kind;

	for (key = config_keys; key->name != NULL; key++) {
		kind = config_titled_kind(key->section);
		if (kind == -1) {
			if (names_key(key, variable, len, NULL))
				return true;
			continue;
		}
		for (i = 0; i < config_titled_count(config, kind); i++)
			if (names_key(key, variable, len,
			    config_titled_name(config, kind, i)))
				return true;
	}
	return false;
}

const char *
config_stray_variable(const struct config *config, size_t *from)
{
	const char *variable;

	while (environ != NULL && (variable = environ[*from]) != NULL) {
		++*from;
		if (strncmp(variable, PREFIX, strlen(PREFIX)) == 0 &&
		    !is_known(config, variable, strcspn(variable, "=")))
			return variable;
	}
	return NULL;
}
