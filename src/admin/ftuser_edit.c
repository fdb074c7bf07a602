/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ftuser.h"
#include "nearest.h"

/* Every command that changes a user names it first. */
static const char *
name_of(const struct ftuser *f)
{
	return f->args[0];
}

enum status
ftuser_find(const struct user **out, const struct ftuser *f,
    const struct users *users)
{
	const char *name = name_of(f);
	bool is_group = user_name_is_group(name);

	*out = is_group ?
	    users_find_group(users, name + 1, strlen(name + 1)) :
	    users_find(users, name, strlen(name));
	if (*out == NULL)
		return status_set(STATUS_NOT_FOUND, "%s: there is no %s %.65s",
		    f->file, is_group ? "group" : "user", name);
	return STATUS_OK;
}

enum status
ftuser_refuse_group(const struct ftuser *f)
{
	if (user_name_is_group(name_of(f)))
		return status_set(STATUS_USAGE, "%.65s: a group has no "
		    "password", name_of(f));
	return STATUS_OK;
}

static enum status
ask(struct secret *out, const char *prompt, bool is_new)
{
	enum status st;

	st = secret_ask(out, prompt, is_new ? "Once more: " : NULL);
	/* Of what a missing terminal is replaced by, this is ours alone. */
	if (st == STATUS_USAGE &&
	    strstr(status_text(st), "--password-file") != NULL)
		return status_add(st, " or --stdin");
	return st;
}

enum status
ftuser_get_password(struct secret *out, const struct ftuser *f, bool is_new)
{
	char prompt[USER_NAME_MAX + 32];
	enum status st;

	/* The name is well formed, so it needs no escape. */
	snprintf(prompt, sizeof(prompt), "%s for %.*s: ",
	    is_new ? "New password" : "Password", USER_NAME_MAX, name_of(f));
	if (f->password_file != NULL)
		st = secret_read_file(out, f->password_file);
	else if (f->has_stdin)
		st = secret_read_fd(out, STDIN_FILENO, "standard input");
	else
		st = ask(out, prompt, is_new);
	if (st == STATUS_OK && is_new && out->len == 0) {
		secret_wipe(out);
		st = status_set(STATUS_USAGE, "the password is empty");
	}
	return st;
}

static enum status
make_hash(char hash[PHC_TEXT_MAX], const struct ftuser *f)
{
	struct secret password = { 0 };
	enum status st;

	if ((st = ftuser_get_password(&password, f, true)) == STATUS_OK)
		st = phc_hash(hash, password.bytes, password.len, &f->cost);
	secret_wipe(&password);
	return st;
}

/* In the file any key may stand; one typed here is meant for us. */
static enum status
check_pairs(const struct ftuser *f)
{
	const char *const *known;
	char key[33], hint[100];
	size_t i, len;

	for (i = 1; i < f->count; i++) {
		len = strcspn(f->args[i], "=");
		if (f->args[i][len] == '\0' || len == 0 || len >= sizeof(key))
			return status_set(STATUS_USAGE, "`%.64s` is not of the "
			    "form key=value", f->args[i]);
		snprintf(key, sizeof(key), "%.*s", (int)len, f->args[i]);
		for (known = user_line_keys; *known != NULL; known++)
			if (strcmp(*known, key) == 0)
				break;
		/* What is unknown can be removed all the same. */
		if (*known == NULL && f->args[i][len + 1] != '\0')
			return status_set(STATUS_USAGE,
			    "there is no key `%s`%s", key, nearest_hint(hint,
			    sizeof(hint), key, user_line_keys));
	}
	return STATUS_OK;
}

/* The user's line with another hash (or NULL) and other pairs. */
static enum status
change_line(const struct ftuser *f, const char *hash,
    const char *const *pairs, size_t count)
{
	char text[USER_LINE_MAX + 2];
	struct user_line line = { 0 };
	const struct user *user;
	struct user_edit *e;
	enum status st;

	st = user_edit_begin(&e, f->file, false, USER_EDIT_WAIT_MS);
	if (st != STATUS_OK)
		return st;
	if ((st = ftuser_find(&user, f, user_edit_users(e))) == STATUS_OK &&
	    (st = user_edit_line(&line, e, user)) == STATUS_OK &&
	    (st = user_line_change(text, &line, hash, pairs, count)) ==
	    STATUS_OK)
		st = user_edit_replace(e, user, text);
	user_line_free(&line);
	if (st == STATUS_OK)
		return user_edit_commit(e);
	user_edit_abort(e);
	return st;
}

/* Before a password is asked for: is the name there, as it should (not) be? */
static enum status
look_up(const struct ftuser *f, bool should_be_there)
{
	const struct user *user;
	struct users *users;
	enum status st;

	st = users_read(&users, f->file, NULL);
	if (st == STATUS_NOT_FOUND && !should_be_there)
		return STATUS_OK;
	if (st != STATUS_OK)
		return st;
	st = ftuser_find(&user, f, users);
	users_unref(users);
	if (should_be_there)
		return st;
	return st == STATUS_NOT_FOUND ? STATUS_OK : status_set(STATUS_EXISTS,
	    "%s: the user %s is there already", f->file, name_of(f));
}

/* Neither asked for, nor from a group. */
static bool
has_no_root(const struct ftuser *f, const struct users *users)
{
	static const char root[] = "root=";
	const struct user *user;
	size_t i;

	for (i = 1; i < f->count; i++)
		if (strncmp(f->args[i], root, strlen(root)) == 0)
			return false;
	return !user_name_is_group(name_of(f)) &&
	    ftuser_find(&user, f, users) == STATUS_OK &&
	    strcmp(user->root, "/") == 0;
}

static void
tell_of_no_root(const char *name)
{
	char text[2 * USER_NAME_MAX + 80];

	snprintf(text, sizeof(text), "%s may reach the whole base; give "
	    "root=/%s to keep to a folder", name, name);
	ftuser_say(text);
}

static enum status
append_line(const struct ftuser *f, const char *text)
{
	bool is_free = false;
	struct user_edit *e;
	enum status st;

	st = user_edit_begin(&e, f->file, true, USER_EDIT_WAIT_MS);
	if (st != STATUS_OK)
		return st;
	if ((st = user_edit_replace(e, NULL, text)) != STATUS_OK) {
		user_edit_abort(e);
		return st;
	}
	is_free = has_no_root(f, user_edit_users(e));
	if ((st = user_edit_commit(e)) == STATUS_OK && is_free)
		tell_of_no_root(name_of(f));
	return st;
}

/* A value that is wrong on the command line is wrong use. */
static enum status
as_usage(enum status st)
{
	char text[400];

	if (st != STATUS_CONFIG)
		return st;
	snprintf(text, sizeof(text), "%s", status_text(st));
	return status_set(STATUS_USAGE, "%s", text);
}

/* Whether the keys can be written: tried with a hash that stands for any. */
static enum status
try_pairs(const struct ftuser *f)
{
	char text[USER_LINE_MAX + 2], hash[PHC_TEXT_MAX];
	struct phc phc;
	enum status st;

	if ((st = check_pairs(f)) != STATUS_OK ||
	    (st = phc_random(&phc, &f->cost)) != STATUS_OK)
		return st;
	phc_format(hash, &phc);
	if (user_name_is_group(name_of(f)))
		hash[0] = '\0';
	return as_usage(user_line_write(text, name_of(f), hash, f->args + 1,
	    f->count - 1));
}

enum status
ftuser_add(const struct ftuser *f)
{
	char text[USER_LINE_MAX + 2], hash[PHC_TEXT_MAX];
	enum status st;

	hash[0] = '\0';
	if ((st = try_pairs(f)) != STATUS_OK ||
	    (st = look_up(f, false)) != STATUS_OK ||
	    (!user_name_is_group(name_of(f)) &&
	    (st = make_hash(hash, f)) != STATUS_OK) ||
	    (st = user_line_write(text, name_of(f), hash, f->args + 1,
	    f->count - 1)) != STATUS_OK)
		return st;
	return append_line(f, text);
}

enum status
ftuser_passwd(const struct ftuser *f)
{
	char hash[PHC_TEXT_MAX];
	enum status st;

	if ((st = ftuser_refuse_group(f)) != STATUS_OK ||
	    (st = look_up(f, true)) != STATUS_OK ||
	    (st = make_hash(hash, f)) != STATUS_OK)
		return st;
	return change_line(f, hash, NULL, 0);
}

enum status
ftuser_del(const struct ftuser *f)
{
	const struct user *user;
	struct user_edit *e;
	enum status st;

	st = user_edit_begin(&e, f->file, false, USER_EDIT_WAIT_MS);
	if (st != STATUS_OK)
		return st;
	if ((st = ftuser_find(&user, f, user_edit_users(e))) == STATUS_OK &&
	    (st = user_edit_replace(e, user, "")) == STATUS_OK)
		return user_edit_commit(e);
	user_edit_abort(e);
	return st;
}

enum status
ftuser_lock(const struct ftuser *f)
{
	const char *const pair = "locked=yes";

	return change_line(f, NULL, &pair, 1);
}

enum status
ftuser_unlock(const struct ftuser *f)
{
	const char *const pair = "locked=";

	return change_line(f, NULL, &pair, 1);
}

enum status
ftuser_set(const struct ftuser *f)
{
	enum status st;

	if ((st = try_pairs(f)) != STATUS_OK)
		return st;
	return change_line(f, NULL, f->args + 1, f->count - 1);
}
