/*
 * config_check - what no single key can tell: what is missing, and what does
 * not go together.  Looks at no file.
 */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "config_lines.h"
#include "server_config.h"
#include "status.h"

/* STATUS_CONFIG as FILE:LINE, the line that `lines` has for what is wrong. */
enum status config_check(const struct config *config,
    const struct config_lines *lines, const char *file);

#endif
