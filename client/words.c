/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "words.h"

#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t\r\n";

/*
 * Copy one word from `*in` to `*out`, both of which move on.  False if a
 * quote is not closed.
 */
static int
copy_word(const char **in, char **out)
{
	const char *p = *in;
	char quote = '\0';

	for (; *p != '\0' && (quote != '\0' || strchr(blanks, *p) == NULL);
	    p++) {
		if (quote == '\0' && (*p == '\'' || *p == '"'))
			quote = *p;
		else if (*p == quote)
			quote = '\0';
		else if (*p == '\\' && p[1] != '\0' && (quote == '\0' ||
		    (quote == '"' && (p[1] == '"' || p[1] == '\\'))))
			*(*out)++ = *++p;
		else
			*(*out)++ = *p;
	}
	*(*out)++ = '\0';
	*in = p;
	return quote == '\0';
}

enum status
words_split(struct words *out, const char *line)
{
	size_t len = strlen(line);
	char *to;

	memset(out, 0, sizeof(*out));
	/* No word is longer than the line; each takes two bytes of it. */
	out->text = malloc(len + 2);
	out->at = calloc(len / 2 + 2, sizeof(*out->at));
	if (out->text == NULL || out->at == NULL) {
		words_free(out);
		return status_no_memory();
	}
	to = out->text;
	for (;;) {
		line += strspn(line, blanks);
		if (*line == '\0' || *line == '#')
			return STATUS_OK;
		out->at[out->len++] = to;
		if (copy_word(&line, &to))
			continue;
		words_free(out);
		return status_set(STATUS_USAGE, "a quote is not closed");
	}
}

void
words_free(struct words *words)
{
	free(words->at);
	free(words->text);
	memset(words, 0, sizeof(*words));
}
