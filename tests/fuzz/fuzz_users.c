/* SPDX-License-Identifier: ISC */
/*
 * Any bytes as a user file, as a key file and as a line: nothing crashes, and
 * what is accepted can be written and is accepted again.
 */
#include "config.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ticket_keys.h"
#include "user_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
try_line(const char *bytes, const struct user *user)
{
	char text[USER_LINE_MAX + 2];
	struct user_line line, again;

	if (user_line_parse(&line, bytes + user->line_at, user->line_len) !=
	    STATUS_OK)
		abort();
	/* Escapes may make it too long, but nothing else may go wrong. */
	if (user_line_change(text, &line, NULL, NULL, 0) == STATUS_OK) {
		if (user_line_parse(&again, text, strlen(text) - 1) !=
		    STATUS_OK || again.keys != line.keys)
			abort();
		user_line_free(&again);
	} else if (user->line_len < USER_LINE_MAX / 3) {
		abort();
	}
	user_line_free(&line);
}

/* What a group does not say is left to its users. */
static bool
has_root(const struct user *user)
{
	return user->root != NULL ? user->root[0] == '/' :
	    user->name[0] == '@';
}

static const struct user *
find(const struct users *users, const struct user *user)
{
	const char *name = user->name;

	if (name[0] == '@')
		return users_find_group(users, name + 1, strlen(name + 1));
	return users_find(users, name, strlen(name));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *text = (const char *)bytes;
	struct ticket_keys keys;
	const struct user *user;
	struct users *users;
	size_t i;

	(void)ticket_keys_parse(&keys, text, len, "keys");
	if (users_parse(&users, text, len, "users", NULL) != STATUS_OK)
		return 0;
	for (i = 0; i < users_count(users); i++) {
		user = users_at(users, i);
		if (find(users, user) != user || !has_root(user))
			abort();
		try_line(text, user);
	}
	users_unref(users);
	return 0;
}
