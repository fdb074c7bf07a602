/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "quick_user.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "password.h"
#include "secret.h"
#include "user_edit.h"
#include "user_line.h"

/* Without those that look alike; 20 of 32 are 100 bits. */
static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
#define LETTERS 20
#define GROUP 5

static enum status
make_password(char out[QUICK_PASSWORD_MAX])
{
	unsigned char random[LETTERS];
	size_t i, n = 0;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return status_set(STATUS_IO, "no random bytes");
	for (i = 0; i < LETTERS; i++) {
		if (i > 0 && i % GROUP == 0)
			out[n++] = '-';
		out[n++] = letters[random[i] % (sizeof(letters) - 1)];
	}
	out[n] = '\0';
	OPENSSL_cleanse(random, sizeof(random));
	return STATUS_OK;
}

static enum status
write_line(char text[USER_LINE_MAX + 2], struct user_edit *e,
    const struct user *old, const struct quick_user *user, const char *hash)
{
	static const char *const rights[] = { "rights=full" };
	struct user_line line = { 0 };
	enum status st;

	if (old == NULL)
		return user_line_write(text, user->name, hash, rights, 1);
	if ((st = user_edit_line(&line, e, old)) == STATUS_OK)
		st = user_line_change(text, &line, hash, NULL, 0);
	user_line_free(&line);
	return st;
}

static enum status
set_password(struct user_edit *e, const struct user *old,
    const struct quick_user *user, const char *password)
{
	char hash[PHC_TEXT_MAX], text[USER_LINE_MAX + 2];
	enum status st;

	st = phc_hash(hash, password, strlen(password), &user->cost);
	if (st == STATUS_OK)
		st = write_line(text, e, old, user, hash);
	if (st == STATUS_OK)
		st = user_edit_replace(e, old, text);
	return st;
}

static enum status
take_from_file(struct user_edit *e, const struct user *old,
    const struct quick_user *user)
{
	struct secret secret = { 0 };
	enum status st;

	if ((st = secret_read_file(&secret, user->password_file)) != STATUS_OK)
		return st;
	if (secret.len == 0)
		st = status_set(STATUS_CONFIG, "%s: the password is empty",
		    user->password_file);
	/* A new hash of the same password would void tickets for nothing. */
	else if (old == NULL || password_verify(old->hash, secret.bytes,
	    secret.len) != STATUS_OK)
		st = set_password(e, old, user, secret.bytes);
	secret_wipe(&secret);
	return st;
}

enum status
quick_user_prepare(char password[QUICK_PASSWORD_MAX],
    const struct quick_user *user)
{
	const struct user *old;
	struct user_edit *e;
	enum status st;

	password[0] = '\0';
	if ((st = user_name_check(user->name, strlen(user->name))) !=
	    STATUS_OK)
		return st;
	st = user_edit_begin(&e, user->file, true, USER_EDIT_WAIT_MS);
	if (st != STATUS_OK)
		return st;
	old = users_find(user_edit_users(e), user->name, strlen(user->name));
	if (user->password_file != NULL)
		st = take_from_file(e, old, user);
	else if (old == NULL && (st = make_password(password)) == STATUS_OK)
		st = set_password(e, old, user, password);
	if (st == STATUS_OK)
		return user_edit_commit(e);
	user_edit_abort(e);
	return st;
}
