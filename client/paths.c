/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ft1.h"

bool
path_is_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;

	return name[0] == '\0' || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0;
}

const char *
path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (path_is_folder(path))
		return NULL;
	return slash != NULL ? slash + 1 : path;
}

char *
path_join(const char *folder, const char *name)
{
	size_t len = strlen(folder);
	char *out;

	if (asprintf(&out, "%s%s%s", folder,
	    len == 0 || folder[len - 1] == '/' ? "" : "/", name) == -1)
		return NULL;
	return out;
}

char *
path_below(const char *folder, const char *name)
{
	return strcmp(folder, ".") == 0 ? strdup(name) :
	    path_join(folder, name);
}

enum status
path_check(const char *path)
{
	if (strlen(path) <= FT1_PATH_MAX)
		return STATUS_OK;
	return status_set(STATUS_NAME_TOO_LONG,
	    "a path has at most %u bytes", FT1_PATH_MAX);
}
