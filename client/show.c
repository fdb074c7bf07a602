/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "show.h"

#include <inttypes.h>
#include <string.h>

#include "escape.h"
#include "screen.h"

#define PIECE	256u		/* bytes that are escaped at once */
#define SLOT	900		/* seconds; zones differ by multiples of it */
#define LATEST	253402300799	/* 9999-12-31 23:59:59 */
#define EARLIEST (-62135596800)	/* 0001-01-01 00:00:00 */

/* Where to cut so that no UTF-8 sequence is torn. */
static size_t
piece_of(const unsigned char *bytes, size_t len)
{
	size_t n = PIECE, back;

	if (len <= PIECE)
		return len;
	for (back = 0; back < 3; back++)
		if ((bytes[n - back] & 0xc0) != 0x80)
			return n - back;
	return n;
}

void
show_bytes(FILE *file, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	char safe[PIECE * ESCAPE_GROWTH + 1];
	size_t n;

	for (; len > 0; at += n, len -= n) {
		n = piece_of(at, len);
		fwrite(safe, 1, escape_bytes(safe, sizeof(safe), at, n), file);
	}
}

size_t
show_width(const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	char safe[PIECE * ESCAPE_GROWTH + 1];
	size_t n, width = 0;

	for (; len > 0; at += n, len -= n) {
		n = piece_of(at, len);
		width += screen_width(safe,
		    escape_bytes(safe, sizeof(safe), at, n));
	}
	return width;
}

void
show_string(FILE *file, const char *string)
{
	show_bytes(file, string, strlen(string));
}

/* Find the slot that holds the moment. */
static bool
set_clock(struct show_clock *clock, int64_t seconds)
{
	int64_t begin = seconds - (seconds % SLOT + SLOT) % SLOT;
	time_t moment = (time_t)begin;

	if (clock->known && clock->begin == begin)
		return true;
	clock->known = localtime_r(&moment, &clock->tm) != NULL;
	clock->begin = begin;
	return clock->known;
}

void
show_time(char out[SHOW_TIME_SIZE], struct show_clock *clock, int64_t seconds)
{
	int64_t rest;

	if (seconds < EARLIEST || seconds > LATEST ||
	    !set_clock(clock, seconds)) {
		snprintf(out, SHOW_TIME_SIZE, "%-19s", "?");
		return;
	}
	/* Zones of long ago were off by odd minutes: carry into the hour. */
	rest = seconds - clock->begin + clock->tm.tm_sec +
	    60 * clock->tm.tm_min;
	snprintf(out, SHOW_TIME_SIZE, "%04d-%02d-%02d %02d:%02d:%02d",
	    (clock->tm.tm_year + 1900) % 10000, clock->tm.tm_mon + 1,
	    clock->tm.tm_mday, clock->tm.tm_hour + (int)(rest / 3600),
	    (int)(rest / 60 % 60), (int)(rest % 60));
}

void
show_mode(char out[SHOW_MODE_SIZE], char type, unsigned int mode)
{
	static const char letters[] = "rwxrwxrwx";
	int i;

	out[0] = type == 'f' ? '-' : type == 'o' ? '?' : type;
	for (i = 0; i < 9; i++)
		out[1 + i] = (mode >> (8 - i) & 1) != 0 ? letters[i] : '-';
	out[10] = '\0';
}

void
show_facts(FILE *file, struct show_clock *clock, const struct ft1_entry *entry,
    bool is_long)
{
	char mode[SHOW_MODE_SIZE], moment[SHOW_TIME_SIZE];

	show_mode(mode, entry->type, entry->mode);
	if (!is_long)
		mode[1] = '\0';
	show_time(moment, clock, entry->mtime.seconds);
	fprintf(file, "%s %12" PRIu64 " %s ", mode, entry->size, moment);
}

void
show_amount(char out[SHOW_AMOUNT_SIZE], uint64_t bytes)
{
	static const char units[] = "KMGTPE";
	double amount = (double)bytes;
	int unit = -1;

	while (amount >= 999.5 && unit < 5) {
		amount /= 1024;
		unit++;
	}
	if (unit == -1)
		snprintf(out, SHOW_AMOUNT_SIZE, "%" PRIu64 "B", bytes);
	else
		snprintf(out, SHOW_AMOUNT_SIZE, amount < 9.95 ? "%.1f%c" :
		    "%.0f%c", amount, units[unit]);
}

/* Servers name what was asked for by its path from the root. */
static bool
begins_with(const char *text, const char *name)
{
	size_t len = strlen(name);

	if (text[0] == '/' && name[0] != '/')
		text++;
	return strncmp(text, name, len) == 0 && text[len] == ':';
}

/* Where it went wrong, if that was in a batch. */
static void
show_line(const char *batch, uint64_t line)
{
	if (batch == NULL)
		return;
	if (strcmp(batch, "-") == 0)
		fputs("line ", stderr);
	else {
		show_string(stderr, batch);
		putc(':', stderr);
	}
	fprintf(stderr, "%" PRIu64 ": ", line);
}

void
show_begin_line(void)
{
	flockfile(stderr);
}

void
show_end_line(void)
{
	funlockfile(stderr);
}

void
show_error(const char *name, enum status st)
{
	show_error_at(NULL, 0, name, st);
}

void
show_error_at(const char *batch, uint64_t line, const char *name,
    enum status st)
{
	const char *text = status_text(st);

	fflush(stdout);
	show_begin_line();
	fputs("ftclient: ", stderr);
	show_line(batch, line);
	if (name != NULL && name[0] != '\0' && !begins_with(text, name)) {
		show_string(stderr, name);
		fputs(": ", stderr);
	}
	show_string(stderr, text);
	fprintf(stderr, " (%s)\n", status_word(st));
	show_end_line();
}
