/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "screen.h"

#include <stdbool.h>
#include <string.h>
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

#define DOTS	"..."
#define DOTS_LEN (sizeof(DOTS) - 1)

static bool
is_inside(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

/* The bytes of whole characters, from the front, that fit. */
static size_t
fit_front(const char *text, size_t len, size_t columns)
{
	size_t fits = 0, next;

	while (fits < len) {
		for (next = fits + 1; next < len && is_inside(text[next]);
		    next++)
			;
		if (screen_width(text, next) > columns)
			break;
		fits = next;
	}
	return fits;
}

/* Where those begin, up to the end, that fit. */
static size_t
fit_back(const char *text, size_t len, size_t columns)
{
	size_t from = len, next;

	while (from > 0) {
		for (next = from - 1; next > 0 && is_inside(text[next]);
		    next--)
			;
		if (screen_width(text + next, len - next) > columns)
			break;
		from = next;
	}
	return from;
}

void
screen_print(FILE *file, const char *text, size_t columns)
{
	size_t len = strlen(text), head = len, tail = len, used;

	used = screen_width(text, len);
	if (used > columns && columns < DOTS_LEN + 2) {
		head = fit_front(text, len, columns);
		used = screen_width(text, head);
	} else if (used > columns) {
		head = fit_front(text, len, (columns - DOTS_LEN) / 2);
		used = screen_width(text, head) + DOTS_LEN;
		tail = fit_back(text, len, columns - used);
		used += screen_width(text + tail, len - tail);
	}
	fprintf(file, "%.*s%s%s%*s", (int)head, text, head < len &&
	    columns >= DOTS_LEN + 2 ? DOTS : "", text + tail,
	    (int)(columns - used), "");
}
