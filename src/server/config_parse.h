/*
 * config_parse - the text of a configuration file, read by libConfuse into a
 * struct config that holds the defaults.
 */
#ifndef CONFIG_PARSE_H
#define CONFIG_PARSE_H

#include "server_config.h"
#include "status.h"

enum status config_parse_text(struct config *config, const char *text,
    const char *file);

#endif
