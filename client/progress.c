/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clock.h"
#include "escape.h"
#include "show.h"

#define FIRST_MS	1000
#define EVERY_MS	200
#define WIDTH		80	/* of terminals that do not tell theirs */
#define NUMBERS		38	/* columns of all but the name */
#define BAR		22	/* columns of "[====>    ]" */
#define NAME_LEAST	16	/* with less for the name there is no bar */
#define NAME_MOST	256	/* bytes of the name that are drawn */

void
progress_begin(struct progress *progress, const char *name, uint64_t total,
    bool quiet)
{
	progress->name = name;
	progress->total = total;
	progress->begun = clock_ms();
	progress->drawn = 0;
	progress->on = !quiet && isatty(STDERR_FILENO);
}

static int
terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == -1 ||
	    size.ws_col == 0)
		return WIDTH;
	return size.ws_col;
}

/* Percent and time left, or blanks if the total is not known. */
static void
show_share(char *out, size_t room, const struct progress *progress,
    uint64_t done, uint64_t speed)
{
	uint64_t left;

	if (progress->total == PROGRESS_UNKNOWN) {
		snprintf(out, room, "     %s", "--:--");
		return;
	}
	left = progress->total > done ? progress->total - done : 0;
	left = speed > 0 ? left / speed : 0;
	if (left > 359999)
		left = 359999;
	snprintf(out, room, "%3.0f%% %s%02" PRIu64 ":%02" PRIu64,
	    progress->total == 0 ? 100.0 :
	    100.0 * (double)done / (double)progress->total,
	    left >= 3600 ? "h" : "", left >= 3600 ? left / 3600 : left / 60,
	    left >= 3600 ? left / 60 % 60 : left % 60);
}

/* Empty if the total is not known or the name needs the room. */
static void
show_bar(char out[BAR + 2], const struct progress *progress, uint64_t done,
    int room)
{
	const size_t inner = BAR - 2;
	size_t full;

	out[0] = '\0';
	if (progress->total == PROGRESS_UNKNOWN || progress->total == 0 ||
	    room < NAME_LEAST + BAR + 1)
		return;
	full = done >= progress->total ? inner :
	    (size_t)((double)done / (double)progress->total * (double)inner);
	out[0] = ' ';
	out[1] = '[';
	memset(out + 2, '=', full);
	memset(out + 2 + full, ' ', inner - full);
	if (full < inner)
		out[2 + full] = '>';
	out[BAR] = ']';
	out[BAR + 1] = '\0';
}

static void
draw(const struct progress *progress, uint64_t done, uint64_t now)
{
	char name[NAME_MOST + 1], amount[SHOW_AMOUNT_SIZE], share[32];
	char rate[SHOW_AMOUNT_SIZE], bar[BAR + 2];
	uint64_t speed = done * 1000 / (now - progress->begun + 1);
	int width = terminal_width() - NUMBERS;

	show_bar(bar, progress, done, width);
	width -= (int)strlen(bar);
	if (width < 0)
		width = 0;
	if (width > NAME_MOST)
		width = NAME_MOST;
	escape_string(name, (size_t)width + 1, progress->name);
	show_amount(amount, done);
	show_amount(rate, speed);
	show_share(share, sizeof(share), progress, done, speed);
	fprintf(stderr, "\r%-*s%s %7s %7s/s %s\033[K", width, name, bar,
	    amount, rate, share);
	fflush(stderr);
}

void
progress_update(struct progress *progress, uint64_t done)
{
	uint64_t now;

	if (!progress->on)
		return;
	now = clock_ms();
	if (now - progress->begun < FIRST_MS ||
	    now - progress->drawn < EVERY_MS)
		return;
	progress->drawn = now;
	draw(progress, done, now);
}

void
progress_end(struct progress *progress)
{
	if (progress->drawn != 0)
		fputs("\r\033[K", stderr);
	progress->drawn = 0;
}
