/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "screen.h"

#include <sys/ioctl.h>
#include <wchar.h>

#define COLUMNS	80
#define LINES	24

unsigned int
screen_columns(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) == -1 || size.ws_col == 0)
		return COLUMNS;
	return size.ws_col;
}

unsigned int
screen_lines(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) == -1 || size.ws_row == 0)
		return LINES;
	return size.ws_row;
}

/*
 * The character that begins at `*at`, which moves on.  mbrtowc would do this
 * only where the locale says UTF-8; what is no UTF-8 counts byte by byte.
 */
static wchar_t
next_character(const unsigned char **at, const unsigned char *end)
{
	unsigned char first = *(*at)++;
	int more = first < 0xc0 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
	wchar_t point = more == 0 ? first : first & (0x3f >> more);

	for (; more > 0 && *at < end && (**at & 0xc0) == 0x80; more--)
		point = point << 6 | (*(*at)++ & 0x3f);
	return point;
}

size_t
screen_width(const char *text, size_t len)
{
	const unsigned char *at = (const unsigned char *)text;
	const unsigned char *end = at + len;
	size_t width = 0;
	int columns;

	while (at < end) {
		columns = wcwidth(next_character(&at, end));
		/* Not known, as all but ASCII is in the locale C. */
		width += columns < 0 ? 1 : (size_t)columns;
	}
	return width;
}
