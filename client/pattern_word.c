/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "pattern_word.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SPECIAL "*?["

/* The component that begins here has something that could expand. */
static bool
is_special(const char *component)
{
	size_t len = strcspn(component, "/");

	return strcspn(component, SPECIAL) < len;
}

char *
pattern_word_make(const char *path)
{
	char *pattern = malloc(2 * strlen(path) + 1), *out = pattern;
	bool special = is_special(path);

	if (pattern == NULL)
		return NULL;
	for (; *path != '\0'; path++) {
		if (special && strchr(SPECIAL "\\", *path) != NULL)
			*out++ = '\\';
		*out++ = *path;
		if (*path == '/')
			special = is_special(path + 1);
	}
	*out = '\0';
	return pattern;
}

/* Take the backslashes off in place; false if something would expand. */
static bool
take_off(char *pattern)
{
	bool special = is_special(pattern);
	const char *in;
	char *out = pattern;

	for (in = pattern; *in != '\0'; in++) {
		if (special && *in == '\\' && in[1] != '\0')
			in++;
		else if (strchr(SPECIAL, *in) != NULL)
			return false;
		*out++ = *in;
		if (*in == '/')
			special = is_special(in + 1);
	}
	*out = '\0';
	return true;
}

enum status
pattern_word_read(char **out, const char *pattern)
{
	if ((*out = strdup(pattern)) == NULL)
		return status_no_memory();
	if (!take_off(*out)) {
		free(*out);
		*out = NULL;
	}
	return STATUS_OK;
}
