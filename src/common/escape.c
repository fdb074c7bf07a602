/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/*
 * The length of the well-formed UTF-8 sequence at `p`, its code point in
 * `*point`; 0 if there is none.
 */
static size_t
utf8_length(const unsigned char *p, size_t len, uint32_t *point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n, i;

	if (p[0] < 0x80)
		n = 1;
	else if (p[0] >= 0xc2 && p[0] < 0xe0)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] < 0xf0)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] < 0xf5)
		n = 4;
	else
		return 0;
	if (n > len)
		return 0;
	*point = n == 1 ? p[0] : p[0] & (0x7fu >> n);
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*point = *point << 6 | (p[i] & 0x3fu);
	}
	if (*point < least[n] || *point > 0x10ffff ||
	    (*point >= 0xd800 && *point < 0xe000))
		return 0;
	return n;
}

/* Characters that steer a terminal, or change the order of what is read. */
static bool
is_harmless(uint32_t point)
{
	return point >= 0x20 && point != '\\' &&
	    !(point >= 0x7f && point < 0xa0) &&
	    !(point >= 0x200b && point <= 0x200f) &&
	    !(point >= 0x2028 && point <= 0x202e) &&
	    !(point >= 0x2060 && point <= 0x206f) && point != 0x61c &&
	    point != 0xfeff && !(point >= 0xfff9 && point <= 0xfffb);
}

static size_t
escape_byte(char *out, unsigned char byte)
{
	const char *letter, *from = "\n\t\r\033\\", *to = "ntre\\";

	if (byte != '\0' && (letter = strchr(from, byte)) != NULL)
		return (size_t)sprintf(out, "\\%c", to[letter - from]);
	return (size_t)sprintf(out, "\\x%02x", byte);
}

/* One character, or one byte of none; tells how many bytes it was. */
static size_t
escape_one(char piece[4 * ESCAPE_GROWTH + 1], size_t *made,
    const unsigned char *p, size_t len, bool is_text)
{
	uint32_t point = 0;
	size_t done = utf8_length(p, len, &point), n = 0, i;

	if (done > 0 && (is_harmless(point) || (is_text && (point == '\n' ||
	    point == '\t' || point == '\\')))) {
		memcpy(piece, p, done);
		*made = done;
		return done;
	}
	if (done == 0)
		done = 1;
	for (i = 0; i < done; i++)
		n += escape_byte(piece + n, p[i]);
	*made = n;
	return done;
}

static size_t
escape_all(char *out, size_t room, const unsigned char *p, size_t len,
    bool is_text)
{
	char piece[4 * ESCAPE_GROWTH + 1];
	size_t used = 0, done, n;

	if (room == 0)
		return 0;
	while (len > 0) {
		done = escape_one(piece, &n, p, len, is_text);
		if (used + n >= room)
			break;
		memcpy(out + used, piece, n);
		used += n;
		p += done;
		len -= done;
	}
	out[used] = '\0';
	return used;
}

size_t
escape_bytes(char *out, size_t room, const void *bytes, size_t len)
{
	return escape_all(out, room, bytes, len, false);
}

size_t
escape_text(char *out, size_t room, const void *bytes, size_t len)
{
	return escape_all(out, room, bytes, len, true);
}

size_t
escape_torn(const void *bytes, size_t len)
{
	const unsigned char *end = (const unsigned char *)bytes + len;
	size_t n;

	/* It would have to be longer than what is there of it. */
	for (n = 1; n <= 3 && n <= len; n++)
		if (end[-(ptrdiff_t)n] >= 0xc0)
			return end[-(ptrdiff_t)n] >= (n == 1 ? 0xc0 :
			    n == 2 ? 0xe0 : 0xf0) ? n : 0;
	return 0;
}

size_t
escape_string(char *out, size_t room, const char *string)
{
	return escape_bytes(out, room, string, strlen(string));
}
