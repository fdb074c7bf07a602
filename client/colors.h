/*
 * colors - the colours of names on a terminal, by their type, as those of
 * ls(1): LS_COLORS says which, NO_COLOR that there are none.
 */
#ifndef COLORS_H
#define COLORS_H

#include "ft1.h"
#include "status.h"

struct colors;

/*
 * Those of LS_COLORS in `words`, or the usual ones if it is NULL or empty.
 * What is no number between semicolons in it is left out: it goes to the
 * terminal as it is.
 */
enum status colors_new(struct colors **out, const char *words);

/* colors_free(NULL) does nothing. */
void colors_free(struct colors *colors);

/* Does the environment want any on the terminal behind `fd`, if it is one? */
int colors_are_wanted(int fd);

/* What stands between ESC [ and m; NULL for none, or if `colors` is NULL. */
const char *colors_of(const struct colors *colors,
    const struct ft1_entry *entry);

#endif
