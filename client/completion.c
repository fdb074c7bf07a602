/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "completion.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "option.h"
#include "pattern_word.h"
#include "verb.h"
#include "words.h"

#define NAMES_MOST	200000	/* that are held for one completion */

/* The word that is being typed. */
struct typed {
	const struct verb *verb;	/* NULL: of none */
	enum verb_word	 kind;
	size_t		 place;		/* among the words of its verb */
	bool		 is_option;
	bool		 is_pattern;	/* that stands for one path */
	const char	*front;		/* of a path: ":", or nothing */
	char		*word;		/* owned; without that */
	const char	*base;		/* of it, behind the last / */
	enum quoting	 quoting;
};

void
completion_free(struct completion *c)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		free(c->names[i].name);
	free(c->names);
	free(c->text);
	memset(c, 0, sizeof(*c));
}

static enum status
add(void *owner, const char *name, bool is_folder)
{
	struct completion *c = owner;
	struct completion_name *more;
	size_t room = c->room == 0 ? 64 : 2 * c->room;

	if (c->count == NAMES_MOST)
		return status_set(STATUS_NO_MEMORY, "too many names");
	if (c->count == c->room) {
		more = reallocarray(c->names, room, sizeof(*more));
		if (more == NULL)
			return status_no_memory();
		c->names = more;
		c->room = room;
	}
	if ((c->names[c->count].name = strdup(name)) == NULL)
		return status_no_memory();
	c->names[c->count++].is_folder = is_folder;
	return STATUS_OK;
}

static enum status
add_if(struct completion *c, const char *name, const char *prefix)
{
	if (strncmp(name, prefix, strlen(prefix)) != 0)
		return STATUS_OK;
	return add(c, name, false);
}

/*
 * --- What can stand there ---------------------------------------------------
 */

static enum status
find_commands(struct completion *c, const struct typed *typed)
{
	char name[VERB_NAME_SIZE];
	enum status st = STATUS_OK;
	size_t i;

	for (i = 0; st == STATUS_OK && verb_name(name, i); i++)
		st = add_if(c, name, typed->word);
	return st;
}

static enum status
find_options(struct completion *c, const struct typed *typed)
{
	const struct verb *verb = typed->verb;
	enum status st = STATUS_OK;
	char text[64];
	const char *letter;
	int i;

	for (letter = verb->letters; *letter != '\0' && st == STATUS_OK;
	    letter++) {
		if (*letter == ':')	/* a value follows that in front */
			continue;
		snprintf(text, sizeof(text), "-%c", *letter);
		st = add_if(c, text, typed->word);
	}
	for (i = 0; i < OPTION_COUNT && st == STATUS_OK; i++) {
		if ((verb->options & OPTION_BIT(i)) == 0)
			continue;
		snprintf(text, sizeof(text), "--%s",
		    option_name((enum option)i));
		st = add_if(c, text, typed->word);
	}
	return st;
}

/* Hidden names are for who asks for them; the special two for nobody. */
static bool
is_wanted(const char *name, const char *prefix)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	return (name[0] != '.' || prefix[0] == '.') &&
	    strncmp(name, prefix, strlen(prefix)) == 0;
}

static bool
is_local_folder(DIR *dir, const struct dirent *entry)
{
	struct stat sb;

	if (entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(dirfd(dir), entry->d_name, &sb, 0) == 0 &&
	    S_ISDIR(sb.st_mode);
}

static enum status
find_local(struct completion *c, const struct typed *typed,
    const char *folder)
{
	enum status st = STATUS_OK;
	struct dirent *entry;
	bool is_folder;
	DIR *dir;

	if ((dir = opendir(*folder != '\0' ? folder : ".")) == NULL)
		return status_errno("%s", folder);
	while (st == STATUS_OK && (entry = readdir(dir)) != NULL) {
		if (!is_wanted(entry->d_name, typed->base))
			continue;
		is_folder = is_local_folder(dir, entry);
		if (is_folder || !verb_takes_folders(typed->verb))
			st = add(c, entry->d_name, is_folder);
	}
	closedir(dir);
	return st;
}

struct wanted {
	struct completion *c;
	const char	*prefix;
};

static enum status
add_remote(void *owner, const char *name, bool is_folder)
{
	struct wanted *wanted = owner;

	return is_wanted(name, wanted->prefix) ?
	    add(wanted->c, name, is_folder) : STATUS_OK;
}

static enum status
find_paths(struct completion *c, const struct typed *typed,
    struct remote_names *remote)
{
	struct wanted wanted = { .c = c, .prefix = typed->base };
	char *folder;
	enum status st;

	folder = strndup(typed->word, (size_t)(typed->base - typed->word));
	if (folder == NULL)
		return status_no_memory();
	st = typed->kind == VERB_WORD_LOCAL ? find_local(c, typed, folder) :
	    remote_names_find(remote, folder, typed->base, add_remote,
	    &wanted);
	free(folder);
	return st;
}

/*
 * --- What is typed ----------------------------------------------------------
 */

/* Does a value stand behind this word of options? */
static bool
has_value(const struct verb *verb, const char *word)
{
	size_t len = strlen(word);
	enum option option;
	const char *letter;

	if (word[1] != '-') {
		option = option_by_letter(word[len - 1]);
		if (option != OPTION_COUNT &&
		    (verb->options & OPTION_BIT(option)) != 0)
			return option_has_value(option);
		letter = strchr(verb->letters, word[len - 1]);
		return letter != NULL && letter[1] == ':';
	}
	option = option_find(word + 2, len - 2, verb->options);
	return option != OPTION_COUNT && option_has_value(option);
}

/* Which word of its verb is it, by those in front of it? */
static void
place_word(struct typed *typed, const struct words *words)
{
	bool options = typed->verb->letters != NULL;
	size_t place = 0;
	const char *word;
	int i;

	for (i = 1; i < words->len - 1; i++) {
		word = words->at[i];
		if (!options || word[0] != '-' || word[1] == '\0') {
			options = false;
			place++;
			continue;
		}
		if (strcmp(word, "--") == 0) {
			options = false;
			continue;
		}
		if (has_value(typed->verb, word) && ++i == words->len - 1)
			return;		/* the value of an option */
	}
	typed->is_option = options && words->at[i][0] == '-';
	typed->place = place;
	typed->kind = verb_word(typed->verb, place);
}

/* One of two folders: that of the server is the one with a colon. */
static void
choose_side(struct typed *typed, const struct words *words)
{
	const char *word = words->at[words->len - 1];
	const char *before = words->at[words->len - 2];

	typed->kind = VERB_WORD_LOCAL;
	if (word[0] != ':' && (typed->place == 0 || before[0] == ':'))
		return;
	/* Behind one of this machine stands one of the server. */
	typed->kind = word[0] == ':' || word[0] == '\0' ? VERB_WORD_REMOTE :
	    VERB_WORD_OTHER;
	typed->front = ":";
}

static void
read_kind(struct typed *typed, const struct words *words)
{
	typed->kind = VERB_WORD_OTHER;
	if (words->at[0][0] == '!')
		typed->kind = words->len > 1 ? VERB_WORD_LOCAL :
		    VERB_WORD_OTHER;
	else if (words->len == 1)
		typed->kind = VERB_WORD_COMMAND;
	else if ((typed->verb = verb_find(words->at[0])) != NULL)
		place_word(typed, words);
	if (typed->kind == VERB_WORD_EITHER)
		choose_side(typed, words);
	typed->is_pattern = typed->kind == VERB_WORD_LOCAL_PATTERN ||
	    typed->kind == VERB_WORD_REMOTE_PATTERN;
	if (typed->is_pattern)
		typed->kind = typed->kind == VERB_WORD_LOCAL_PATTERN ?
		    VERB_WORD_LOCAL : VERB_WORD_REMOTE;
}

/* Free typed->word, whatever becomes of it; it may be NULL. */
static enum status
read_typed(struct typed *typed, const struct words *words,
    const struct words_end *end)
{
	const char *word = words->at[words->len - 1], *slash;
	enum status st = STATUS_OK;

	memset(typed, 0, sizeof(*typed));
	typed->front = "";
	typed->quoting = end->quoting;
	read_kind(typed, words);
	if (word[0] == ':' && typed->front[0] == ':')
		word++;
	if (typed->is_pattern && !typed->is_option)
		st = pattern_word_read(&typed->word, word);
	else if ((typed->word = strdup(word)) == NULL)
		st = status_no_memory();
	if (typed->word == NULL)
		return st;
	slash = strrchr(typed->word, '/');
	typed->base = slash != NULL ? slash + 1 : typed->word;
	return STATUS_OK;
}

static enum status
find_all(struct completion *c, const struct typed *typed,
    struct remote_names *remote)
{
	if (typed->is_option)
		return find_options(c, typed);
	if (typed->kind == VERB_WORD_COMMAND)
		return find_commands(c, typed);
	if (typed->kind == VERB_WORD_OTHER)
		return STATUS_OK;
	return find_paths(c, typed, remote);
}

/*
 * --- What takes its place ---------------------------------------------------
 */

static int
by_name(const void *a, const void *b)
{
	const struct completion_name *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* How much all have in common, without tearing a character. */
static size_t
common_length(const struct completion *c)
{
	/* They are sorted: the first and the last differ most. */
	const char *first = c->names[0].name;
	const char *last = c->names[c->count - 1].name;
	size_t n = 0;

	while (first[n] != '\0' && first[n] == last[n])
		n++;
	if (first[n] == last[n])
		return n;
	while (n > 0 && (((unsigned char)first[n] & 0xc0) == 0x80 ||
	    ((unsigned char)last[n] & 0xc0) == 0x80))
		n--;
	return n;
}

/* A name that would be taken for an option, or for one of the server. */
static bool
is_misleading(const struct typed *typed, char first)
{
	return typed->word[0] == '\0' && typed->front[0] == '\0' &&
	    (first == '-' || (first == ':' && typed->verb != NULL &&
	    verb_word(typed->verb, typed->place) == VERB_WORD_EITHER));
}

/* The word with what is certain. */
static char *
make_word(const struct completion *c, const struct typed *typed)
{
	const char *name = c->names[0].name;
	int len = (int)common_length(c);
	char *path, *pattern, *word = NULL;

	if (typed->is_option || typed->kind == VERB_WORD_COMMAND)
		return strndup(name, (size_t)len);
	if (asprintf(&path, "%s%.*s%.*s%s", len > 0 &&
	    is_misleading(typed, name[0]) ? "./" : "",
	    (int)(typed->base - typed->word), typed->word, len, name,
	    c->is_unique && c->names[0].is_folder ? "/" : "") == -1)
		return NULL;
	pattern = typed->is_pattern ? pattern_word_make(path) : strdup(path);
	free(path);
	if (pattern != NULL &&
	    asprintf(&word, "%s%s", typed->front, pattern) == -1)
		word = NULL;
	free(pattern);
	return word;
}

/* That quoted; a blank behind what is whole. */
static enum status
make_text(struct completion *c, const struct typed *typed)
{
	bool is_whole = c->is_unique && !c->names[0].is_folder;
	char *word, *quoted = NULL;
	int n = -1;

	if ((word = make_word(c, typed)) != NULL)
		quoted = words_quote(word, typed->quoting, !is_whole);
	if (quoted != NULL)
		n = asprintf(&c->text, "%s%s", quoted, is_whole ? " " : "");
	free(quoted);
	free(word);
	if (n != -1)
		return STATUS_OK;
	c->text = NULL;
	return status_no_memory();
}

/* Without a word, as a pattern may stand for any, there is nothing to say. */
static enum status
complete(struct completion *c, const struct typed *typed,
    struct remote_names *remote)
{
	enum status st;

	if (typed->word == NULL)
		return STATUS_OK;
	st = find_all(c, typed, remote);
	if (st != STATUS_OK || c->count == 0)
		return st;
	qsort(c->names, c->count, sizeof(*c->names), by_name);
	c->is_unique = c->count == 1;
	return make_text(c, typed);
}

enum status
completion_find(struct completion *out, struct remote_names *remote,
    const char *line)
{
	struct words words;
	struct words_end end;
	struct typed typed = { .word = NULL };
	enum status st;

	memset(out, 0, sizeof(*out));
	if ((st = words_split_open(&words, &end, line)) != STATUS_OK)
		return st;
	out->start = end.start;
	if (!end.is_comment &&
	    (st = read_typed(&typed, &words, &end)) == STATUS_OK)
		st = complete(out, &typed, remote);
	free(typed.word);
	words_free(&words);
	return st;
}
