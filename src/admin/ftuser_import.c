/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ftuser.h"

/* Lines that have been read and are well formed, as they will stand. */
struct import {
	const char	*name;		/* of what is read, for error texts */
	size_t		 line;
	FILE		*text;		/* owned; writes to `lines` */
	char		*lines;		/* owned */
	size_t		 len;
	size_t		 users;
	size_t		 skipped;
	size_t		 errors;
};

static void
complain(struct import *im, const char *why)
{
	char text[512];

	snprintf(text, sizeof(text), "%s:%zu: %s", im->name, im->line, why);
	ftuser_say(text);
	im->errors++;
}

/* `*` and `!` and `x` stand for accounts that no password opens. */
static bool
has_no_password(const char *hash)
{
	return hash[strspn(hash, "!*")] == '\0' ? hash[0] != '\0' :
	    strcmp(hash, "x") == 0;
}

static void
import_user(struct import *im, const char *name, const char *hash)
{
	const char *const locked = "locked=yes";
	bool is_locked = hash[0] == '!';
	char text[USER_LINE_MAX + 2];
	enum status st;

	if (has_no_password(hash)) {
		im->skipped++;
		return;
	}
	/* In shadow(5) a `!` before the hash locks the account. */
	hash += strspn(hash, "!");
	st = user_line_write(text, name, hash, &locked, is_locked ? 1 : 0);
	if (st != STATUS_OK) {
		complain(im, status_text(st));
		return;
	}
	fputs(text, im->text);
	im->users++;
}

static void
import_line(struct import *im, char *line, size_t len)
{
	char *hash;

	if (len > 0 && line[len - 1] == '\n')
		line[--len] = '\0';
	if (user_line_is_blank(line, len))
		return;
	if (strlen(line) != len || (hash = strchr(line, ':')) == NULL) {
		complain(im, "a line must be NAME:HASH, as in shadow(5) or "
		    "htpasswd");
		return;
	}
	*hash++ = '\0';
	hash[strcspn(hash, ":")] = '\0';
	import_user(im, line, hash);
}

static enum status
read_lines(struct import *im, FILE *from)
{
	enum status st = STATUS_OK;
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	errno = 0;
	while ((n = getline(&line, &room, from)) != -1) {
		im->line++;
		import_line(im, line, (size_t)n);
		errno = 0;
	}
	if (ferror(from) || errno == ENOMEM)
		st = status_errno("%s", im->name);
	free(line);
	if (st == STATUS_OK && im->errors > 0)
		st = status_set(STATUS_CONFIG, "%s: nothing was imported, for "
		    "%zu of its lines cannot be: mend or remove them", im->name,
		    im->errors);
	return st;
}

static enum status
add_lines(const struct ftuser *f, const struct import *im)
{
	struct user_edit *e;
	enum status st;

	st = user_edit_begin(&e, f->file, true, USER_EDIT_WAIT_MS);
	if (st != STATUS_OK)
		return st;
	if ((st = user_edit_replace(e, NULL, im->lines)) != STATUS_OK) {
		user_edit_abort(e);
		return st;
	}
	if ((st = user_edit_commit(e)) == STATUS_OK)
		printf("%zu users imported, %zu without a password skipped\n",
		    im->users, im->skipped);
	return st;
}

static enum status
import_from(const struct ftuser *f, FILE *from, const char *name)
{
	struct import im = { .name = name };
	enum status st;

	if ((im.text = open_memstream(&im.lines, &im.len)) == NULL)
		return status_errno("%s", name);
	st = read_lines(&im, from);
	if (fclose(im.text) != 0 && st == STATUS_OK)
		st = status_errno("%s", name);
	if (st == STATUS_OK)
		st = add_lines(f, &im);
	free(im.lines);
	return st;
}

enum status
ftuser_import(const struct ftuser *f)
{
	const char *name = f->count > 0 ? f->args[0] : "-";
	enum status st;
	FILE *from;

	if (f->has_stdin || f->password_file != NULL)
		return status_set(STATUS_USAGE,
		    "import needs no password: it takes over hashes");
	if (strcmp(name, "-") == 0)
		return import_from(f, stdin, "standard input");
	if ((from = fopen(name, "re")) == NULL)
		return status_errno("%s", name);
	st = import_from(f, from, name);
	fclose(from);
	return st;
}
