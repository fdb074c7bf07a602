/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"

static const char blanks[] = " \t\r\n";

/* One escape of $'...', which begins at its backslash. */
static char
unescape(const char **p)
{
	static const char from[] = "ntre\\'\"", to[] = "\n\t\r\033\\'\"";
	char hex[3] = { 0 };
	const char *letter;
	long byte;

	if ((*p)[1] == 'x' && isxdigit((unsigned char)(*p)[2]) &&
	    isxdigit((unsigned char)(*p)[3])) {
		memcpy(hex, *p + 2, 2);
		/* No name has a NUL, which would end the word. */
		if ((byte = strtol(hex, NULL, 16)) != 0) {
			*p += 3;
			return (char)byte;
		}
	} else if ((*p)[1] != '\0' &&
	    (letter = strchr(from, (*p)[1])) != NULL) {
		(*p)++;
		return to[letter - from];
	}
	return '\\';
}

/* The quote that begins here; steps over all of it but its last byte. */
static enum quoting
open_quote(const char **p)
{
	if (**p == '\'')
		return QUOTING_SINGLE;
	if (**p == '"')
		return QUOTING_DOUBLE;
	if (**p == '$' && (*p)[1] == '\'') {
		(*p)++;
		return QUOTING_ESCAPED;
	}
	return QUOTING_NONE;
}

static bool
closes(char byte, enum quoting quoting)
{
	return quoting != QUOTING_NONE &&
	    byte == (quoting == QUOTING_DOUBLE ? '"' : '\'');
}

/* The byte that stands here in that quoting; steps over all but its last. */
static char
take_byte(const char **p, enum quoting quoting)
{
	if (**p != '\\' || quoting == QUOTING_SINGLE)
		return **p;
	if (quoting == QUOTING_ESCAPED)
		return unescape(p);
	if ((*p)[1] != '\0' && (quoting == QUOTING_NONE || (*p)[1] == '"' ||
	    (*p)[1] == '\\'))
		(*p)++;
	return **p;
}

/*
 * Copy one word from `*in` to `*out`, both of which move on.  Returns the
 * quote that is not closed.
 */
static enum quoting
copy_word(const char **in, char **out)
{
	enum quoting quoting = QUOTING_NONE, opened;
	const char *p = *in;

	for (; *p != '\0' && (quoting != QUOTING_NONE ||
	    strchr(blanks, *p) == NULL); p++) {
		if (closes(*p, quoting))
			quoting = QUOTING_NONE;
		else if (quoting == QUOTING_NONE &&
		    (opened = open_quote(&p)) != QUOTING_NONE)
			quoting = opened;
		else
			*(*out)++ = take_byte(&p, quoting);
	}
	*(*out)++ = '\0';
	*in = p;
	return quoting;
}

static enum status
alloc_words(struct words *out, const char *line)
{
	size_t len = strlen(line);

	memset(out, 0, sizeof(*out));
	/* No word is longer than the line; each takes two bytes of it. */
	out->text = malloc(len + 3);
	out->at = calloc(len / 2 + 3, sizeof(*out->at));
	if (out->text != NULL && out->at != NULL)
		return STATUS_OK;
	words_free(out);
	return status_no_memory();
}

enum status
words_split(struct words *out, const char *line)
{
	enum status st;
	char *to;

	if ((st = alloc_words(out, line)) != STATUS_OK)
		return st;
	to = out->text;
	for (;;) {
		line += strspn(line, blanks);
		if (*line == '\0' || *line == '#')
			return STATUS_OK;
		out->at[out->len++] = to;
		if (copy_word(&line, &to) == QUOTING_NONE)
			continue;
		words_free(out);
		return status_set(STATUS_USAGE, "a quote is not closed");
	}
}

enum status
words_split_open(struct words *out, struct words_end *end, const char *line)
{
	const char *at = line, *begin;
	enum quoting open;
	enum status st;
	char *to;

	memset(end, 0, sizeof(*end));
	if ((st = alloc_words(out, line)) != STATUS_OK)
		return st;
	to = out->text;
	do {
		at += strspn(at, blanks);
		end->start = (size_t)(at - line);
		end->is_comment = *at == '#';
		begin = at;
		out->at[out->len++] = to;
		open = copy_word(&at, &to);
	} while (*at != '\0' && !end->is_comment);
	end->quoting = open != QUOTING_NONE ? open : open_quote(&begin);
	return STATUS_OK;
}

/* Can that be shown on a line as it is, but for backslashes? */
static bool
is_plain(const char *word)
{
	size_t len = strlen(word), slashes = 0, i;
	char *safe = malloc(len * ESCAPE_GROWTH + 1);
	bool plain;

	for (i = 0; i < len; i++)
		slashes += word[i] == '\\';
	/* Without memory, it is taken as what is always right. */
	plain = safe != NULL && escape_string(safe, len * ESCAPE_GROWTH + 1,
	    word) == len + slashes && mbstowcs(NULL, word, 0) != (size_t)-1;
	free(safe);
	return plain;
}

static char *
put_text(char *out, const char *text)
{
	size_t len = strlen(text);

	memcpy(out, text, len);
	return out + len;
}

/* All but ASCII as numbers, for locales that have nothing else. */
static char *
put_escaped(char *out, const char *word)
{
	char safe[2 * ESCAPE_GROWTH + 1];

	for (; *word != '\0'; word++) {
		if (*word == '\'')
			*out++ = '\\';
		escape_bytes(safe, sizeof(safe), word, 1);
		out = put_text(out, safe);
	}
	return out;
}

static char *
put_byte(char *out, char byte, bool is_first, enum quoting quoting)
{
	if (quoting == QUOTING_SINGLE && byte == '\'')
		return put_text(out, "'\\''");
	if ((quoting == QUOTING_DOUBLE && strchr("\"\\", byte) != NULL) ||
	    (quoting == QUOTING_NONE && (strchr(" '\"\\", byte) != NULL ||
	    (is_first && byte == '#'))))
		*out++ = '\\';
	*out++ = byte;
	return out;
}

char *
words_quote(const char *word, enum quoting quoting, bool open)
{
	static const char *const quotes[] = { "", "'", "\"", "$'" };
	char *quoted = malloc(strlen(word) * ESCAPE_GROWTH + 4), *out = quoted;
	size_t i;

	if (quoted == NULL)
		return NULL;
	if (!is_plain(word))
		quoting = QUOTING_ESCAPED;
	else if (*word == '\0' && quoting == QUOTING_NONE && !open)
		quoting = QUOTING_SINGLE;
	out = put_text(out, quotes[quoting]);
	if (quoting == QUOTING_ESCAPED)
		out = put_escaped(out, word);
	for (i = 0; quoting != QUOTING_ESCAPED && word[i] != '\0'; i++)
		out = put_byte(out, word[i], i == 0, quoting);
	if (!open && quoting != QUOTING_NONE)
		*out++ = quoting == QUOTING_DOUBLE ? '"' : '\'';
	*out = '\0';
	return quoted;
}

void
words_free(struct words *words)
{
	free(words->at);
	free(words->text);
	memset(words, 0, sizeof(*words));
}
