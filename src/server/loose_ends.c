/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "loose_ends.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "clock.h"
#include "share.h"

#define PATIENCE_MS	5000u
#define SAID_MOST	131072u	/* bytes of all lines */

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

/* All that it says until it ends; false if that takes too long. */
static bool
hear(int fd, char *said, size_t *len)
{
	const uint64_t end = clock_ms() + PATIENCE_MS;
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	uint64_t now;
	ssize_t n = 1;

	while (n != 0 && *len < SAID_MOST && (now = clock_ms()) < end) {
		if (poll(&pollfd, 1, (int)(end - now)) == 1 &&
		    (n = read(fd, said + *len, SAID_MOST - *len)) > 0)
			*len += (size_t)n;
		else if (n < 0 && errno != EINTR)
			return false;
	}
	return n == 0;
}

/* A folder may lie where nobody answers: the child is not waited for then. */
static void
pass_on(int fd, pid_t pid, const struct users_warning *warning)
{
	char *said = malloc(SAID_MOST), *line, *end;
	bool is_whole = false;
	size_t len = 0;
	int status;

	if (said != NULL)
		is_whole = hear(fd, said, &len);
	if (!is_whole)
		kill(pid, SIGKILL);
	for (line = said; len > 0 && (end = memchr(line, '\0', len)) != NULL;
	    line = end + 1) {
		warning->tell(warning->ctx, line);
		len -= (size_t)(end + 1 - line);
	}
	if (!is_whole || waitpid(pid, &status, 0) == -1 || status != 0)
		warning->tell(warning->ctx, "not all folders of users and "
		    "shares could be looked for");
	free(said);
}

void
loose_ends_tell(const struct config *config, const struct users *users,
    const struct users_warning *warning)
{
	struct look look = { .config = config, .users = users };
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) == -1) {
		warning->tell(warning->ctx, "the folders of users and shares "
		    "could not be looked for: no pipe");
		return;
	}
	if ((pid = fork()) == 0) {
		close(ends[0]);
		_exit(look_at_all(&look, ends[1]));
	}
	close(ends[1]);
	if (pid == -1)
		warning->tell(warning->ctx, "the folders of users and shares "
		    "could not be looked for: no process");
	else
		pass_on(ends[0], pid, warning);
	close(ends[0]);
}
