/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "quick.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "listen.h"
#include "preflight.h"
#include "quick_user.h"
#include "server_config.h"

#define DEFAULT_LISTEN "127.0.0.1:4433"

/* All of it, in the order in which it is found out. */
struct setup {
	const struct quick_options *options;
	const char	*listen;
	char		 dir[PATH_MAX];		/* real */
	char		 state[PATH_MAX];	/* real */
	char		 account[LOGIN_NAME_MAX];
};

static enum status
find_dir(struct setup *s)
{
	struct stat sb;

	if (realpath(s->options->dir, s->dir) == NULL ||
	    stat(s->dir, &sb) == -1)
		return status_errno("folder %s", s->options->dir);
	if (!S_ISDIR(sb.st_mode))
		return status_set(STATUS_NOT_A_FOLDER, "%s is no folder",
		    s->options->dir);
	if (strchr(s->dir, '\n') != NULL)
		return status_set(STATUS_USAGE, "a folder with a newline in "
		    "its name cannot be served");
	return STATUS_OK;
}

static void
find_account(struct setup *s, const char **home)
{
	const struct passwd *account = getpwuid(geteuid());

	snprintf(s->account, sizeof(s->account), "%s",
	    account != NULL ? account->pw_name : "user");
	if (account != NULL && *home == NULL)
		*home = account->pw_dir;
}

/* $XDG_STATE_HOME/ftserver/DIGEST, one for each folder that is served. */
static enum status
name_state(char out[PATH_MAX], const struct setup *s, const char *home)
{
	const char *xdg = getenv("XDG_STATE_HOME");
	unsigned char digest[SHA256_DIGEST_LENGTH];
	char hex[17];
	size_t i;
	int len;

	SHA256((const unsigned char *)s->dir, strlen(s->dir), digest);
	for (i = 0; i < 8; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	if (xdg != NULL && xdg[0] == '/')
		len = snprintf(out, PATH_MAX, "%s/ftserver/%s", xdg, hex);
	else if (home != NULL && home[0] == '/')
		len = snprintf(out, PATH_MAX, "%s/.local/state/ftserver/%s",
		    home, hex);
	else
		return status_set(STATUS_USAGE, "there is no home folder to "
		    "keep state in: name a folder with --state");
	return len < PATH_MAX ? STATUS_OK : STATUS_NAME_TOO_LONG;
}

/* Like mkdir -p; what it makes is for the owner alone. */
static enum status
make_folders(char *path)
{
	char *slash = path;

	for (;;) {
		slash = strchr(slash + 1, '/');
		if (slash != NULL)
			*slash = '\0';
		if (mkdir(path, 0700) == -1 && errno != EEXIST)
			return status_errno("make folder %s", path);
		if (slash == NULL)
			return STATUS_OK;
		*slash = '/';
	}
}

static enum status
check_state(const struct setup *s)
{
	struct stat sb;

	if (stat(s->state, &sb) == -1)
		return status_errno("folder %s", s->state);
	if (!S_ISDIR(sb.st_mode) || sb.st_uid != geteuid() ||
	    (sb.st_mode & 022) != 0)
		return status_set(STATUS_CONFIG, "%s holds secrets, but is no "
		    "folder of yours that only you may write: chmod 700 it, or "
		    "name another with --state", s->state);
	return STATUS_OK;
}

static bool
is_within(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	if (strcmp(folder, "/") == 0)
		return true;
	return strncmp(path, folder, len) == 0 &&
	    (path[len] == '/' || path[len] == '\0');
}

static enum status
find_state(struct setup *s)
{
	const char *home = getenv("HOME");
	char path[PATH_MAX];
	enum status st;

	find_account(s, &home);
	if (s->options->state == NULL)
		st = name_state(path, s, home);
	else if (strlen(s->options->state) < sizeof(path))
		st = (strcpy(path, s->options->state), STATUS_OK);
	else
		st = STATUS_NAME_TOO_LONG;
	if (st != STATUS_OK || (st = make_folders(path)) != STATUS_OK)
		return st;
	if (realpath(path, s->state) == NULL)
		return status_errno("folder %s", path);
	if (strlen(s->state) > PATH_MAX - 32)
		return status_set(STATUS_NAME_TOO_LONG, "%s", s->state);
	if (is_within(s->state, s->dir) || is_within(s->dir, s->state))
		return status_set(STATUS_USAGE, "the state folder %s and the "
		    "served folder %s lie in one another: name another folder "
		    "with --state", s->state, s->dir);
	return check_state(s);
}

/* In single quotes nothing but a quote and a backslash is special. */
static void
write_quoted(FILE *fp, const char *key, const char *value, const char *tail)
{
	fprintf(fp, "%s = '", key);
	for (; *value != '\0'; value++) {
		if (*value == '\'' || *value == '\\')
			fputc('\\', fp);
		fputc(*value, fp);
	}
	for (; *tail != '\0'; tail++)
		fputc(*tail, fp);
	fputs("'\n", fp);
}

static enum status
write_config(char **out, const struct setup *s)
{
	unsigned int most = preflight_sessions_that_fit();
	size_t len;
	FILE *fp;

	if ((fp = open_memstream(out, &len)) == NULL)
		return STATUS_NO_MEMORY;
	write_quoted(fp, "listen", s->listen, "");
	write_quoted(fp, "state", s->state, "/server");
	fputs("tls {\n", fp);
	write_quoted(fp, "certificate", s->state, "/certificate.pem");
	write_quoted(fp, "private_key", s->state, "/key.pem");
	write_quoted(fp, "ticket_keys", s->state, "/ticket-keys");
	fputs("}\nlogin {\n", fp);
	write_quoted(fp, "user_file", s->state, "/users");
	fputs("}\nbase quick {\n", fp);
	write_quoted(fp, "path", s->dir, "");
	fputs("}\n", fp);
	if (most < PREFLIGHT_SESSIONS)
		fprintf(fp, "limits { max_sessions = %u }\n", most);
	if (fclose(fp) != 0) {
		free(*out);
		*out = NULL;
		return STATUS_NO_MEMORY;
	}
	return STATUS_OK;
}

static enum status
prepare_identity(struct quick *q, const struct config *config)
{
	char address[LISTEN_NAME_MAX], port[LISTEN_NAME_MAX];
	struct quick_identity identity = {
		.key_path = config->private_key,
		.certificate_path = config->certificate,
		.address = address
	};
	enum status st;

	if ((st = listen_split(address, port, config->listen[0])) != STATUS_OK)
		return st;
	return quick_identity_prepare(q->pin, &identity);
}

static enum status
prepare_user(struct quick *q, const struct setup *s,
    const struct config *config)
{
	char password[QUICK_PASSWORD_MAX];
	struct quick_user user = {
		.file = config->user_file,
		.password_file = s->options->password_file,
		.cost = config->hash_cost
	};
	enum status st;

	user.name = s->options->user != NULL ? s->options->user : s->account;
	if ((q->user = strdup(user.name)) == NULL)
		return STATUS_NO_MEMORY;
	if ((st = quick_user_prepare(password, &user)) != STATUS_OK)
		return st;
	if (password[0] != '\0') {
		printf("password of %s, shown only now: %s\n", user.name,
		    password);
	} else if (user.password_file == NULL)
		printf("the password of %s stays as it was; --password-file "
		    "FILE replaces it\n", user.name);
	fflush(stdout);
	OPENSSL_cleanse(password, sizeof(password));
	return STATUS_OK;
}

enum status
quick_prepare(struct quick *out, const struct quick_options *options)
{
	struct setup s = { .options = options };
	struct config *config = NULL;
	enum status st;

	*out = (struct quick) { 0 };
	s.listen = options->listen != NULL ? options->listen : DEFAULT_LISTEN;
	if ((st = find_dir(&s)) != STATUS_OK ||
	    (st = find_state(&s)) != STATUS_OK ||
	    (st = write_config(&out->config_text, &s)) != STATUS_OK ||
	    (st = config_parse(&config, out->config_text, QUICK_NAME)) !=
	    STATUS_OK ||
	    (st = listen_check(config)) != STATUS_OK ||
	    (st = prepare_identity(out, config)) != STATUS_OK ||
	    (st = prepare_user(out, &s, config)) != STATUS_OK)
		quick_clear(out);
	config_free(config);
	return st;
}

void
quick_say(const struct quick *quick, const char *address)
{
	static const char any4[] = "0.0.0.0:", any6[] = "[::]:";
	const char *host = "";

	if (strncmp(address, any4, strlen(any4)) == 0) {
		host = "127.0.0.1:";
		address += strlen(any4);
	} else if (strncmp(address, any6, strlen(any6)) == 0) {
		host = "[::1]:";
		address += strlen(any6);
	}
	printf("ftclient --tls --pin %s %s@%s%s\n", quick->pin, quick->user,
	    host, address);
}

void
quick_clear(struct quick *quick)
{
	free(quick->config_text);
	free(quick->user);
	quick->config_text = NULL;
	quick->user = NULL;
}
