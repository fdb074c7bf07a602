/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "state_folder.h"

#include <sys/stat.h>

#include <errno.h>
#include <pwd.h>
#include <unistd.h>

enum status
state_folder_make(const struct config *config)
{
	const struct passwd *account;

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
