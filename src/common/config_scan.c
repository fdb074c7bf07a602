/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "config_scan.h"

#include <stdio.h>
#include <string.h>

struct scan {
	const char	*file;
	char		*at;
	unsigned int	 line;
	unsigned int	 depth;		/* of open braces */
	unsigned int	 opened;	/* line of the outermost open one */
};

static enum status
refuse(const struct scan *s, unsigned int line, const char *what)
{
	return status_set(STATUS_CONFIG, "%s:%u: %s", s->file, line, what);
}

static bool
begins(const struct scan *s, const char *word)
{
	return strncmp(s->at, word, strlen(word)) == 0;
}

static void
skip_line(struct scan *s)
{
	size_t len = strcspn(s->at, "\n");

	memset(s->at, ' ', len);
	s->at += len;
}

static enum status
skip_comment(struct scan *s)
{
	unsigned int begun = s->line;
	const char *end = strstr(s->at + 2, "*/");

	if (end == NULL)
		return refuse(s, begun, "this comment has no end: "
		    "close it by */");
	for (end += 2; s->at < end; s->at++)
		if (*s->at == '\n')
			s->line++;
		else
			*s->at = ' ';
	return STATUS_OK;
}

/* A character inside quotes; libConfuse treats some of them in its own way. */
static enum status
check_quoted(const struct scan *s, char quote, unsigned int begun)
{
	if (*s->at == '\0' || *s->at == '\n')
		return refuse(s, begun, "this quote is not closed on its line");
	if (*s->at == '\\' && s->at[1] != '\\' && s->at[1] != quote)
		return refuse(s, s->line, "a backslash stands only before "
		    "another one or a quote: write \\\\ for one");
	if (quote == '"' && begins(s, "${"))
		return refuse(s, s->line, "variables are not expanded: leave "
		    "out ${, or set the key from the environment");
	return STATUS_OK;
}

static enum status
skip_quoted(struct scan *s)
{
	unsigned int begun = s->line;
	char quote = *s->at++;
	enum status st;

	for (; *s->at != quote; s->at++) {
		if ((st = check_quoted(s, quote, begun)) != STATUS_OK)
			return st;
		if (*s->at == '\\')
			s->at++;
	}
	s->at++;
	return STATUS_OK;
}

static enum status
check_brace(struct scan *s)
{
	if (*s->at == '{') {
		if (s->depth++ == 0)
			s->opened = s->line;
	} else if (s->depth-- == 0) {
		return refuse(s, s->line, "this } closes nothing: "
		    "take it away, or open a section before it");
	}
	return STATUS_OK;
}

static enum status
check_plain(struct scan *s)
{
	unsigned char c = (unsigned char)*s->at;
	enum status st = STATUS_OK;

	if (c == '{' || c == '}')
		st = check_brace(s);
	else if (begins(s, "${"))
		st = refuse(s, s->line, "variables are not expanded: leave "
		    "out ${, or set the key from the environment");
	else if (c == '*' || c == '(' || c == ')' || c == '|' || c == '\\')
		st = refuse(s, s->line, "one of * ( ) | \\ stands outside of "
		    "quotes: put the value in quotes");
	else if ((c < ' ' && strchr("\t\r\n", c) == NULL) || c == 0x7f)
		st = refuse(s, s->line, "a control character: take it away");
	if (c == '\n')
		s->line++;
	s->at++;
	return st;
}

static enum status
scan_next(struct scan *s)
{
	if (*s->at == '#' || begins(s, "//")) {
		skip_line(s);
		return STATUS_OK;
	}
	if (begins(s, "/*"))
		return skip_comment(s);
	if (*s->at == '"' || *s->at == '\'')
		return skip_quoted(s);
	return check_plain(s);
}

enum status
config_scan(char *text, const char *file)
{
	struct scan s = { .file = file, .at = text, .line = 1 };
	enum status st;

	while (*s.at != '\0')
		if ((st = scan_next(&s)) != STATUS_OK)
			return st;
	if (s.depth > 0)
		return refuse(&s, s.opened, "this { is never closed: "
		    "put a } where the section or the list ends");
	return STATUS_OK;
}

bool
config_scan_is_unknown(char *text, size_t size, const char *fmt, va_list ap)
{
	static const char unknown[] = "no such option '";
	const size_t front = sizeof(unknown) - 1;
	size_t len;

	vsnprintf(text, size, fmt, ap);
	len = strlen(text);
	if (len <= front || memcmp(text, unknown, front) != 0 ||
	    text[len - 1] != '\'')
		return false;
	memmove(text, text + front, len - front - 1);
	text[len - front - 1] = '\0';
	return true;
}
