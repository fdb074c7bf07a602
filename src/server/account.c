/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "account.h"

#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base.h"

/* What the child says by its exit code; bases follow in their order. */
enum { REACHES_ALL, REACHES_NOT_ITSELF, REACHES_NO_USERS, REACHES_NO_BASE };

static enum status
find_account(const struct passwd **out, const struct config *config)
{
	*out = NULL;
	if (config->user == NULL)
		return STATUS_OK;
	errno = 0;
	if ((*out = getpwnam(config->user)) == NULL)
		return status_set(STATUS_CONFIG, "user = %s: there is no such "
		    "account: make it (useradd --system %s) or name another",
		    config->user, config->user);
	return STATUS_OK;
}

enum status
account_check(const struct config *config)
{
	const struct passwd *account;
	enum status st;

	if ((st = find_account(&account, config)) != STATUS_OK ||
	    account == NULL)
		return st;
	if (geteuid() != 0 && account->pw_uid != geteuid())
		return status_set(STATUS_CONFIG, "user = %s: only root can "
		    "become another account: start as root, or leave the key "
		    "out", config->user);
	return STATUS_OK;
}

enum status
account_become(const struct config *config)
{
	const struct passwd *account;
	enum status st;

	if ((st = account_check(config)) != STATUS_OK ||
	    (st = find_account(&account, config)) != STATUS_OK)
		return st;
	if (account == NULL || geteuid() != 0)
		return STATUS_OK;
	if (initgroups(account->pw_name, account->pw_gid) == -1 ||
	    setresgid(account->pw_gid, account->pw_gid, account->pw_gid) ==
	    -1 ||
	    setresuid(account->pw_uid, account->pw_uid, account->pw_uid) == -1)
		return status_errno("become user %s", config->user);
	return STATUS_OK;
}

/* The folder of our own in a base is made, for who owns the base. */
static bool
can_use_base(const struct config_base *base)
{
	char private[PATH_MAX];
	struct stat sb;

	if (access(base->path, R_OK | X_OK) == -1 ||
	    stat(base->path, &sb) == -1 ||
	    snprintf(private, sizeof(private), "%s/%s", base->path,
	    BASE_PRIVATE) >= (int)sizeof(private))
		return false;
	if (access(private, F_OK) == -1)
		return sb.st_uid == geteuid();
	return access(private, R_OK | W_OK | X_OK) == 0;
}

static int
what_is_out_of_reach(const struct config *config)
{
	size_t i;

	if (account_become(config) != STATUS_OK)
		return REACHES_NOT_ITSELF;
	if (access(config->user_file, R_OK) == -1)
		return REACHES_NO_USERS;
	for (i = 0; i < config->base_count; i++)
		if (!can_use_base(&config->bases[i]))
			return REACHES_NO_BASE + (int)i;
	return REACHES_ALL;
}

static enum status
explain(const struct config *config, const char *file, int code)
{
	const char *who = config->user, *path = config->user_file;

	if (code == REACHES_ALL)
		return STATUS_OK;
	if (code == REACHES_NO_USERS)
		return status_set(STATUS_CONFIG, "user file %s: the account "
		    "%s cannot read it: chgrp \"$(id -gn %s)\" %s, and let it "
		    "search the folder", path, who, who, path);
	if (code < REACHES_NO_BASE ||
	    (size_t)(code - REACHES_NO_BASE) >= config->base_count)
		return status_set(STATUS_CONFIG, "user = %s: this process "
		    "cannot become that account", who);
	path = config->bases[code - REACHES_NO_BASE].path;
	return status_set(STATUS_CONFIG, "%s: base %s: the account %s cannot "
	    "use %s: chown -R %s %s", file,
	    config->bases[code - REACHES_NO_BASE].name, who, path, who, path);
}

enum status
account_reaches(const struct config *config, const char *file)
{
	int status;
	pid_t pid;

	/* Only who changes can be mistaken about it. */
	if (config->user == NULL || geteuid() != 0)
		return STATUS_OK;
	if ((pid = fork()) == -1)
		return status_errno("fork");
	if (pid == 0)
		_exit(what_is_out_of_reach(config));
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return status_errno("wait for a child");
	return explain(config, file, WIFEXITED(status) ?
	    WEXITSTATUS(status) : REACHES_NOT_ITSELF);
}
