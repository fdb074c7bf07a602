/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "config_parse.h"

#include <confuse.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_keys.h"
#include "config_scan.h"
#include "config_titled.h"
#include "nearest.h"

#define NAMES_MAX 64		/* keys of a section, and sections */

struct parse {
	struct config	*config;	/* borrowed */
	const char	*file;
	struct config_lines *lines;	/* borrowed */
	enum status	 st;		/* the first error, */
	char		 text[512];	/* and its words */
};

/* libConfuse hands nothing on to its callbacks. */
static _Thread_local struct parse *parsing;

/* Keep the first error; `st` has just been set with its text. */
static int
fail_at(const cfg_t *cfg, enum status st)
{
	if (parsing->st != STATUS_OK)
		return -1;
	parsing->st = st;
	if (st == STATUS_CONFIG)
		snprintf(parsing->text, sizeof(parsing->text), "%s:%d: %s",
		    parsing->file, cfg->line, status_text(st));
	return -1;
}

static const char *
section_of(const cfg_t *cfg)
{
	return strcmp(cfg->name, "root") == 0 ? "" : cfg->name;
}

static enum status
find_titled(size_t *out, int kind, const char *name)
{
	struct config *config = parsing->config;
	size_t i, count = config_titled_count(config, kind);
	void *item;

	for (i = 0; i < count; i++) {
		*out = i;
		if (strcmp(config_titled_name(config, kind, i), name) == 0)
			return STATUS_OK;
	}
	*out = i;
	return config_titled_add(&item, config, kind, name);
}

/* A list comes value by value, and may go on. */
static enum status
check_twice(const struct config_key *key, const cfg_opt_t *opt,
    unsigned int line)
{
	if (line == 0 || (key->type == CONFIG_LIST && opt->nvalues > 1))
		return STATUS_OK;
	return status_set(STATUS_CONFIG, "%s stands in line %u already: "
	    "keep one of the two", key->full, line);
}

static int
take_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const struct config_key *key;
	void *object = parsing->config;
	char place[CONFIG_PLACE_SIZE];
	enum status st;
	size_t i;
	int kind;

	key = config_key_find(section_of(cfg), opt->name);
	if (key == NULL)
		return fail_at(cfg, status_set(STATUS_CONFIG,
		    "`%s` belongs into a section of its own", opt->name));
	if ((kind = config_titled_kind(key->section)) != -1) {
		if ((st = find_titled(&i, kind, cfg->title)) != STATUS_OK)
			return fail_at(cfg, st);
		object = config_titled_at(parsing->config, kind, i);
	}
	config_place(place, key->section, cfg->title, key->name);
	if ((st = check_twice(key, opt, config_lines_of(parsing->lines,
	    place))) != STATUS_OK ||
	    (st = config_key_set(key, object, value)) != STATUS_OK ||
	    (st = config_lines_add(parsing->lines, place,
	    (unsigned int)cfg->line)) != STATUS_OK)
		return fail_at(cfg, st);
	*(const char **)result = value;
	return 0;
}

/* The words that may stand where an unknown one was found. */
static void
known_words(const char *words[NAMES_MAX], const char *section)
{
	const struct config_key *key;
	size_t i, n = 0;

	for (key = config_keys; key->name != NULL; key++)
		if (strcmp(key->section, section) == 0)
			words[n++] = key->name;
	for (i = 1; section[0] == '\0' && config_sections[i] != NULL; i++)
		words[n++] = config_sections[i];
	words[n] = NULL;
}

static enum status
unknown_word(const cfg_t *cfg, const char *word)
{
	const char *section = section_of(cfg), *words[NAMES_MAX];
	const struct config_key *key;
	char hint[96];

	known_words(words, section);
	nearest_hint(hint, sizeof(hint), word, words);
	for (key = config_keys; key->name != NULL; key++)
		if (hint[0] == '\0' && strcmp(key->name, word) == 0)
			return status_set(STATUS_CONFIG, "`%s` does not stand "
			    "here but in a section %s { ... }", word,
			    key->section);
	if (section[0] == '\0')
		return status_set(STATUS_CONFIG, "unknown key `%.64s`%s", word,
		    hint);
	return status_set(STATUS_CONFIG, "unknown key `%.64s` in section %s%s",
	    word, section, hint);
}

/* libConfuse's own errors: of the form, and words that are not known. */
static void __attribute__((format(printf, 2, 0)))
take_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[256];

	if (config_scan_is_unknown(text, sizeof(text), fmt, ap))
		fail_at(cfg, unknown_word(cfg, text));
	else
		fail_at(cfg, status_set(STATUS_CONFIG, "%s: write `key = "
		    "value` lines and `section { ... }`", text));
}

static void
add_options(cfg_opt_t *opts, const char *section)
{
	const struct config_key *key;
	size_t n = 0;

	for (key = config_keys; key->name != NULL; key++) {
		if (strcmp(key->section, section) != 0)
			continue;
		if (key->type == CONFIG_LIST)
			opts[n++] = (cfg_opt_t)CFG_STR_LIST_CB(key->name, NULL,
			    CFGF_NODEFAULT, take_value);
		else
			opts[n++] = (cfg_opt_t)CFG_STR_CB(key->name, NULL,
			    CFGF_NODEFAULT, take_value);
	}
	opts[n] = (cfg_opt_t)CFG_END();
}

static size_t
count_options(const cfg_opt_t *opts)
{
	size_t n = 0;

	while (opts[n].name != NULL)
		n++;
	return n;
}

static cfg_t *
make_parser(void)
{
	cfg_opt_t top[NAMES_MAX], subs[8][NAMES_MAX];
	cfg_flag_t flags;
	cfg_t *cfg;
	size_t i, n;

	add_options(top, "");
	n = count_options(top);
	for (i = 1; config_sections[i] != NULL; i++) {
		add_options(subs[i], config_sections[i]);
		flags = config_titled_kind(config_sections[i]) == -1 ?
		    CFGF_NONE : CFGF_TITLE | CFGF_MULTI | CFGF_NO_TITLE_DUPES;
		top[n++] = (cfg_opt_t)CFG_SEC(config_sections[i], subs[i],
		    flags);
	}
	top[n] = (cfg_opt_t)CFG_END();
	if ((cfg = cfg_init(top, CFGF_NONE)) != NULL)
		cfg_set_error_function(cfg, take_error);
	return cfg;
}

/* A section with a title, but without a key. */
static void
find_empty_titled(cfg_t *cfg, const char *name)
{
	cfg_t *section;
	enum status st;
	unsigned int i;
	size_t at;

	for (i = 0; i < cfg_size(cfg, name); i++) {
		section = cfg_getnsec(cfg, name, i);
		st = find_titled(&at, config_titled_kind(name),
		    cfg_title(section));
		if (st != STATUS_OK)
			fail_at(section, st);
	}
}

/* What libConfuse never tells a callback of: a list and a base of nothing. */
static void
find_empty(cfg_t *cfg)
{
	cfg_opt_t *listen = cfg_getopt(cfg, "listen");

	if ((listen->flags & CFGF_MODIFIED) != 0 &&
	    parsing->config->listen_count == 0)
		fail_at(cfg, status_set(STATUS_CONFIG,
		    "listen is an empty list: name an address, "
		    "or leave the key out"));
	find_empty_titled(cfg, CONFIG_BASE);
	find_empty_titled(cfg, CONFIG_SHARE);
}

/* Where each section and the file end; each stands there once at least. */
static enum status
note_ends(cfg_t *cfg)
{
	char place[CONFIG_PLACE_SIZE];
	enum status st;
	cfg_t *section;
	unsigned int i;
	size_t kind;

	st = config_lines_add(parsing->lines, "", (unsigned int)cfg->line);
	for (kind = 1; config_sections[kind] != NULL; kind++)
		for (i = 0; i < cfg_size(cfg, config_sections[kind]) &&
		    st == STATUS_OK; i++) {
			section = cfg_getnsec(cfg, config_sections[kind], i);
			config_place(place, config_sections[kind],
			    cfg_title(section), NULL);
			st = config_lines_add(parsing->lines, place,
			    (unsigned int)section->line);
		}
	return st;
}

static enum status
run_parser(cfg_t *cfg, const char *text)
{
	enum status st;

	if (cfg_parse_buf(cfg, text) != CFG_SUCCESS) {
		if (parsing->st == STATUS_OK)
			fail_at(cfg, status_set(STATUS_CONFIG,
			    "cannot be understood"));
	} else {
		find_empty(cfg);
		if ((st = note_ends(cfg)) != STATUS_OK)
			fail_at(cfg, st);
	}
	return parsing->st != STATUS_CONFIG ? parsing->st :
	    status_set(STATUS_CONFIG, "%s", parsing->text);
}

/* `text` is changed. */
static enum status
parse_text(struct parse *parse, char *text)
{
	enum status st;
	cfg_t *cfg;

	if ((st = config_scan(text, parse->file)) != STATUS_OK)
		return st;
	if ((cfg = make_parser()) == NULL)
		return STATUS_NO_MEMORY;
	parsing = parse;
	st = run_parser(cfg, text);
	cfg_free(cfg);
	parsing = NULL;
	return st;
}

enum status
config_parse_text(struct config *config, struct config_lines *lines,
    const char *text, const char *file)
{
	struct parse parse = { .config = config, .file = file,
		.lines = lines };
	enum status st;
	char *copy;

	if ((copy = strdup(text)) == NULL)
		return STATUS_NO_MEMORY;
	st = parse_text(&parse, copy);
	free(copy);
	return st;
}
