/*
 * screen - how wide a terminal is, and a text on it.
 */
#ifndef SCREEN_H
#define SCREEN_H

#include <stddef.h>
#include <stdio.h>

/* Columns of the terminal behind `fd`; 80 if it does not tell. */
unsigned int screen_columns(int fd);

/* Lines of it; 24 if it does not tell. */
unsigned int screen_lines(int fd);

/*
 * Columns that a text takes that has been escaped (escape.h): two for a wide
 * character, none for one that combines with that before.
 */
size_t screen_width(const char *text, size_t len);

/*
 * Print such a text in exactly so many columns: filled with blanks, or with
 * "..." in place of its middle, as what differs is most often at an end.
 */
void screen_print(FILE *file, const char *text, size_t columns);

#endif
