/*
 * pattern_word - a path written as a pattern that stands for nothing else, and
 * the path that such a pattern is about.  As in remote_glob, a component
 * without *, ? and [ stands for itself, and only in others is a backslash
 * special.
 */
#ifndef PATTERN_WORD_H
#define PATTERN_WORD_H

#include "status.h"

/* The pattern; to be freed.  NULL if there is no memory. */
char *pattern_word_make(const char *path);

/*
 * The path; to be freed, and NULL if the pattern may stand for more than one.
 */
enum status pattern_word_read(char **out, const char *pattern);

#endif
