/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "state_folder.h"

#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * The folders above it are for everybody.  What cannot be made is told by the
 * folder itself, which then cannot be made either.
 */
static void
make_parents(const char *path)
{
	char parent[PATH_MAX], *slash;

	if (snprintf(parent, sizeof(parent), "%s", path) >=
	    (int)sizeof(parent))
		return;
	slash = parent;
	while ((slash = strchr(slash + 1, '/')) != NULL && slash[1] != '\0') {
		*slash = '\0';
		(void)mkdir(parent, 0755);
		*slash = '/';
	}
}

enum status
state_folder_make(const struct config *config)
{
	const struct passwd *account;

	make_parents(config->state);
	if (mkdir(config->state, 0750) == -1) {
		if (errno == EEXIST)
			return STATUS_OK;
		return status_errno("make state folder %s", config->state);
	}
	if (geteuid() != 0 || config->user == NULL ||
	    (account = getpwnam(config->user)) == NULL)
		return STATUS_OK;
	if (chown(config->state, account->pw_uid, account->pw_gid) == -1)
		return status_errno("give state folder %s to %s",
		    config->state, config->user);
	return STATUS_OK;
}
