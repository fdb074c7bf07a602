/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "option.h"

#include <string.h>

#include "nearest.h"

static const struct {
	const char	*name;
	bool		 has_value;
	char		 letter;	/* that stands for it, or NUL */
} options[OPTION_COUNT] = {
	[OPTION_ATOMIC] = { "atomic", false, '\0' },
	[OPTION_CHECKSUM] = { "checksum", false, '\0' },
	[OPTION_DELETE] = { "delete", false, '\0' },
	[OPTION_DELTA] = { "delta", false, '\0' },
	[OPTION_DEPTH] = { "depth", true, '\0' },
	[OPTION_DRY_RUN] = { "dry-run", false, '\0' },
	[OPTION_EXCLUDE] = { "exclude", true, '\0' },
	[OPTION_IF_ABSENT] = { "if-absent", false, '\0' },
	[OPTION_IF_VERSION] = { "if-version", true, '\0' },
	[OPTION_INCLUDE] = { "include", true, '\0' },
	[OPTION_JOBS] = { "jobs", true, 'j' },
	[OPTION_MAX] = { "max", true, '\0' },
	[OPTION_MAX_SIZE] = { "max-size", true, '\0' },
	[OPTION_MIN] = { "min", true, '\0' },
	[OPTION_MIN_SIZE] = { "min-size", true, '\0' },
	[OPTION_NAME] = { "name", true, '\0' },
	[OPTION_NEWER] = { "newer", true, '\0' },
	[OPTION_NEWER_THAN] = { "newer-than", true, '\0' },
	[OPTION_OFFSET] = { "offset", true, '\0' },
	[OPTION_OLDER] = { "older", true, '\0' },
	[OPTION_RANGE] = { "range", true, '\0' },
	[OPTION_SEGMENTS] = { "segments", true, '\0' },
	[OPTION_SHARED] = { "shared", false, '\0' },
	[OPTION_TAKEN] = { "taken", true, '\0' },
	[OPTION_TYPE] = { "type", true, '\0' },
	[OPTION_MIME] = { "type", false, '\0' },
	[OPTION_WAIT] = { "wait", true, '\0' },
	[OPTION_WATCH] = { "watch", false, '\0' },
};

enum option
option_find(const char *name, size_t len, uint64_t known)
{
	int i;

	for (i = 0; i < OPTION_COUNT; i++)
		if ((known & OPTION_BIT(i)) != 0 &&
		    strlen(options[i].name) == len &&
		    memcmp(options[i].name, name, len) == 0)
			break;
	return (enum option)i;
}

const char *
option_hint(char *out, size_t room, const char *typed, uint64_t known)
{
	const char *names[OPTION_COUNT + 1];
	size_t n = 0;
	int i;

	for (i = 0; i < OPTION_COUNT; i++)
		if ((known & OPTION_BIT(i)) != 0)
			names[n++] = options[i].name;
	names[n] = NULL;
	return nearest_option(out, room, typed, names);
}

enum option
option_by_letter(char letter)
{
	int i;

	for (i = 0; i < OPTION_COUNT; i++)
		if (options[i].letter == letter)
			break;
	return (enum option)i;
}

const char *
option_name(enum option option)
{
	return options[option].name;
}

bool
option_repeats(enum option option)
{
	return option == OPTION_INCLUDE || option == OPTION_EXCLUDE;
}

bool
option_has_value(enum option option)
{
	return options[option].has_value;
}
