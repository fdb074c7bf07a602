/*
 * config_parse - the text of a configuration file, read by libConfuse into a
 * struct config that holds the defaults.
 */
#ifndef CONFIG_PARSE_H
#define CONFIG_PARSE_H

#include "config_lines.h"
#include "server_config.h"
#include "status.h"

/*
 * `lines` learns where all stood, for what is checked later.  STATUS_CONFIG
 * with the first error that was met, STATUS_NO_MEMORY.
 */
enum status config_parse_text(struct config *config,
    struct config_lines *lines, const char *text, const char *file);

#endif
