/*
 * config_check - what no single key can tell: what is missing, and what does
 * not go together.  Looks at no file.
 */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "server_config.h"
#include "status.h"

enum status config_check(const struct config *config, const char *file);

#endif
