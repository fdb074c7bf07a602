/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "host_config.h"

#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_scan.h"
#include "destination.h"
#include "nearest.h"
#include "state_file.h"

#define SECTION		"host"
#define BYTES_MAX	(1u << 20)	/* of a file */
#define SECTIONS_MAX	10000u
#define WORDS_MAX	(COMMAND_LINE_NAMES_MAX + PLACES + 1)

struct text {
	struct text	*next;
	char		 bytes[];
};

struct host_config {
	struct host_section	*sections;	/* owned */
	size_t			 count;
	struct text		*texts;		/* owned; what they point at */
};

struct parse {
	struct host_config	*config;	/* borrowed */
	const char		*path;
	enum status		 st;		/* the first error, */
	char			 words[512];	/* and its words */
};

/* What says where a host is; all others are options. */
static const struct {
	const char	*name;
	size_t		 offset;	/* in struct host_section */
} places[] = {
	{ "hostname", offsetof(struct host_section, hostname) },
	{ "user", offsetof(struct host_section, user) },
	{ "port", offsetof(struct host_section, port) },
	{ "folder", offsetof(struct host_section, folder) },
};

#define PLACES (sizeof(places) / sizeof(places[0]))

/* libConfuse hands nothing on to its callbacks. */
static _Thread_local struct parse *parsing;

/*
 * --- Values -----------------------------------------------------------------
 */

static enum status
keep_text(const char **out, const char *folder, const char *text)
{
	size_t size = strlen(folder) + strlen(text) + 2;
	struct text *kept;

	if ((kept = malloc(sizeof(*kept) + size)) == NULL)
		return status_no_memory();
	snprintf(kept->bytes, size, "%s%s%s", folder,
	    folder[0] != '\0' ? "/" : "", text);
	kept->next = parsing->config->texts;
	parsing->config->texts = kept;
	*out = kept->bytes;
	return STATUS_OK;
}

/* A file is meant from the home folder, or from that of this file. */
static enum status
keep_path(const char **out, const char *text)
{
	const char *home, *slash = strrchr(parsing->path, '/');
	char *folder;
	enum status st;

	if (strncmp(text, "~/", 2) == 0) {
		if ((home = state_file_home()) == NULL)
			return status_set(STATUS_CONFIG,
			    "there is no home folder: set HOME");
		return keep_text(out, home, text + 2);
	}
	if (text[0] == '/' || slash == NULL)
		return keep_text(out, "", text);
	folder = strndup(parsing->path, (size_t)(slash - parsing->path));
	if (folder == NULL)
		return status_no_memory();
	st = keep_text(out, folder, text);
	free(folder);
	return st;
}

static enum status
check_place(const char *name, const char *value)
{
	struct destination scratch;

	if (strcmp(name, "hostname") == 0)
		return destination_set_host(&scratch, value);
	if (strcmp(name, "user") == 0)
		return destination_set_user(&scratch, value);
	if (strcmp(name, "port") == 0)
		return destination_set_port(&scratch, value);
	return destination_set_path(&scratch, value);
}

static enum status
stands_twice(const char *name)
{
	return status_set(STATUS_CONFIG, "%s stands in this section already: "
	    "keep one of the two", name);
}

static enum status
set_place(struct host_section *section, size_t i, const char *value)
{
	const char **field = (const char **)(void *)((char *)section +
	    places[i].offset);

	return *field != NULL ? stands_twice(places[i].name) :
	    keep_text(field, "", value);
}

static enum status
set_value(struct host_section *section, const char *name, const char *value)
{
	const char *kept;
	enum status st;
	size_t i;

	if (value[0] == '\0')
		return status_set(STATUS_CONFIG,
		    "%s is empty: leave it out, or say what it is", name);
	for (i = 0; i < PLACES; i++)
		if (strcmp(places[i].name, name) == 0)
			return (st = set_place(section, i, value)) ==
			    STATUS_OK ? check_place(name, value) : st;
	if (command_line_has(&section->options, name))
		return stands_twice(name);
	st = command_line_takes_file(name) ? keep_path(&kept, value) :
	    keep_text(&kept, "", value);
	if (st != STATUS_OK)
		return st;
	return command_line_give(&section->options, name, kept);
}

/*
 * --- Sections ---------------------------------------------------------------
 */

static enum status
find_section(struct host_section **out, const char *patterns)
{
	struct host_config *config = parsing->config;
	struct host_section *sections;
	size_t i, count = config->count;

	for (i = 0; i < count; i++) {
		*out = &config->sections[i];
		if (strcmp((*out)->patterns, patterns) == 0)
			return STATUS_OK;
	}
	if (patterns[strspn(patterns, " \t")] == '\0' ||
	    count == SECTIONS_MAX)
		return status_set(STATUS_CONFIG, count == SECTIONS_MAX ?
		    "there are too many sections" :
		    "name the hosts that this is for: " SECTION
		    " \"NAME\" { ... }");
	sections = reallocarray(config->sections, count + 1,
	    sizeof(*sections));
	if (sections == NULL)
		return status_no_memory();
	config->sections = sections;
	*out = &sections[count];
	memset(*out, 0, sizeof(**out));
	config->count++;
	(*out)->patterns = "";
	return keep_text(&(*out)->patterns, "", patterns);
}

/*
 * --- What libConfuse calls --------------------------------------------------
 */

/* Keep the first error; `st` has just been set with its text. */
static int
fail_at(const cfg_t *cfg, enum status st)
{
	if (parsing->st != STATUS_OK)
		return -1;
	parsing->st = st == STATUS_NO_MEMORY ? st : STATUS_CONFIG;
	snprintf(parsing->words, sizeof(parsing->words), "%s:%d: %s",
	    parsing->path, cfg->line, status_text(st));
	return -1;
}

static int
take_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct host_section *section = NULL;
	enum status st;

	if ((st = find_section(&section, cfg->title)) != STATUS_OK ||
	    (st = set_value(section, opt->name, value)) != STATUS_OK)
		return fail_at(cfg, st);
	*(const char **)result = value;
	return 0;
}

/* The names of all keys, ended by NULL. */
static size_t
list_keys(const char *names[WORDS_MAX])
{
	size_t i, n = command_line_names(names);

	for (i = 0; i < PLACES; i++)
		names[n++] = places[i].name;
	names[n] = NULL;
	return n;
}

static enum status
unknown_word(const cfg_t *cfg, const char *word)
{
	static const char *const top[] = { SECTION, NULL };
	const char *keys[WORDS_MAX];
	char hint[96];
	size_t i;

	list_keys(keys);
	if (strcmp(cfg->name, SECTION) == 0)
		return status_set(STATUS_CONFIG, "unknown key `%.64s`%s",
		    word, nearest_hint(hint, sizeof(hint), word, keys));
	for (i = 0; keys[i] != NULL; i++)
		if (strcmp(keys[i], word) == 0)
			return status_set(STATUS_CONFIG, "`%s` stands only in "
			    "a section: " SECTION " \"*\" { ... } is for all "
			    "hosts", word);
	return status_set(STATUS_CONFIG, "unknown section `%.64s`%s", word,
	    nearest_hint(hint, sizeof(hint), word, top));
}

/* libConfuse's own errors: of the form, and words that are not known. */
static void __attribute__((format(printf, 2, 0)))
take_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[256];

	if (config_scan_is_unknown(text, sizeof(text), fmt, ap))
		fail_at(cfg, unknown_word(cfg, text));
	else
		fail_at(cfg, status_set(STATUS_CONFIG, "%s: write `" SECTION
		    " \"NAME\" { ... }`, and in it `key = value` lines",
		    text));
}

static cfg_t *
make_parser(void)
{
	const char *keys[WORDS_MAX];
	cfg_opt_t top[2], section[WORDS_MAX];
	size_t i, n = list_keys(keys);
	cfg_t *cfg;

	for (i = 0; i < n; i++)
		section[i] = (cfg_opt_t)CFG_STR_CB(keys[i], NULL,
		    CFGF_NODEFAULT, take_value);
	section[n] = (cfg_opt_t)CFG_END();
	top[0] = (cfg_opt_t)CFG_SEC(SECTION, section,
	    CFGF_TITLE | CFGF_MULTI | CFGF_NO_TITLE_DUPES);
	top[1] = (cfg_opt_t)CFG_END();
	if ((cfg = cfg_init(top, CFGF_NONE)) != NULL)
		cfg_set_error_function(cfg, take_error);
	return cfg;
}

static enum status
run_parser(char *text)
{
	enum status st;
	cfg_t *cfg;

	if ((st = config_scan(text, parsing->path)) != STATUS_OK)
		return st;
	if ((cfg = make_parser()) == NULL)
		return status_no_memory();
	if (cfg_parse_buf(cfg, text) != CFG_SUCCESS &&
	    parsing->st == STATUS_OK)
		fail_at(cfg, status_set(STATUS_CONFIG,
		    "cannot be understood"));
	cfg_free(cfg);
	return parsing->st == STATUS_OK ? STATUS_OK :
	    status_set(parsing->st, "%s", parsing->words);
}

enum status
host_config_parse(struct host_config **out, char *text, const char *path)
{
	struct parse parse = { .path = path };
	enum status st;

	*out = NULL;
	if ((parse.config = calloc(1, sizeof(*parse.config))) == NULL)
		return status_no_memory();
	parsing = &parse;
	st = run_parser(text);
	parsing = NULL;
	if (st == STATUS_OK)
		*out = parse.config;
	else
		host_config_free(parse.config);
	return st;
}

/*
 * --- The file ---------------------------------------------------------------
 */

/* Whoever can change it can have any command run as this user. */
static enum status
check_file(int fd, const char *path)
{
	struct stat sb;

	if (fstat(fd, &sb) == -1)
		return status_errno("%s", path);
	if (!S_ISREG(sb.st_mode))
		return status_set(STATUS_CONFIG, "%s: not a regular file",
		    path);
	if (sb.st_uid != geteuid() && sb.st_uid != 0)
		return status_set(STATUS_CONFIG, "%s: it belongs to somebody "
		    "else, who could change it: make a copy of your own",
		    path);
	if ((sb.st_mode & 022) != 0)
		return status_set(STATUS_CONFIG, "%s: others can change it: "
		    "chmod go-w %s", path, path);
	if (sb.st_size > (off_t)BYTES_MAX)
		return status_set(STATUS_CONFIG, "%s: it is larger than 1 MiB",
		    path);
	return STATUS_OK;
}

static enum status
read_text(char *text, int fd, const char *path)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = read(fd, text + len, BYTES_MAX - len);
		if (n > 0)
			len += (size_t)n;
	} while (n > 0 || (n == -1 && errno == EINTR));
	if (n == -1)
		return status_errno("%s", path);
	text[len] = '\0';
	if (strlen(text) != len)
		return status_set(STATUS_CONFIG, "%s: there is a NUL byte in "
		    "it: this is no text", path);
	return STATUS_OK;
}

enum status
host_config_read(struct host_config **out, const char *path)
{
	enum status st;
	char *text;
	int fd;

	*out = NULL;
	/* O_NONBLOCK: a FIFO is refused, not waited for. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1)
		return status_errno("%s", path);
	text = malloc(BYTES_MAX + 1);
	if (text == NULL)
		st = status_no_memory();
	else if ((st = check_file(fd, path)) == STATUS_OK &&
	    (st = read_text(text, fd, path)) == STATUS_OK)
		st = host_config_parse(out, text, path);
	free(text);
	close(fd);
	return st;
}

/*
 * --- Its use ----------------------------------------------------------------
 */

/* Does one of the patterns, between blanks, match the host? */
static bool
is_for(const struct host_section *section, const char *host)
{
	const char *at = section->patterns;
	char pattern[DESTINATION_HOST_MAX + 1];
	size_t len;

	for (;;) {
		at += strspn(at, " \t");
		if ((len = strcspn(at, " \t")) == 0)
			return false;
		if (len < sizeof(pattern)) {
			memcpy(pattern, at, len);
			pattern[len] = '\0';
			if (fnmatch(pattern, host, FNM_CASEFOLD) == 0)
				return true;
		}
		at += len;
	}
}

const struct host_section *
host_config_next(const struct host_config *config, const char *host,
    size_t *next)
{
	const struct host_section *section;

	while (*next < config->count) {
		section = &config->sections[(*next)++];
		if (is_for(section, host))
			return section;
	}
	return NULL;
}

void
host_config_free(struct host_config *config)
{
	struct text *text;

	if (config == NULL)
		return;
	while ((text = config->texts) != NULL) {
		config->texts = text->next;
		free(text);
	}
	free(config->sections);
	free(config);
}
