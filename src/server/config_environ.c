/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "config_environ.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "FTSERVER_"
#define VARIABLE_MAX 128

/* `base` is the name of the base that the key belongs to, or NULL. */
static void
variable_name(char out[VARIABLE_MAX], const struct config_key *key,
    const char *base)
{
	char *c;

	snprintf(out, VARIABLE_MAX, PREFIX "%s%s%s%s%s", key->section,
	    key->section[0] != '\0' ? "_" : "", base != NULL ? base : "",
	    base != NULL ? "_" : "", key->name);
	for (c = out; *c != '\0'; c++)
		*c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
}

enum status
config_set_list(const struct config_key *key, struct config *config,
    const char *text)
{
	enum status st = STATUS_OK;
	char *copy, *rest, *item;

	config_key_clear(key, config);
	if ((copy = strdup(text)) == NULL)
		return STATUS_NO_MEMORY;
	for (item = strtok_r(copy, ", \t", &rest);
	    item != NULL && st == STATUS_OK;
	    item = strtok_r(NULL, ", \t", &rest))
		st = config_key_set(key, config, item);
	free(copy);
	return st;
}

static enum status
apply_key(const struct config_key *key, void *object, const char *base)
{
	char name[VARIABLE_MAX], text[512];
	const char *value;
	enum status st;

	variable_name(name, key, base);
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
apply_to_bases(const struct config_key *key, struct config *config)
{
	enum status st = STATUS_OK;
	size_t i;

	for (i = 0; i < config->base_count && st == STATUS_OK; i++)
		st = apply_key(key, &config->bases[i], config->bases[i].name);
	return st;
}

enum status
config_environ_apply(struct config *config)
{
	const struct config_key *key;
	enum status st = STATUS_OK;

	for (key = config_keys; key->name != NULL && st == STATUS_OK; key++) {
		if (strcmp(key->section, CONFIG_BASE) == 0)
			st = apply_to_bases(key, config);
		else
			st = apply_key(key, config, NULL);
	}
	return st;
}

static bool
names_key(const struct config_key *key, const char *variable, size_t len,
    const char *base)
{
	char name[VARIABLE_MAX];

	variable_name(name, key, base);
	return strlen(name) == len && memcmp(name, variable, len) == 0;
}

static bool
is_known(const struct config *config, const char *variable, size_t len)
{
	const struct config_key *key;
	size_t i;

	for (key = config_keys; key->name != NULL; key++) {
		if (strcmp(key->section, CONFIG_BASE) != 0) {
			if (names_key(key, variable, len, NULL))
				return true;
			continue;
		}
		for (i = 0; i < config->base_count; i++)
			if (names_key(key, variable, len,
			    config->bases[i].name))
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
