/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "server_config.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_check.h"
#include "config_environ.h"
#include "config_keys.h"
#include "config_parse.h"
#include "config_titled.h"

/* What the process may use, which the sandbox does not change. */
static unsigned int
cores(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) == -1)
		return 1;
	return (unsigned int)CPU_COUNT(&set);
}

static enum status
derive(struct config *config)
{
	unsigned int n = cores();

	if (config->workers == 0)
		config->workers = n < 4 ? 4 : n;
	if (config->login_threads == 0)
		config->login_threads = n < 4 ? 1 : n / 2;
	if (config->ticket_keys == NULL &&
	    asprintf(&config->ticket_keys, "%s/ticket-keys",
	    config->state) == -1) {
		config->ticket_keys = NULL;
		return STATUS_NO_MEMORY;
	}
	return STATUS_OK;
}

static enum status
set_defaults(struct config *config)
{
	const struct config_key *key;
	enum status st;

	for (key = config_keys; key->name != NULL; key++) {
		if (key->fallback == NULL || key->type == CONFIG_LIST ||
		    config_titled_kind(key->section) != -1)
			continue;
		st = config_key_set(key, config, key->fallback);
		if (st != STATUS_OK)
			return st;
	}
	return STATUS_OK;
}

/* A list grows, so that its default comes last. */
static enum status
set_default_lists(struct config *config)
{
	if (config->listen_count > 0)
		return STATUS_OK;
	return config_set_list(config_key_find("", "listen"), config,
	    config_key_find("", "listen")->fallback);
}

enum status
config_parse(struct config **out, const char *text, const char *file)
{
	struct config_lines lines = { 0 };
	struct config *config;
	enum status st = STATUS_NO_MEMORY;

	*out = NULL;
	if ((config = calloc(1, sizeof(*config))) == NULL)
		goto out;
	if ((st = set_defaults(config)) != STATUS_OK ||
	    (st = config_parse_text(config, &lines, text, file)) !=
	    STATUS_OK ||
	    (st = config_environ_apply(config)) != STATUS_OK ||
	    (st = set_default_lists(config)) != STATUS_OK ||
	    (st = derive(config)) != STATUS_OK ||
	    (st = config_check(config, &lines, file)) != STATUS_OK)
		goto out;
	*out = config;
	config = NULL;
out:
	config_lines_clear(&lines);
	config_free(config);
	return st;
}

static enum status
read_text(char **out, FILE *fp, const char *file)
{
	char *text;
	size_t len;

	if ((text = malloc(CONFIG_FILE_MAX + 2)) == NULL)
		return STATUS_NO_MEMORY;
	len = fread(text, 1, CONFIG_FILE_MAX + 1, fp);
	text[len] = '\0';
	*out = text;
	if (ferror(fp))
		return status_errno("read %s", file);
	if (len > CONFIG_FILE_MAX)
		return status_set(STATUS_CONFIG, "%s:1: longer than %u bytes: "
		    "is this a configuration file?", file, CONFIG_FILE_MAX);
	if (strlen(text) != len)
		return status_set(STATUS_CONFIG, "%s:1: holds a NUL byte: "
		    "is this a configuration file?", file);
	return STATUS_OK;
}

enum status
config_read(char **out, const char *file)
{
	enum status st;
	FILE *fp;

	*out = NULL;
	if ((fp = fopen(file, "re")) == NULL && errno == ENOENT)
		return status_set(STATUS_CONFIG, "configuration file %s is "
		    "missing: make it (see ftserver.conf(5)), or try "
		    "ftserver --quick DIR", file);
	if (fp == NULL)
		return status_set(STATUS_CONFIG, "configuration file %s: %s",
		    file, strerror(errno));
	st = read_text(out, fp, file);
	fclose(fp);
	if (st != STATUS_OK) {
		free(*out);
		*out = NULL;
	}
	return st;
}

enum status
config_load(struct config **out, const char *file)
{
	enum status st;
	char *text;

	*out = NULL;
	if ((st = config_read(&text, file)) != STATUS_OK)
		return st;
	st = config_parse(out, text, file);
	free(text);
	return st;
}

static bool
is_fixed_at_top(const struct config_key *key)
{
	return key->is_fixed && config_titled_kind(key->section) == -1;
}

const char *
config_next_fixed_difference(const struct config *a, const struct config *b,
    size_t *from)
{
	const struct config_key *key = &config_keys[*from];

	for (; key->name != NULL; key++) {
		++*from;
		if (strcmp(key->full, CONFIG_BASE ".path") == 0) {
			/* Stands for the bases as a whole. */
			if (!config_titled_equal(a, b,
			    config_titled_kind(CONFIG_BASE)))
				return CONFIG_BASE;
		} else if (is_fixed_at_top(key) &&
		    !config_key_equal(key, a, b)) {
			return key->full;
		}
	}
	return NULL;
}

const char *
config_fixed_difference(const struct config *a, const struct config *b)
{
	size_t from = 0;

	return config_next_fixed_difference(a, b, &from);
}

enum status
config_keep_fixed(struct config *next, const struct config *now)
{
	int bases = config_titled_kind(CONFIG_BASE);
	const struct config_key *key;
	enum status st;

	for (key = config_keys; key->name != NULL; key++)
		if (is_fixed_at_top(key) &&
		    (st = config_key_copy(key, next, now)) != STATUS_OK)
			return st;
	if (config_titled_equal(next, now, bases))
		return STATUS_OK;
	config_titled_clear(next, bases);
	return config_titled_copy(next, now, bases);
}

void
config_free(struct config *config)
{
	const struct config_key *key;
	int kind;

	if (config == NULL)
		return;
	for (key = config_keys; key->name != NULL; key++)
		if (config_titled_kind(key->section) == -1)
			config_key_clear(key, config);
	for (kind = 0; kind < CONFIG_TITLED_KINDS; kind++)
		config_titled_clear(config, kind);
	free(config);
}
