/*
 * nearest - the known word that a mistyped one was meant to be, for the
 * error texts of option parsers, shells and configuration files.
 */
#ifndef NEAREST_H
#define NEAREST_H

#include <stddef.h>

/*
 * The word of `words` (ended by NULL) that is nearest to `typed`: fewest
 * letters added, left out, changed or swapped with their neighbour.  NULL if
 * none is near enough to be worth naming (1 slip in words of up to 3 letters,
 * 2 in those of up to 6, 3 in longer ones).  Words of over 64 bytes are never
 * named.
 */
const char *nearest_word(const char *typed, const char *const *words);

/*
 * Write ", did you mean `WORD`?" to `out` (ended with NUL), or an empty
 * string if there is no such word.  Returns `out`.
 */
const char *nearest_hint(char *out, size_t room, const char *typed,
    const char *const *words);

/* The same for long options, "--" and all; `words` stand without it. */
const char *nearest_option(char *out, size_t room, const char *typed,
    const char *const *words);

#endif
