/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "escape.h"
#include "ftuser.h"
#include "password.h"

#define LINE "%-16s %-6s %-28s %-10s %-8s %-10s %-10s %s\n"

/* What a hash is and costs, without its salt and digest. */
static const char *
describe_hash(char *out, size_t room, const char *hash)
{
	struct phc phc;

	if (hash[0] == '\0')
		snprintf(out, room, "group");
	else if (!password_hash_is_foreign(hash) &&
	    phc_parse(&phc, hash, strlen(hash)) == STATUS_OK)
		snprintf(out, room, "argon2id:m=%u,t=%u,p=%u",
		    phc.cost.memory_kib, phc.cost.passes, phc.cost.lanes);
	else if (strncmp(hash, "$y$", 3) == 0)
		snprintf(out, room, "yescrypt");
	else if (strncmp(hash, "$6$", 3) == 0)
		snprintf(out, room, "sha512crypt");
	else
		snprintf(out, room, "bcrypt");
	return out;
}

/* Bytes and files, as `1048576/-`; "-" for neither. */
static const char *
describe_quota(char *out, size_t room, const struct user *user)
{
	char bytes[24] = "-", files[24] = "-";

	if (user->quota_bytes > 0)
		snprintf(bytes, sizeof(bytes), "%" PRIu64, user->quota_bytes);
	if (user->quota_files > 0)
		snprintf(files, sizeof(files), "%" PRIu64, user->quota_files);
	if (user->quota_bytes == 0 && user->quota_files == 0)
		snprintf(out, room, "-");
	else
		snprintf(out, room, "%s/%s", bytes, files);
	return out;
}

static void
show_user(const struct user *user)
{
	char root[ESCAPE_GROWTH * USER_ROOT_MAX + 1];
	char rights[RIGHTS_TEXT_MAX], hash[64], quota[64];

	escape_string(root, sizeof(root), user->root != NULL ? user->root :
	    "-");
	printf(LINE, user->name,
	    user->locked ? "locked" : "active",
	    describe_hash(hash, sizeof(hash), user->hash),
	    rights_format(rights, user->rights),
	    user->base != NULL ? user->base : "-",
	    user->groups != NULL ? user->groups : "-",
	    describe_quota(quota, sizeof(quota), user), root);
}

static void
warn(void *ctx, const char *text)
{
	(void)ctx;
	ftuser_say(text);
}

enum status
ftuser_list(const struct ftuser *f)
{
	const struct users_warning warning = { .tell = warn };
	struct users *users;
	enum status st;
	size_t i;

	if ((st = users_read(&users, f->file, &warning)) != STATUS_OK)
		return st;
	if (isatty(STDOUT_FILENO))
		printf(LINE, "NAME", "STATE", "HASH", "RIGHTS", "BASE",
		    "GROUPS", "QUOTA", "ROOT");
	for (i = 0; i < users_count(users); i++)
		show_user(users_at(users, i));
	users_unref(users);
	return STATUS_OK;
}

static enum status
verify(const struct user *user, const struct secret *password)
{
	enum status st;

	st = password_verify(user->hash, password->bytes, password->len);
	if (st == STATUS_LOGIN_REFUSED)
		return status_set(st, "this is not the password of %s",
		    user->name);
	if (st == STATUS_OK && user->locked)
		return status_set(STATUS_LOGIN_REFUSED,
		    "the password is right, but %s is locked", user->name);
	return st;
}

enum status
ftuser_verify(const struct ftuser *f)
{
	struct secret password = { 0 };
	const struct user *user;
	struct users *users;
	enum status st;

	if ((st = ftuser_refuse_group(f)) != STATUS_OK ||
	    (st = users_read(&users, f->file, NULL)) != STATUS_OK)
		return st;
	if ((st = ftuser_find(&user, f, users)) == STATUS_OK &&
	    (st = ftuser_get_password(&password, f, false)) == STATUS_OK)
		st = verify(user, &password);
	secret_wipe(&password);
	users_unref(users);
	return st;
}
