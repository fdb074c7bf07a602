/*
 * words - a line split as a shell would: blanks separate, '...' and "..."
 * hold together, a backslash keeps the next byte as it is, # at the start of
 * a word begins a comment.  In $'...' names can be written as they are shown
 * (escape.h): \n, \t, \r, \e, \xNN.  Nothing is ever expanded.
 */
#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

struct words {
	int	 len;
	char   **at;		/* owned; ended by NULL */
	char	*text;		/* owned; what they point into */
};

enum quoting {
	QUOTING_NONE,		/* a\ b */
	QUOTING_SINGLE,		/* 'a b' */
	QUOTING_DOUBLE,		/* "a b" */
	QUOTING_ESCAPED		/* $'a b' */
};

/* STATUS_USAGE if a quote is not closed.  Free with words_free. */
enum status words_split(struct words *out, const char *line);
void words_free(struct words *words);

/* Where a line ends that is still being typed: in its last word. */
struct words_end {
	size_t		 start;		/* of that word in the line */
	enum quoting	 quoting;	/* open at its end, or else begun in */
	bool		 is_comment;
};

/*
 * The words of such a line; the last may be empty, or have an open quote.
 * Free with words_free.
 */
enum status words_split_open(struct words *out, struct words_end *end,
    const char *line);

/*
 * The word as it is typed, to be freed, so that words_split gives it back; in
 * $'...' where no other style can hold it.  With `open` a quote is not closed.
 * NULL if there is no memory.
 */
char *words_quote(const char *word, enum quoting quoting, bool open);

#endif
