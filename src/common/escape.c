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

size_t
escape_bytes(char *out, size_t room, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	char piece[4 * ESCAPE_GROWTH + 1];
	size_t used = 0, done, n, i;
	uint32_t point;

	if (room == 0)
		return 0;
	while (len > 0) {
		done = utf8_length(p, len, &point);
		if (done > 0 && is_harmless(point)) {
			memcpy(piece, p, done);
			n = done;
		} else {
			if (done == 0)
				done = 1;
			for (i = n = 0; i < done; i++)
				n += escape_byte(piece + n, p[i]);
		}
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
escape_string(char *out, size_t room, const char *string)
{
	return escape_bytes(out, room, string, strlen(string));
}
