/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "user_file.h"

#include <openssl/sha.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "password.h"
#include "phc.h"
#include "size_text.h"

#define WARNINGS_MAX 20		/* a line each; more would drown the log */

struct users {
	atomic_size_t	 references;
	size_t		 count;
	struct user	*user;		/* owned; in the order of the file */
	size_t		*by_name;	/* owned; places in `user`, sorted */
	size_t		*line_number;	/* owned; while parsing only */
	char		*strings;	/* owned; what the users point to */
	char		 decoy[PASSWORD_HASH_MAX];
};

/* What is known while the lines are gone through. */
struct parser {
	struct users			*users;
	const char			*file;
	const struct users_warning	*warning;
	size_t				 warnings;
	size_t				 line;		/* from 1 */
	char				*string;	/* the next free byte */
	uint64_t			 dearest;
};

static enum status
refuse_line(const struct parser *p, size_t line, enum status st)
{
	char text[400];

	if (st != STATUS_CONFIG)
		return st;
	snprintf(text, sizeof(text), "%s", status_text(st));
	return status_set(st, "%s:%zu: %s", p->file, line, text);
}

static void
warn_of_key(struct parser *p, const char *key)
{
	char text[512], hint[100];

	if (p->warning == NULL || p->warnings++ >= WARNINGS_MAX)
		return;
	snprintf(text, sizeof(text), "%s:%zu: the key `%s` is unknown and "
	    "ignored%s%s", p->file, p->line, key,
	    nearest_hint(hint, sizeof(hint), key, user_line_keys),
	    p->warnings < WARNINGS_MAX ? "" : " (no more is said of others)");
	p->warning->tell(p->warning->ctx, text);
}

static const char *
keep_string(struct parser *p, const char *text)
{
	char *kept = p->string;
	size_t size = strlen(text) + 1;

	memcpy(kept, text, size);
	p->string += size;
	return kept;
}

/* With one slash before each name and none at the end. */
static const char *
keep_root(struct parser *p, const char *root)
{
	char *kept = p->string, *to = kept;

	for (; *root != '\0'; root++)
		if (*root != '/') {
			if (to == kept || root[-1] == '/')
				*to++ = '/';
			*to++ = *root;
		}
	if (to == kept)
		*to++ = '/';
	*to++ = '\0';
	p->string = to;
	return kept;
}

static void
keep_others(struct parser *p, struct user *user, const struct user_line *line)
{
	const char *groups = user_line_get(line, "groups");
	const char *bytes = user_line_get(line, "quota_bytes");
	const char *files = user_line_get(line, "quota_files");

	user->groups = groups != NULL ? keep_string(p, groups) : NULL;
	/* They were checked with their line. */
	if (bytes != NULL)
		(void)size_text_parse(&user->quota_bytes, bytes);
	if (files != NULL)
		(void)size_text_parse(&user->quota_files, files);
}

static enum status
keep_user(struct parser *p, const struct user_line *line, const char *bytes,
    struct user place)
{
	const char *base = user_line_get(line, "base");
	const char *root = user_line_get(line, "root");
	const char *rights = user_line_get(line, "rights");
	const char *locked = user_line_get(line, "locked");
	struct user *user = &p->users->user[p->users->count];
	enum status st;

	*user = place;
	user->name = keep_string(p, line->name);
	user->hash = keep_string(p, line->hash);
	user->base = base != NULL ? keep_string(p, base) : NULL;
	user->root = root != NULL ? keep_root(p, root) : NULL;
	user->locked = locked != NULL && strcmp(locked, "yes") == 0;
	user->rights = RIGHTS_FULL;
	user->has_rights = rights != NULL;
	keep_others(p, user, line);
	if (rights != NULL && (st = rights_parse(&user->rights, rights,
	    strlen(rights))) != STATUS_OK)
		return st;
	SHA256((const unsigned char *)bytes, place.line_len, user->digest);
	p->users->line_number[p->users->count] = p->line;
	p->users->by_name[p->users->count] = p->users->count;
	p->users->count++;
	return STATUS_OK;
}

/* The first of the dearest hashes lends its form to the decoy. */
static enum status
weigh(struct parser *p, const char *hash)
{
	uint64_t work;
	enum status st;

	if ((st = password_hash_work(&work, hash)) != STATUS_OK ||
	    work <= p->dearest)
		return st;
	p->dearest = work;
	return password_decoy(p->users->decoy, hash);
}

static enum status
parse_line(struct parser *p, const char *bytes, size_t at, size_t len)
{
	struct user place = { .line_at = at, .line_len = len };
	struct user_line line;
	enum status st;
	size_t i;

	if (user_line_is_blank(bytes + at, len))
		return STATUS_OK;
	st = user_line_parse(&line, bytes + at, len);
	if (st == STATUS_OK && !user_name_is_group(line.name))
		st = weigh(p, line.hash);
	if (st == STATUS_OK)
		st = keep_user(p, &line, bytes + at, place);
	for (i = 0; i < line.keys && st == STATUS_OK; i++)
		if (!line.key[i].is_known)
			warn_of_key(p, line.key[i].name);
	user_line_free(&line);
	return refuse_line(p, p->line, st);
}

static enum status
parse_lines(struct parser *p, const char *bytes, size_t len)
{
	enum status st = STATUS_OK;
	const char *newline;
	size_t at, n;

	for (at = 0; at < len && st == STATUS_OK; at += n + 1) {
		p->line++;
		newline = memchr(bytes + at, '\n', len - at);
		if (newline == NULL)
			return status_set(STATUS_CONFIG, "%s:%zu: the last "
			    "line does not end: the file is half written, or a "
			    "newline must be added", p->file, p->line);
		n = (size_t)(newline - bytes) - at;
		st = parse_line(p, bytes, at, n);
	}
	return st;
}

static int
compare_names(const void *a, const void *b, void *users)
{
	const struct user *user = ((struct users *)users)->user;

	return strcmp(user[*(const size_t *)a].name,
	    user[*(const size_t *)b].name);
}

static enum status
sort_names(struct parser *p)
{
	struct users *u = p->users;
	size_t i, first, second;

	qsort_r(u->by_name, u->count, sizeof(*u->by_name), compare_names, u);
	for (i = 1; i < u->count; i++) {
		first = u->by_name[i - 1];
		second = u->by_name[i];
		if (strcmp(u->user[first].name, u->user[second].name) != 0)
			continue;
		if (first > second)
			second = first;
		return status_set(STATUS_EXISTS, "%s:%zu: the user %s stands "
		    "there already: remove one of the lines", p->file,
		    u->line_number[second], u->user[second].name);
	}
	return STATUS_OK;
}

/* What the user's line leaves open is as the group has it. */
static void
inherit(struct user *user, const struct user *group)
{
	if (user->base == NULL)
		user->base = group->base;
	if (user->root == NULL)
		user->root = group->root;
	if (!user->has_rights && group->has_rights) {
		user->rights = group->rights;
		user->has_rights = true;
	}
	if (user->quota_bytes == 0)
		user->quota_bytes = group->quota_bytes;
	if (user->quota_files == 0)
		user->quota_files = group->quota_files;
	/* A lock is no wish that a user's own line can overrule. */
	user->locked = user->locked || group->locked;
}

static enum status
inherit_all(struct parser *p, size_t i)
{
	struct user *user = &p->users->user[i];
	const struct user *group;
	const char *name;
	size_t len;

	for (name = user->groups; name != NULL && *name != '\0';
	    name += len + (name[len] == '+')) {
		name += *name == '@';
		len = strcspn(name, "+");
		group = users_find_group(p->users, name, len);
		if (group == NULL)
			return status_set(STATUS_CONFIG, "%s:%zu: there is no "
			    "group @%.*s: make it by `ftuser add @%.*s`, or "
			    "take it out of groups=", p->file,
			    p->users->line_number[i], (int)len, name, (int)len,
			    name);
		inherit(user, group);
	}
	if (user->root == NULL && !user_name_is_group(user->name))
		user->root = "/";
	return STATUS_OK;
}

/* With all names sorted. */
static enum status
resolve_groups(struct parser *p)
{
	enum status st = STATUS_OK;
	size_t i;

	for (i = 0; i < p->users->count && st == STATUS_OK; i++)
		st = inherit_all(p, i);
	return st;
}

static size_t
count_lines(const char *bytes, size_t len)
{
	size_t lines = 0, i;

	for (i = 0; i < len; i++)
		lines += bytes[i] == '\n';
	return lines;
}

/*
 * A string that is kept has its separator in the line to make room for its
 * NUL, and a root one more byte for the slash in front.
 */
static struct users *
alloc_users(const char *bytes, size_t len)
{
	size_t lines = count_lines(bytes, len) + 1;
	struct users *u;

	if ((u = calloc(1, sizeof(*u))) == NULL)
		return NULL;
	atomic_init(&u->references, 1);
	u->user = calloc(lines, sizeof(*u->user));
	u->by_name = calloc(lines, sizeof(*u->by_name));
	u->line_number = calloc(lines, sizeof(*u->line_number));
	u->strings = malloc(len + 4 * lines);
	if (u->user != NULL && u->by_name != NULL && u->line_number != NULL &&
	    u->strings != NULL)
		return u;
	users_unref(u);
	return NULL;
}

static enum status
make_default_decoy(struct users *u)
{
	struct phc phc;
	enum status st;

	if ((st = phc_random(&phc, &PHC_DEFAULT_COST)) == STATUS_OK)
		phc_format(u->decoy, &phc);
	return st;
}

enum status
users_parse(struct users **out, const char *bytes, size_t len,
    const char *file, const struct users_warning *warning)
{
	struct parser p = { .file = file, .warning = warning };
	enum status st;

	*out = NULL;
	if (len > USER_FILE_MAX)
		return status_set(STATUS_CONFIG, "%s: a user file has at most "
		    "%u bytes", file, USER_FILE_MAX);
	if ((p.users = alloc_users(bytes, len)) == NULL)
		return status_errno("%s", file);
	p.string = p.users->strings;
	if ((st = parse_lines(&p, bytes, len)) == STATUS_OK)
		st = sort_names(&p);
	if (st == STATUS_OK)
		st = resolve_groups(&p);
	if (st == STATUS_OK && p.users->decoy[0] == '\0')
		st = make_default_decoy(p.users);
	free(p.users->line_number);
	p.users->line_number = NULL;
	if (st == STATUS_OK)
		*out = p.users;
	else
		users_unref(p.users);
	return st;
}

/* As strcmp would have it, but `name` may hold any bytes. */
static int
compare_name(const char *name, size_t len, const char *known)
{
	size_t known_len = strlen(known);
	int order;

	order = memcmp(name, known, len < known_len ? len : known_len);
	if (order != 0)
		return order;
	return len < known_len ? -1 : len > known_len;
}

static const struct user *
find(const struct users *users, const char *name, size_t len)
{
	size_t low = 0, high = users->count, middle;
	const struct user *user;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		user = &users->user[users->by_name[middle]];
		order = compare_name(name, len, user->name);
		if (order == 0)
			return user;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct user *
users_find(const struct users *users, const char *name, size_t len)
{
	/* Groups do not log in. */
	return len > 0 && name[0] == '@' ? NULL : find(users, name, len);
}

const struct user *
users_find_group(const struct users *users, const char *name, size_t len)
{
	char whole[USER_NAME_MAX + 2];

	if (len > USER_NAME_MAX)
		return NULL;
	whole[0] = '@';
	memcpy(whole + 1, name, len);
	return find(users, whole, len + 1);
}

bool
user_is_in(const struct user *user, const char *group, size_t len)
{
	const char *name;
	size_t n;

	for (name = user->groups; name != NULL && *name != '\0';
	    name += n + (name[n] == '+')) {
		name += *name == '@';
		n = strcspn(name, "+");
		if (n == len && memcmp(name, group, len) == 0)
			return true;
	}
	return false;
}

size_t
users_count(const struct users *users)
{
	return users->count;
}

const struct user *
users_at(const struct users *users, size_t i)
{
	return &users->user[i];
}

const char *
users_decoy(const struct users *users)
{
	return users->decoy;
}

enum status
users_login(const struct users *users, const struct user *user,
    const void *password, size_t len)
{
	return password_login(user != NULL ? user->hash : NULL, users->decoy,
	    user != NULL && user->locked, password, len);
}

struct users *
users_ref(struct users *users)
{
	atomic_fetch_add_explicit(&users->references, 1, memory_order_relaxed);
	return users;
}

void
users_unref(struct users *users)
{
	/* Release what we read of it; the last one acquires all of that. */
	if (users == NULL || atomic_fetch_sub_explicit(&users->references, 1,
	    memory_order_acq_rel) != 1)
		return;
	free(users->user);
	free(users->by_name);
	free(users->line_number);
	free(users->strings);
	free(users);
}
