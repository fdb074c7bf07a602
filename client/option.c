/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "option.h"

#include <string.h>

static const struct {
	const char	*name;
	bool		 has_value;
} options[OPTION_COUNT] = {
	[OPTION_ATOMIC] = { "atomic", false },
	[OPTION_CHECKSUM] = { "checksum", false },
	[OPTION_DELETE] = { "delete", false },
	[OPTION_DELTA] = { "delta", false },
	[OPTION_DEPTH] = { "depth", true },
	[OPTION_DRY_RUN] = { "dry-run", false },
	[OPTION_EXCLUDE] = { "exclude", true },
	[OPTION_IF_ABSENT] = { "if-absent", false },
	[OPTION_IF_VERSION] = { "if-version", true },
	[OPTION_INCLUDE] = { "include", true },
	[OPTION_MAX] = { "max", true },
	[OPTION_MAX_SIZE] = { "max-size", true },
	[OPTION_MIN] = { "min", true },
	[OPTION_MIN_SIZE] = { "min-size", true },
	[OPTION_NAME] = { "name", true },
	[OPTION_NEWER] = { "newer", true },
	[OPTION_NEWER_THAN] = { "newer-than", true },
	[OPTION_OFFSET] = { "offset", true },
	[OPTION_OLDER] = { "older", true },
	[OPTION_RANGE] = { "range", true },
	[OPTION_SEGMENTS] = { "segments", true },
	[OPTION_SHARED] = { "shared", false },
	[OPTION_TAKEN] = { "taken", true },
	[OPTION_TYPE] = { "type", true },
	[OPTION_MIME] = { "type", false },
	[OPTION_WAIT] = { "wait", true },
	[OPTION_WATCH] = { "watch", false },
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
