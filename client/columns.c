/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "columns.h"

#include <stdlib.h>

#include "show.h"

#define GAP	2u		/* columns between two names */

struct layout {
	const size_t	*widths;	/* borrowed; of each name */
	size_t		 count;
	size_t		 room;		/* columns of a line */
	size_t		 rows;		/* the result */
};

/* The widest name of the column that begins with that one. */
static size_t
column_width(const struct layout *layout, size_t first, size_t rows)
{
	size_t widest = 0, i;

	for (i = first; i < layout->count && i < first + rows; i++)
		if (layout->widths[i] > widest)
			widest = layout->widths[i];
	return widest;
}

static int
fits(const struct layout *layout, size_t rows)
{
	size_t all = 0, first;

	for (first = 0; first < layout->count; first += rows) {
		all += column_width(layout, first, rows);
		if (all > layout->room)
			return 0;
		all += GAP;
	}
	return 1;
}

/* The fewest rows; each way to have more columns is tried once. */
static void
choose_rows(struct layout *layout)
{
	size_t columns = layout->room / (GAP + 1) + 1, rows;

	if (columns > layout->count)
		columns = layout->count;
	for (; columns > 1; columns--) {
		rows = (layout->count + columns - 1) / columns;
		if (fits(layout, rows))
			break;
	}
	layout->rows = (layout->count + columns - 1) / columns;
}

void
columns_show_cell(FILE *file, const struct columns_cell *cell)
{
	if (cell->color != NULL)
		fprintf(file, "\033[%sm", cell->color);
	show_bytes(file, cell->name, cell->len);
	if (cell->color != NULL)
		fputs("\033[0m", file);
}

/* `gaps` is as wide as each column. */
static void
show_row(FILE *file, const struct columns_cell *cells,
    const struct layout *layout, const size_t *gaps, size_t row)
{
	size_t i, column = 0;

	for (i = row; i < layout->count; i += layout->rows, column++) {
		columns_show_cell(file, &cells[i]);
		if (i + layout->rows < layout->count)
			fprintf(file, "%*s", (int)(gaps[column] -
			    layout->widths[i]), "");
	}
	putc('\n', file);
}

enum status
columns_show(FILE *file, const struct columns_cell *cells, size_t count,
    unsigned int width)
{
	struct layout layout = { .count = count, .room = width };
	size_t *widths, *gaps, i, column = 0;

	if (count == 0)
		return STATUS_OK;
	if ((widths = calloc(count, 2 * sizeof(*widths))) == NULL)
		return status_no_memory();
	for (i = 0; i < count; i++)
		widths[i] = show_width(cells[i].name, cells[i].len);
	gaps = widths + count;
	layout.widths = widths;
	choose_rows(&layout);
	for (i = 0; i < count; i += layout.rows)
		gaps[column++] = column_width(&layout, i, layout.rows) + GAP;
	for (i = 0; i < layout.rows; i++)
		show_row(file, cells, &layout, gaps, i);
	free(widths);
	return STATUS_OK;
}
