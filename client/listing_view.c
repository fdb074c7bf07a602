/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "listing_view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "colors.h"
#include "columns.h"
#include "ft1.h"
#include "reply.h"
#include "screen.h"
#include "show.h"

#define KEPT_MOST	(32u << 20)	/* bytes that are kept to be sorted */
#define KEPT_FIRST	65536u
#define TYPE_WIDTH	24u		/* columns of a MIME type */
#define HEAD		2u		/* the length in front of an entry */

struct listing_view {
	struct show_clock clock;
	struct report	*report;	/* borrowed */
	enum listing_style style;
	bool		 has_types;
	struct colors	*colors;	/* owned; or NULL */
	bool		 streams;	/* there are too many to be sorted */
	uint64_t	 count;
	uint8_t		*kept;		/* owned; a row of entries */
	size_t		 kept_len, kept_room;
	FILE		*lines;		/* owned; writes `text`, or NULL */
	char		*text;		/* owned; their lines, one by one */
	size_t		 text_len;
};

/* Where an entry is kept, and its line. */
struct place {
	uint32_t	 entry, line, line_len;
};

enum status
listing_view_new(struct listing_view **out, enum listing_style style,
    struct report *report)
{
	enum status st = STATUS_OK;

	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return status_no_memory();
	(*out)->style = style;
	(*out)->report = report;
	if (colors_are_wanted(STDOUT_FILENO))
		st = colors_new(&(*out)->colors, getenv("LS_COLORS"));
	/* They are made while more is on its way. */
	if (st == STATUS_OK && style != LISTING_COLUMNS &&
	    !report_is_json(report)) {
		(*out)->lines = open_memstream(&(*out)->text,
		    &(*out)->text_len);
		st = (*out)->lines != NULL ? STATUS_OK : status_no_memory();
	}
	if (st != STATUS_OK) {
		listing_view_free(*out);
		*out = NULL;
	}
	return st;
}

void
listing_view_free(struct listing_view *view)
{
	if (view == NULL)
		return;
	colors_free(view->colors);
	if (view->lines != NULL)
		fclose(view->lines);
	free(view->text);
	free(view->kept);
	free(view);
}

void
listing_view_show_types(struct listing_view *view)
{
	view->has_types = true;
}

uint64_t
listing_view_count(const struct listing_view *view)
{
	return view->count;
}

static enum status
check_output(void)
{
	return ferror(stdout) ? status_errno("standard output") : STATUS_OK;
}

static struct columns_cell
cell_of(const struct listing_view *view, const struct ft1_entry *entry)
{
	return (struct columns_cell){ .name = entry->name,
	    .len = entry->name_len,
	    .color = colors_of(view->colors, entry) };
}

/* A type as servers know it has nothing to be escaped in it. */
static void
show_type(FILE *file, const struct ft1_entry *entry)
{
	size_t len = entry->mime_len > 0 ? entry->mime_len : 1;

	show_bytes(file, entry->mime_len > 0 ? entry->mime : "-", len);
	fprintf(file, "%*s", len < TYPE_WIDTH ?
	    (int)(TYPE_WIDTH - len) + 1 : 1, "");
}

/* A row whose entries have been checked, a line for each. */
static void
print_row(FILE *file, struct listing_view *view, const uint8_t *row,
    size_t len)
{
	struct columns_cell cell;
	struct ft1_entry entry;

	while (ft1_entry_next(&entry, &row, &len) == FT1_FIELD) {
		if (report_entry(view->report, "list", &entry))
			continue;
		if (view->style != LISTING_COLUMNS)
			show_facts(file, &view->clock, &entry,
			    view->style == LISTING_LONG);
		if (view->has_types)
			show_type(file, &entry);
		cell = cell_of(view, &entry);
		columns_show_cell(file, &cell);
		putc('\n', file);
	}
}

static enum status
show_row(struct listing_view *view, const uint8_t *row, size_t len)
{
	print_row(stdout, view, row, len);
	return check_output();
}

static enum status
check_row(struct listing_view *view, const uint8_t *row, size_t len)
{
	struct ft1_entry entry;
	enum ft1_next next;

	while ((next = ft1_entry_next(&entry, &row, &len)) == FT1_FIELD) {
		view->count++;
		if (!reply_is_name(&entry))
			return status_set(STATUS_PROTOCOL, "the server sent "
			    "a name that no file can have");
	}
	if (next == FT1_BROKEN)
		return status_set(STATUS_PROTOCOL,
		    "the server sent a broken listing");
	return STATUS_OK;
}

static enum status
start_to_stream(struct listing_view *view)
{
	enum status st = STATUS_OK;

	if (view->lines == NULL)
		st = show_row(view, view->kept, view->kept_len);
	else {
		fwrite(view->text, 1, view->text_len, stdout);
		st = check_output();
		fclose(view->lines);
		view->lines = NULL;
		free(view->text);
		view->text = NULL;
	}
	view->streams = true;
	free(view->kept);
	view->kept = NULL;
	view->kept_len = view->kept_room = 0;
	return st;
}

static enum status
keep(struct listing_view *view, const uint8_t *row, size_t len)
{
	size_t room = view->kept_room;
	uint8_t *more;

	while (room - view->kept_len < len)
		room = room == 0 ? KEPT_FIRST : 2 * room;
	if (room != view->kept_room) {
		if ((more = realloc(view->kept, room)) == NULL)
			return status_no_memory();
		view->kept = more;
		view->kept_room = room;
	}
	memcpy(view->kept + view->kept_len, row, len);
	view->kept_len += len;
	if (view->lines == NULL)
		return STATUS_OK;
	print_row(view->lines, view, row, len);
	return fflush(view->lines) == EOF || ferror(view->lines) ?
	    status_no_memory() : STATUS_OK;
}

/* Of what is kept, with so much more. */
static bool
fits(const struct listing_view *view, size_t len)
{
	return view->kept_len + view->text_len + len <= KEPT_MOST;
}

enum status
listing_view_add(struct listing_view *view, const uint8_t *row, size_t len)
{
	enum status st;

	if ((st = check_row(view, row, len)) != STATUS_OK)
		return st;
	if (len == 0)
		return STATUS_OK;
	if (!view->streams && !fits(view, len) &&
	    (st = start_to_stream(view)) != STATUS_OK)
		return st;
	return view->streams ? show_row(view, row, len) :
	    keep(view, row, len);
}

/* The name of the entry that begins, with its length, at these bytes. */
static size_t
name_at(const uint8_t *at, const uint8_t **name)
{
	*name = at + HEAD + FT1_ENTRY_FIXED;
	return (size_t)((*name)[-2] << 8 | (*name)[-1]);
}

static int
by_name(const void *a, const void *b, void *base)
{
	const uint8_t *names[2], *entries = base;
	size_t len[2];
	int order;

	len[0] = name_at(entries + ((const struct place *)a)->entry,
	    &names[0]);
	len[1] = name_at(entries + ((const struct place *)b)->entry,
	    &names[1]);
	order = memcmp(names[0], names[1], len[0] < len[1] ? len[0] : len[1]);
	if (order != 0)
		return order;
	return len[0] < len[1] ? -1 : len[0] > len[1];
}

static size_t
size_at(const uint8_t *at)
{
	return HEAD + (size_t)(at[0] << 8 | at[1]);
}

static enum status
show_columns(struct listing_view *view, const struct place *places)
{
	struct columns_cell *cells;
	struct ft1_entry entry;
	const uint8_t *at;
	enum status st;
	size_t i, len;

	if ((cells = calloc(view->count, sizeof(*cells))) == NULL)
		return status_no_memory();
	for (i = 0; i < view->count; i++) {
		at = view->kept + places[i].entry;
		len = size_at(at);
		(void)ft1_entry_next(&entry, &at, &len);
		cells[i] = cell_of(view, &entry);
	}
	st = columns_show(stdout, cells, view->count,
	    screen_columns(STDOUT_FILENO));
	free(cells);
	return st == STATUS_OK ? check_output() : st;
}

static enum status
show_lines(struct listing_view *view, const struct place *places)
{
	const uint8_t *entry;
	size_t i;

	for (i = 0; i < view->count && !ferror(stdout); i++) {
		entry = view->kept + places[i].entry;
		if (view->lines != NULL)
			fwrite(view->text + places[i].line, 1,
			    places[i].line_len, stdout);
		else
			print_row(stdout, view, entry, size_at(entry));
	}
	return check_output();
}

/* Both are in the order in which they came. */
static void
find_places(struct place *places, const struct listing_view *view)
{
	const char *line = view->text, *end;
	size_t at = 0;

	for (; at < view->kept_len; at += size_at(view->kept + at), places++) {
		*places = (struct place){ .entry = (uint32_t)at };
		if (view->lines == NULL)
			continue;
		end = strchr(line, '\n') + 1;
		places->line = (uint32_t)(line - view->text);
		places->line_len = (uint32_t)(end - line);
		line = end;
	}
}

enum status
listing_view_end(struct listing_view *view)
{
	struct place *places;
	enum status st;

	if (view->kept_len == 0)
		return check_output();
	if ((places = calloc(view->count, sizeof(*places))) == NULL)
		return status_no_memory();
	find_places(places, view);
	qsort_r(places, view->count, sizeof(*places), by_name, view->kept);
	st = view->style == LISTING_COLUMNS ? show_columns(view, places) :
	    show_lines(view, places);
	free(places);
	view->kept_len = 0;
	return st;
}
