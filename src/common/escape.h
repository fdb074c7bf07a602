/*
 * escape - bytes from a stranger, made fit for a terminal or a log line.
 *
 * Printable UTF-8 stays as it is.  Control characters (C0, DEL, C1), broken
 * UTF-8, and the marks that turn the direction of text become \n, \t, \\,
 * \e or \xNN, so that what is shown is one line and names its bytes exactly.
 */
#ifndef ESCAPE_H
#define ESCAPE_H

#include <stddef.h>

/* The most bytes that one input byte can turn into. */
#define ESCAPE_GROWTH 4

/*
 * Write the escaped form of `len` bytes to `out` (size `room`, always ended
 * with NUL; what does not fit is cut at a whole escape).  Returns the length
 * written.
 */
size_t escape_bytes(char *out, size_t room, const void *bytes, size_t len);

/* The same for a string. */
size_t escape_string(char *out, size_t room, const char *string);

/* The same for a text of many lines: line ends, tabs and \ stay as they are. */
size_t escape_text(char *out, size_t room, const void *bytes, size_t len);

/* How many bytes at the end, 0 to 3, may begin a character that is cut off. */
size_t escape_torn(const void *bytes, size_t len);

#endif
