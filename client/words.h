/*
 * words - a line split as a shell would: blanks separate, '...' and "..."
 * hold together, a backslash keeps the next byte as it is, # at the start of
 * a word begins a comment.  Nothing is ever expanded.
 */
#ifndef WORDS_H
#define WORDS_H

#include "status.h"

struct words {
	int	 len;
	char   **at;		/* owned; ended by NULL */
	char	*text;		/* owned; what they point into */
};

/* STATUS_USAGE if a quote is not closed.  Free with words_free. */
enum status words_split(struct words *out, const char *line);
void words_free(struct words *words);

#endif
