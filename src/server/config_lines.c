/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "config_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct config_line {
	char		 place[CONFIG_PLACE_SIZE];
	unsigned int	 line;
};

static void
append(char out[CONFIG_PLACE_SIZE], const char *part)
{
	size_t len = strlen(out);

	if (part != NULL && part[0] != '\0')
		snprintf(out + len, CONFIG_PLACE_SIZE - len, "%s%s",
		    len > 0 ? "." : "", part);
}

void
config_place(char out[CONFIG_PLACE_SIZE], const char *section,
    const char *title, const char *key)
{
	out[0] = '\0';
	append(out, section);
	append(out, title);
	append(out, key);
}

enum status
config_lines_add(struct config_lines *lines, const char *place,
    unsigned int line)
{
	struct config_line *items;

	items = reallocarray(lines->items, lines->count + 1, sizeof(*items));
	if (items == NULL)
		return STATUS_NO_MEMORY;
	lines->items = items;
	items += lines->count++;
	snprintf(items->place, sizeof(items->place), "%s", place);
	items->line = line;
	return STATUS_OK;
}

unsigned int
config_lines_of(const struct config_lines *lines, const char *place)
{
	size_t i;

	for (i = 0; i < lines->count; i++)
		if (strcmp(lines->items[i].place, place) == 0)
			return lines->items[i].line;
	return 0;
}

unsigned int
config_lines_near(const struct config_lines *lines, const char *place)
{
	char near[CONFIG_PLACE_SIZE], *dot;
	unsigned int line;

	snprintf(near, sizeof(near), "%s", place);
	while ((line = config_lines_of(lines, near)) == 0 && near[0] != '\0') {
		dot = strrchr(near, '.');
		*(dot != NULL ? dot : near) = '\0';
	}
	return line;
}

void
config_lines_clear(struct config_lines *lines)
{
	free(lines->items);
	lines->items = NULL;
	lines->count = 0;
}
