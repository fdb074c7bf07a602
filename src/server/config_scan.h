/*
 * config_scan - what libConfuse would let pass in a configuration file and a
 * person would not expect: an end of file inside a section, variables that are
 * expanded, escapes, stray characters that are skipped.
 */
#ifndef CONFIG_SCAN_H
#define CONFIG_SCAN_H

#include "status.h"

/* STATUS_CONFIG as FILE:LINE: what is wrong, and what to do. */
enum status config_scan(const char *text, const char *file);

#endif
