/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "loose_ends.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "share.h"

/* A child looks; its lines come through a pipe, each with its NUL. */
struct look {
	const struct config *config;
	const struct users *users;
	FILE		*lines;
	size_t		 count;
};

static void __attribute__((format(printf, 2, 3)))
note(struct look *look, const char *fmt, ...)
{
	va_list ap;

	if (++look->count > LOOSE_ENDS_MOST)
		return;
	va_start(ap, fmt);
	vfprintf(look->lines, fmt, ap);
	va_end(ap);
	fputc('\0', look->lines);
}

static const struct config_base *
base_of(const struct config *config, const char *name)
{
	size_t i;

	for (i = 0; i < config->base_count; i++)
		if (name == NULL || strcmp(config->bases[i].name, name) == 0)
			return &config->bases[i];
	return NULL;
}

/* What lies at the end of `path`, a folder for `who` ("user zoe"). */
static void
look_at_folder(struct look *look, const char *who,
    const struct config_base *base, const char *path)
{
	char full[PATH_MAX];
	struct stat sb;

	if (snprintf(full, sizeof(full), "%s/%s", base->path,
	    path + strspn(path, "/")) >= (int)sizeof(full))
		note(look, "%s: %.200s...: too long for a folder", who, full);
	else if (stat(full, &sb) == -1)
		note(look, "%s: %s: %s: make the folder, for the account of "
		    "the server", who, full, strerror(errno));
	else if (!S_ISDIR(sb.st_mode))
		note(look, "%s: %s is no folder", who, full);
	else if (access(full, X_OK) == -1)
		note(look, "%s: %s: the account of the server cannot enter "
		    "it: chown it to that one", who, full);
}

static void
look_at_user(struct look *look, const struct user *user)
{
	const struct config_base *base = base_of(look->config, user->base);
	char who[USER_NAME_MAX + 8];

	/* What a group says is looked at where its users stand. */
	if (user_name_is_group(user->name) || user->locked)
		return;
	snprintf(who, sizeof(who), "user %s", user->name);
	if (base == NULL)
		note(look, "%s: there is no base %s", who, user->base);
	else if (strcmp(user->root, "/") != 0)
		look_at_folder(look, who, base, user->root);
}

static void
look_at_share(struct look *look, const struct config_share *share)
{
	const struct config_base *base = base_of(look->config, share->base);
	char who[USER_NAME_MAX + 8];
	size_t i;

	snprintf(who, sizeof(who), "share %s", share->name);
	if (base != NULL)
		look_at_folder(look, who, base, share->path);
	for (i = 0; i < share->allow_count; i++)
		if (!share_rule_is_borne(share->allow[i], look->users))
			note(look, "%s allows `%s`: the user file has none of "
			    "that name", who, share->allow[i]);
}

static int
look_at_all(struct look *look, int fd)
{
	const struct config *config = look->config;
	size_t i;

	if (account_become(config) != STATUS_OK ||
	    (look->lines = fdopen(fd, "w")) == NULL)
		return EXIT_FAILURE;
	for (i = 0; i < config->share_count; i++)
		look_at_share(look, &config->shares[i]);
	for (i = 0; i < users_count(look->users); i++)
		look_at_user(look, users_at(look->users, i));
	if (look->count > LOOSE_ENDS_MOST)
		fprintf(look->lines, "%zu more such warnings%c",
		    look->count - LOOSE_ENDS_MOST, '\0');
	return fclose(look->lines) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static enum status
pass_on(int fd, const struct users_warning *warning)
{
	char *line = NULL;
	size_t room = 0;
	FILE *lines;

	if ((lines = fdopen(fd, "r")) == NULL) {
		close(fd);
		return status_errno("pipe");
	}
	while (getdelim(&line, &room, '\0', lines) > 0)
		warning->tell(warning->ctx, line);
	free(line);
	fclose(lines);
	return STATUS_OK;
}

static enum status
wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return status_errno("wait for a child");
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS ?
	    STATUS_OK : status_set(STATUS_IO, "cannot look for the folders "
	    "of users and shares");
}

enum status
loose_ends_tell(const struct config *config, const struct users *users,
    const struct users_warning *warning)
{
	struct look look = { .config = config, .users = users };
	enum status st, died;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return status_errno("pipe");
	if ((pid = fork()) == -1) {
		st = status_errno("fork");
		close(ends[0]);
		close(ends[1]);
		return st;
	}
	if (pid == 0) {
		close(ends[0]);
		_exit(look_at_all(&look, ends[1]));
	}
	close(ends[1]);
	st = pass_on(ends[0], warning);
	died = wait_for(pid);
	return st != STATUS_OK ? st : died;
}
