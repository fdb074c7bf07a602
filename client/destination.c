/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "destination.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SCHEME "fts://"

/* A stretch of the text, and how its bytes are written. */
struct part {
	const char	*at;
	size_t		 len;
	bool		 encoded;	/* %XX stands for a byte */
};

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* One byte of the part, decoded; -1 if it is no byte that may stand here. */
static int
next_byte(struct part *part)
{
	int high, low, byte = (unsigned char)part->at[0];
	size_t used = 1;

	if (part->encoded && byte == '%') {
		if (part->len < 3 || (high = hex_digit(part->at[1])) == -1 ||
		    (low = hex_digit(part->at[2])) == -1)
			return -1;
		byte = high << 4 | low;
		used = 3;
	}
	part->at += used;
	part->len -= used;
	return byte == 0 ? -1 : byte;
}

static enum status
copy_part(char *out, size_t room, struct part part, const char *what)
{
	size_t n = 0;
	int byte;

	while (part.len > 0) {
		if ((byte = next_byte(&part)) == -1)
			return status_set(STATUS_USAGE,
			    "the %s has a broken %%XX in it", what);
		if (n + 1 == room)
			return status_set(STATUS_USAGE, "the %s is too long",
			    what);
		out[n++] = (char)byte;
	}
	out[n] = '\0';
	return STATUS_OK;
}

static enum status
parse_port(struct destination *out, const char *text, size_t len)
{
	long port = 0;
	size_t i;

	if (len == 0)
		return STATUS_OK;
	for (i = 0; i < len && i < sizeof(out->port); i++) {
		if (text[i] < '0' || text[i] > '9')
			break;
		port = port * 10 + (text[i] - '0');
	}
	if (i < len || port < 1 || port > 65535)
		return status_set(STATUS_USAGE, "%.*s is no port: 1 to 65535 "
		    "(a folder is written host/folder)", (int)len, text);
	snprintf(out->port, sizeof(out->port), "%ld", port);
	out->port_given = true;
	return STATUS_OK;
}

static enum status
parse_host(struct destination *out, struct part part)
{
	const char *end, *colon;
	struct part host = part;
	enum status st;

	if (part.len > 0 && part.at[0] == '[') {
		if ((end = memchr(part.at, ']', part.len)) == NULL)
			return status_set(STATUS_USAGE,
			    "the address misses its ]");
		host.at++;
		host.len = (size_t)(end - host.at);
		end++;
		if (end < part.at + part.len && *end != ':')
			return status_set(STATUS_USAGE,
			    "only :PORT can follow the ] of an address");
	} else {
		colon = memchr(part.at, ':', part.len);
		end = colon != NULL ? colon : part.at + part.len;
		host.len = (size_t)(end - part.at);
		if (colon != NULL && memchr(colon + 1, ':',
		    (size_t)(part.at + part.len - colon - 1)) != NULL)
			return status_set(STATUS_USAGE, "an IPv6 address "
			    "stands in brackets: [%.*s]", (int)part.len,
			    part.at);
	}
	if (host.len == 0)
		return status_set(STATUS_USAGE, "there is no host to go to");
	st = copy_part(out->host, sizeof(out->host), host, "host");
	if (st != STATUS_OK || end == part.at + part.len)
		return st;
	end++;
	return parse_port(out, end, (size_t)(part.at + part.len - end));
}

static enum status
parse_user(struct destination *out, struct part part)
{
	if (part.encoded && memchr(part.at, ':', part.len) != NULL)
		return status_set(STATUS_USAGE, "a password does not belong "
		    "on the command line: use --password-file");
	if (part.len == 0)
		return status_set(STATUS_USAGE,
		    "there is no user in front of the @");
	return copy_part(out->user, sizeof(out->user), part, "user");
}

enum status
destination_parse(struct destination *out, const char *text)
{
	struct part rest = { text, 0, false }, user;
	const char *slash, *at;
	enum status st;

	memset(out, 0, sizeof(*out));
	snprintf(out->port, sizeof(out->port), "%s", FT1_PORT);
	if (strncasecmp(text, SCHEME, strlen(SCHEME)) == 0) {
		rest.at += strlen(SCHEME);
		rest.encoded = true;
	} else if ((slash = strstr(text, "://")) != NULL)
		return status_set(STATUS_USAGE, "%.*s is not spoken here: "
		    "use " SCHEME, (int)(slash - text), text);
	slash = rest.at + strcspn(rest.at, "/");
	rest.len = (size_t)(slash - rest.at);
	if ((at = memrchr(rest.at, '@', rest.len)) != NULL) {
		user = rest;
		user.len = (size_t)(at - rest.at);
		if ((st = parse_user(out, user)) != STATUS_OK)
			return st;
		rest.at = at + 1;
		rest.len = (size_t)(slash - rest.at);
	}
	if ((st = parse_host(out, rest)) != STATUS_OK)
		return st;
	rest.at = slash;
	rest.len = strlen(slash);
	return copy_part(out->path, sizeof(out->path), rest, "path");
}

static struct part
whole(const char *text)
{
	return (struct part){ text, strlen(text), false };
}

enum status
destination_set_host(struct destination *out, const char *text)
{
	struct part host = whole(text);
	const char *colon = strchr(text, ':');

	if (host.len > 1 && text[0] == '[' && text[host.len - 1] == ']') {
		host.at++;
		host.len -= 2;
	} else if (colon != NULL && strchr(colon + 1, ':') == NULL)
		return status_set(STATUS_USAGE, "a port does not belong to "
		    "the name of a host: %s", text);
	if (host.len == 0 || strpbrk(text, "/@ \t") != NULL)
		return status_set(STATUS_USAGE,
		    "`%.64s` is no name of a host", text);
	return copy_part(out->host, sizeof(out->host), host, "host");
}

enum status
destination_set_port(struct destination *out, const char *text)
{
	return parse_port(out, text, strlen(text));
}

enum status
destination_set_user(struct destination *out, const char *text)
{
	return copy_part(out->user, sizeof(out->user), whole(text), "user");
}

enum status
destination_set_path(struct destination *out, const char *text)
{
	out->path[0] = '/';
	return copy_part(out->path + 1, sizeof(out->path) - 1,
	    whole(text[0] == '/' ? text + 1 : text), "path");
}

void
destination_name(char out[DESTINATION_NAME_SIZE],
    const struct destination *destination)
{
	bool brackets = strchr(destination->host, ':') != NULL;

	snprintf(out, DESTINATION_NAME_SIZE, "%s%s%s:%s", brackets ? "[" : "",
	    destination->host, brackets ? "]" : "", destination->port);
}
