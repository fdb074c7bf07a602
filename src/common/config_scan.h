/*
 * config_scan - what libConfuse would let pass in a configuration file and a
 * person would not expect: an end of file inside a section, variables that are
 * expanded, escapes, stray characters that are skipped.  And comments, in which
 * it counts lines that are not there.
 */
#ifndef CONFIG_SCAN_H
#define CONFIG_SCAN_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "status.h"

/*
 * STATUS_CONFIG as FILE:LINE: what is wrong, and what to do.  Comments become
 * blanks, and lines stay lines.
 */
enum status config_scan(char *text, const char *file);

/*
 * One of libConfuse's own errors, as it hands it on.  True if that is of a word
 * that it does not know, which comes into `text`; else the whole error does.
 */
bool config_scan_is_unknown(char *text, size_t size, const char *fmt,
    va_list ap) __attribute__((format(printf, 3, 0)));

#endif
