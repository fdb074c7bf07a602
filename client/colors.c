/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "colors.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usual[] = "di=01;34:ln=01;36:ex=01;32";

enum kind { KIND_FILE, KIND_FOLDER, KIND_LINK, KIND_PROGRAM, KINDS };

static const char *const keys[KINDS] = { "fi", "di", "ln", "ex" };

/* The end of names, such as ".tar". */
struct ending {
	const char	*text;
	size_t		 len;
	const char	*color;
};

struct colors {
	char		*words;		/* owned; what all here points into */
	const char	*of_kind[KINDS];
	struct ending	*endings;	/* owned */
	size_t		 count;
};

static bool
is_color(const char *word)
{
	return *word != '\0' && word[strspn(word, "0123456789;")] == '\0' &&
	    strlen(word) < 64;
}

/* One KEY=VALUE, at `word`. */
static void
read_pair(struct colors *colors, char *word)
{
	char *color = strchr(word, '=');
	struct ending *ending;
	size_t i;

	if (color == NULL)
		return;
	*color++ = '\0';
	if (!is_color(color))
		return;
	if (word[0] == '*' && word[1] != '\0') {
		ending = &colors->endings[colors->count++];
		ending->text = word + 1;
		ending->len = strlen(word + 1);
		ending->color = color;
		return;
	}
	for (i = 0; i < KINDS; i++)
		if (strcmp(word, keys[i]) == 0)
			/* 0 and 00 are how one says that there is none. */
			colors->of_kind[i] =
			    color[strspn(color, "0")] == '\0' ? NULL : color;
}

enum status
colors_new(struct colors **out, const char *words)
{
	struct colors *colors;
	char *word, *rest;
	size_t most = 1;

	if (words == NULL || *words == '\0')
		words = usual;
	for (const char *at = words; *at != '\0'; at++)
		most += *at == ':';
	*out = NULL;
	if ((colors = calloc(1, sizeof(*colors))) == NULL ||
	    (colors->words = strdup(words)) == NULL ||
	    (colors->endings = calloc(most, sizeof(*colors->endings))) ==
	    NULL) {
		colors_free(colors);
		return status_no_memory();
	}
	rest = colors->words;
	while ((word = strsep(&rest, ":")) != NULL)
		read_pair(colors, word);
	*out = colors;
	return STATUS_OK;
}

void
colors_free(struct colors *colors)
{
	if (colors == NULL)
		return;
	free(colors->endings);
	free(colors->words);
	free(colors);
}

int
colors_are_wanted(int fd)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fd) && (no == NULL || *no == '\0') && term != NULL &&
	    *term != '\0' && strcmp(term, "dumb") != 0;
}

/* The last one that fits counts. */
static const char *
color_of_ending(const struct colors *colors, const struct ft1_entry *entry)
{
	const struct ending *ending;
	size_t i;

	for (i = colors->count; i-- > 0;) {
		ending = &colors->endings[i];
		if (ending->len <= entry->name_len &&
		    strncasecmp(entry->name + entry->name_len - ending->len,
		    ending->text, ending->len) == 0)
			return ending->color;
	}
	return colors->of_kind[KIND_FILE];
}

const char *
colors_of(const struct colors *colors, const struct ft1_entry *entry)
{
	if (colors == NULL)
		return NULL;
	switch (entry->type) {
	case 'd':	return colors->of_kind[KIND_FOLDER];
	case 'l':	return colors->of_kind[KIND_LINK];
	case 'o':	return NULL;
	}
	if ((entry->mode & 0111) != 0 &&
	    colors->of_kind[KIND_PROGRAM] != NULL)
		return colors->of_kind[KIND_PROGRAM];
	return color_of_ending(colors, entry);
}
