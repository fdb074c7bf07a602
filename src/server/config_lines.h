/*
 * config_lines - in which line of a configuration file each key and section
 * stood, for errors that are only found when all has been read.
 *
 * A place is written "KEY", "SECTION.KEY" or "base.NAME.KEY"; without its key
 * it is a section, by the line that closes it, and "" is the end of the file.
 */
#ifndef CONFIG_LINES_H
#define CONFIG_LINES_H

#include <stddef.h>

#include "status.h"

#define CONFIG_PLACE_SIZE 80	/* bytes of a place, the NUL among them */

/* Begins as all zero. */
struct config_lines {
	struct config_line *items;	/* owned */
	size_t		 count;
};

/* The place of a key or, with NULL, of a section; a title may be NULL. */
void config_place(char out[CONFIG_PLACE_SIZE], const char *section,
    const char *title, const char *key);

/* Note that `place` stood in `line`.  STATUS_NO_MEMORY. */
enum status config_lines_add(struct config_lines *lines, const char *place,
    unsigned int line);

/* The line of `place`, or 0. */
unsigned int config_lines_of(const struct config_lines *lines,
    const char *place);

/* The same; for what did not stand there, the section it belongs to. */
unsigned int config_lines_near(const struct config_lines *lines,
    const char *place);

void config_lines_clear(struct config_lines *lines);

#endif
