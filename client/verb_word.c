/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "verb.h"

#include <string.h>

static enum verb_word
word_of(const char *text, size_t len)
{
	static const struct {
		const char	*text;
		enum verb_word	 word;
	} rows[] = {
		{ "LOCAL", VERB_WORD_LOCAL }, { "COMMAND", VERB_WORD_COMMAND },
		{ "FILE", VERB_WORD_REMOTE }, { "FOLDER", VERB_WORD_REMOTE },
		{ "FROM", VERB_WORD_REMOTE }, { "PATH", VERB_WORD_REMOTE },
		{ "REMOTE", VERB_WORD_REMOTE }, { "TO", VERB_WORD_REMOTE },
		{ ":FOLDER", VERB_WORD_REMOTE },
		{ "PATTERN", VERB_WORD_REMOTE_PATTERN },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strlen(rows[i].text) == len &&
		    memcmp(rows[i].text, text, len) == 0)
			return rows[i].word;
	return VERB_WORD_OTHER;
}

/* Behind [-x], [--option VALUE] and [OPTION ...], which are no words. */
static const char *
skip_options(const char *at)
{
	for (;;) {
		at += strspn(at, " ");
		if (strncmp(at, "[-", 2) != 0 && strncmp(at, "[OPTION", 7) != 0)
			return at;
		at += strcspn(at, "]");
		at += *at == ']';
	}
}

static enum verb_word
word_at(const char *at, size_t number)
{
	enum verb_word word = VERB_WORD_OTHER;
	size_t len;

	for (;; number--) {
		at = skip_options(at);
		at += *at == '[';
		/* The one in front may be given again and again. */
		if (strncmp(at, "...", 3) == 0)
			return word;
		if (*at == '\0')
			return VERB_WORD_OTHER;
		len = strcspn(at, " ],");
		word = word_of(at, len);
		at += strcspn(at, " ");
		if (number == 0)
			return word;
	}
}

enum verb_word
verb_word(const struct verb *verb, size_t number)
{
	static const char between[] = ", or ";
	const char *other = strstr(verb->usage, between);
	enum verb_word word = word_at(verb->usage, number);

	if (word == VERB_WORD_REMOTE_PATTERN && verb->run == verb_mput)
		return VERB_WORD_LOCAL_PATTERN;
	if (other == NULL)
		return word;
	return word_at(other + strlen(between), number) == VERB_WORD_OTHER ?
	    VERB_WORD_OTHER : VERB_WORD_EITHER;
}

bool
verb_takes_folders(const struct verb *verb)
{
	return verb != NULL && verb->run == verb_lcd;
}
