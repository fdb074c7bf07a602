/*
 * columns - names side by side, as ls(1) has them on a terminal: sorted
 * downwards, in as many columns as fit.
 */
#ifndef COLUMNS_H
#define COLUMNS_H

#include <stddef.h>
#include <stdio.h>

#include "status.h"

struct columns_cell {
	const char	*name;		/* shown escaped */
	size_t		 len;
	const char	*color;		/* of colors.h, or NULL */
};

/* Lines of at most `width` columns, if no name alone is wider. */
enum status columns_show(FILE *file, const struct columns_cell *cells,
    size_t count, unsigned int width);

/* One name, without an end of line. */
void columns_show_cell(FILE *file, const struct columns_cell *cell);

#endif
