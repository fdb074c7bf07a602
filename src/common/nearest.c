/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "nearest.h"

#include <stdio.h>
#include <string.h>

#define LONGEST_WORD 64

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Optimal string alignment: Levenshtein's distance with a swap of neighbours
 * as one slip.  Three rows are enough, for a swap looks back two.
 */
static size_t
distance(const char *a, const char *b)
{
	size_t rows[3][LONGEST_WORD + 1], a_len = strlen(a), b_len = strlen(b);
	size_t *before = rows[0], *above = rows[1], *row = rows[2], *spare;
	size_t i, j;

	for (j = 0; j <= b_len; j++)
		above[j] = j;
	for (i = 1; i <= a_len; i++) {
		row[0] = i;
		for (j = 1; j <= b_len; j++) {
			row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]),
			    least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		spare = before;
		before = above;
		above = row;
		row = spare;
	}
	return above[b_len];
}

const char *
nearest_word(const char *typed, const char *const *words)
{
	size_t len = strlen(typed), best, slips;
	const char *found = NULL;

	if (len == 0 || len > LONGEST_WORD)
		return NULL;
	best = len <= 3 ? 2 : len <= 6 ? 3 : 4;
	for (; *words != NULL; words++) {
		if (strlen(*words) > LONGEST_WORD)
			continue;
		slips = distance(typed, *words);
		/* A word of which no letter is left is no correction. */
		if (slips < best && slips < strlen(*words)) {
			best = slips;
			found = *words;
		}
	}
	return found;
}

static const char *
hint(char *out, size_t room, const char *dashes, const char *word)
{
	if (word != NULL)
		snprintf(out, room, ", did you mean `%s%s`?", dashes, word);
	else
		snprintf(out, room, "%s", "");
	return out;
}

const char *
nearest_hint(char *out, size_t room, const char *typed,
    const char *const *words)
{
	return hint(out, room, "", nearest_word(typed, words));
}

const char *
nearest_option(char *out, size_t room, const char *typed,
    const char *const *words)
{
	return hint(out, room, "--", nearest_word(typed, words));
}
