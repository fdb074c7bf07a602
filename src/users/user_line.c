/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "user_line.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "password.h"
#include "rights.h"
#include "size_text.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

enum status
user_name_check(const char *name, size_t len)
{
	size_t i;

	if (len == 0 || len > USER_NAME_MAX)
		return status_set(STATUS_CONFIG,
		    "a user's name must have 1 to %d bytes", USER_NAME_MAX);
	if (name[0] == '-' || name[0] == '@')
		return status_set(STATUS_CONFIG,
		    "a user's name must not begin with `%c`", name[0]);
	for (i = 0; i < len; i++)
		if (name[i] == '\0' ||
		    strchr(LETTERS DIGITS "._@-", name[i]) == NULL)
			return status_set(STATUS_CONFIG, "a user's name must "
			    "be of letters, digits and `._@-`");
	return STATUS_OK;
}

enum status
user_root_check(const char *value)
{
	const char *part = value;
	size_t len;

	if (*value == '\0' || strlen(value) > USER_ROOT_MAX - 1)
		return status_set(STATUS_CONFIG, "root= must be a path of 1 to "
		    "%d bytes, such as root=/alice", USER_ROOT_MAX - 1);
	for (; *part != '\0'; part += len) {
		part += strspn(part, "/");
		len = strcspn(part, "/");
		if ((len == 1 && part[0] == '.') ||
		    (len == 2 && part[0] == '.' && part[1] == '.'))
			return status_set(STATUS_CONFIG,
			    "root= must not hold `.` or `..`");
		if (len > 255)
			return status_set(STATUS_CONFIG,
			    "root= holds a name of over 255 bytes");
	}
	return STATUS_OK;
}

static enum status
check_base(const char *value)
{
	size_t len = strlen(value);

	if (len == 0 || len > 64 || strspn(value, LETTERS DIGITS "._-") != len)
		return status_set(STATUS_CONFIG, "base= must be the name of a "
		    "storage base, of letters, digits and `._-`");
	return STATUS_OK;
}

static enum status
check_rights(const char *value)
{
	unsigned int rights;

	return rights_parse(&rights, value, strlen(value));
}

static enum status
check_locked(const char *value)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return status_set(STATUS_CONFIG, "locked= must be yes or no");
	return STATUS_OK;
}

/* Names joined by `+`, each with its `@` or without. */
static enum status
check_groups(const char *value)
{
	enum status st = STATUS_OK;
	size_t len;

	for (; st == STATUS_OK; value += len + 1) {
		len = strcspn(value, "+");
		if (*value == '@')
			st = user_name_check(value + 1, len - 1);
		else
			st = user_name_check(value, len);
		if (value[len] == '\0')
			break;
	}
	return st == STATUS_OK ? st : status_set(STATUS_CONFIG, "groups= must "
	    "be names of groups joined by `+`, such as groups=@staff+@night");
}

static enum status
check_size(const char *value)
{
	uint64_t size;

	if (!size_text_parse(&size, value))
		return status_set(STATUS_CONFIG, "a quota is a number, with K, "
		    "M, G or T behind it if need be, such as quota_bytes=10G");
	return STATUS_OK;
}

const char *const user_line_keys[] = { "base", "root", "rights", "locked",
	"groups", "quota_bytes", "quota_files", NULL };
static enum status (*const checks[])(const char *) = { check_base,
	user_root_check, check_rights, check_locked, check_groups, check_size,
	check_size };

bool
user_line_is_blank(const char *bytes, size_t len)
{
	while (len > 0 && (*bytes == ' ' || *bytes == '\t'))
		bytes++, len--;
	return len == 0 || *bytes == '#';
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place, for it only gets shorter. */
static enum status
decode(char *value)
{
	char *from, *to = value;
	int high, low;

	for (from = value; *from != '\0'; from++) {
		if (*from != '%') {
			*to++ = *from;
			continue;
		}
		high = hex_value(from[1]);
		low = high == -1 ? -1 : hex_value(from[2]);
		if (low == -1 || (high == 0 && low == 0))
			return status_set(STATUS_CONFIG, "`%%` must be "
			    "followed by two hexadecimal digits other than "
			    "00 (a `%%` itself is %%25)");
		*to++ = (char)(high << 4 | low);
		from += 2;
	}
	*to = '\0';
	return STATUS_OK;
}

static size_t
known_key(const char *name)
{
	size_t i;

	for (i = 0; user_line_keys[i] != NULL; i++)
		if (strcmp(user_line_keys[i], name) == 0)
			break;
	return i;
}

static enum status
check_key(struct user_line *line, const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > 32 || strspn(name, LETTERS DIGITS "._-") != len)
		return status_set(STATUS_CONFIG, "keys are of 1 to 32 letters, "
		    "digits and `._-`, as in root=/alice,rights=read");
	if (user_line_get(line, name) != NULL)
		return status_set(STATUS_CONFIG, "the key `%s` stands there "
		    "twice", name);
	if (line->keys == USER_KEYS_MAX)
		return status_set(STATUS_CONFIG, "a user has at most %d keys",
		    USER_KEYS_MAX);
	return STATUS_OK;
}

static enum status
add_key(struct user_line *line, char *text)
{
	char *value = strchr(text, '=');
	struct user_key *key;
	enum status st;
	size_t known;

	if (value == NULL)
		return status_set(STATUS_CONFIG, "`=` is missing after the key "
		    "`%.64s`", text);
	*value++ = '\0';
	if ((st = check_key(line, text)) != STATUS_OK ||
	    (st = decode(value)) != STATUS_OK)
		return st;
	known = known_key(text);
	key = &line->key[line->keys++];
	*key = (struct user_key){ .name = text, .value = value,
	    .is_known = user_line_keys[known] != NULL };
	return key->is_known ? checks[known](value) : STATUS_OK;
}

static enum status
add_keys(struct user_line *line, char *text)
{
	enum status st = STATUS_OK;
	char *comma;

	while (text != NULL && *text != '\0' && st == STATUS_OK) {
		if ((comma = strchr(text, ',')) != NULL)
			*comma++ = '\0';
		st = add_key(line, text);
		text = comma;
	}
	return st;
}

static enum status
check_bytes(const char *bytes, size_t len)
{
	size_t i;

	if (len > USER_LINE_MAX)
		return status_set(STATUS_CONFIG,
		    "a line has at most %d bytes", USER_LINE_MAX);
	for (i = 0; i < len; i++)
		if ((unsigned char)bytes[i] < 0x20 || bytes[i] == 0x7f)
			return status_set(STATUS_CONFIG, "byte %zu of the line "
			    "is a control character (0x%02x): write it as "
			    "%%%02X", i + 1, (unsigned char)bytes[i],
			    (unsigned char)bytes[i]);
	return STATUS_OK;
}

bool
user_name_is_group(const char *name)
{
	return name[0] == '@';
}

static enum status
check_group(const struct user_line *line)
{
	if (line->hash[0] != '\0')
		return status_set(STATUS_CONFIG, "a group has no hash: its "
		    "line is @name::key=value,key=value");
	if (strcmp(line->name, "@all") == 0)
		return status_set(STATUS_CONFIG,
		    "@all stands for all users and cannot be a group");
	return user_name_check(line->name + 1, strlen(line->name + 1));
}

static enum status
check_user(const struct user_line *line)
{
	enum status st;
	uint64_t work;

	if ((st = user_name_check(line->name, strlen(line->name))) !=
	    STATUS_OK ||
	    (st = password_hash_work(&work, line->hash)) != STATUS_OK)
		return st;
	if (strlen(line->hash) >= PASSWORD_HASH_MAX)
		return status_set(STATUS_CONFIG, "the hash is too long");
	return STATUS_OK;
}

static enum status
check_whole(const struct user_line *line)
{
	if (user_name_is_group(line->name) &&
	    user_line_get(line, "groups") != NULL)
		return status_set(STATUS_CONFIG,
		    "a group is in no other group: take groups= away");
	return STATUS_OK;
}

enum status
user_line_parse(struct user_line *out, const char *bytes, size_t len)
{
	enum status st;
	char *rest;

	memset(out, 0, sizeof(*out));
	if ((st = check_bytes(bytes, len)) != STATUS_OK)
		return st;
	if ((out->text = strndup(bytes, len)) == NULL)
		return status_errno("user line");
	out->name = out->text;
	if ((out->hash = strchr(out->name, ':')) == NULL)
		return status_set(STATUS_CONFIG, "`:` is missing: a user's "
		    "line is name:hash:key=value,key=value");
	*out->hash++ = '\0';
	if ((rest = strchr(out->hash, ':')) != NULL)
		*rest++ = '\0';
	if (rest != NULL && strchr(rest, ':') != NULL)
		return status_set(STATUS_CONFIG, "there is a `:` too much (in "
		    "a value write it as %%3A)");
	st = user_name_is_group(out->name) ? check_group(out) :
	    check_user(out);
	if (st == STATUS_OK && (st = add_keys(out, rest)) == STATUS_OK)
		st = check_whole(out);
	return st;
}

const char *
user_line_get(const struct user_line *line, const char *key)
{
	size_t i;

	for (i = 0; i < line->keys; i++)
		if (strcmp(line->key[i].name, key) == 0)
			return line->key[i].value;
	return NULL;
}

void
user_line_free(struct user_line *line)
{
	free(line->text);
	memset(line, 0, sizeof(*line));
}
