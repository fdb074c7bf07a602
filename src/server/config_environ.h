/*
 * config_environ - variables FTSERVER_SECTION_KEY that override the file.
 */
#ifndef CONFIG_ENVIRON_H
#define CONFIG_ENVIRON_H

#include "config_keys.h"
#include "server_config.h"
#include "status.h"

/* STATUS_CONFIG names the variable and what is wrong with it. */
enum status config_environ_apply(struct config *config);

/* Set a list from text: values with commas or blanks between them. */
enum status config_set_list(const struct config_key *key,
    void *object, const char *text);

#endif
