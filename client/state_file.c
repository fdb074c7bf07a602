/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "state_file.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *
state_file_home(void)
{
	const char *home = getenv("HOME");
	const struct passwd *pw;

	if (home != NULL && home[0] == '/')
		return home;
	pw = getpwuid(getuid());
	return pw != NULL ? pw->pw_dir : NULL;
}

enum status
state_file_folders(const char *path)
{
	char *copy, *slash;
	enum status st = STATUS_OK;

	if ((copy = strdup(path)) == NULL)
		return status_no_memory();
	for (slash = strchr(copy + 1, '/'); slash != NULL && st == STATUS_OK;
	    slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0700) == -1 && errno != EEXIST)
			st = status_errno("%s", copy);
		*slash = '/';
	}
	free(copy);
	return st;
}

enum status
state_file(char **out, const char *name)
{
	const char *home, *state = getenv("XDG_STATE_HOME");
	enum status st;
	int n;

	*out = NULL;
	if (state != NULL && state[0] == '/')
		n = asprintf(out, "%s/ftclient/%s", state, name);
	else if ((home = state_file_home()) != NULL)
		n = asprintf(out, "%s/.local/state/ftclient/%s", home, name);
	else
		return status_set(STATUS_NOT_FOUND,
		    "there is no home folder: set HOME");
	if (n == -1) {
		*out = NULL;
		return status_no_memory();
	}
	if ((st = state_file_folders(*out)) != STATUS_OK) {
		free(*out);
		*out = NULL;
	}
	return st;
}

enum status
state_file_config(char **out)
{
	const char *home, *config = getenv("XDG_CONFIG_HOME");
	int n = 0;

	*out = NULL;
	if (config != NULL && config[0] == '/')
		n = asprintf(out, "%s/ftclient/config", config);
	else if ((home = state_file_home()) != NULL)
		n = asprintf(out, "%s/.config/ftclient/config", home);
	if (n != -1)
		return STATUS_OK;
	*out = NULL;
	return status_no_memory();
}
