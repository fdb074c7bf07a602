/* SPDX-License-Identifier: ISC */
/*
 * Any bytes as a configuration: it is refused with the file and a line, or
 * is whole and within its bounds.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
must(bool good)
{
	if (!good)
		abort();
}

static void
check_config(const struct config *config)
{
	must(config->listen_count > 0 && config->base_count > 0 &&
	    config->base_count <= CONFIG_BASES_MAX);
	for (size_t i = 0; i < config->base_count; i++)
		must(config->bases[i].name != NULL &&
		    config->bases[i].path != NULL &&
		    config->bases[i].path[0] == '/');
	must(config->state[0] == '/' && config->user_file[0] == '/' &&
	    config->certificate[0] == '/' && config->private_key[0] == '/');
	must(config->ticket_lifetime <= 600 && config->max_sessions > 0 &&
	    config->login_tries > 0);
	must(config_fixed_difference(config, config) == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct config *config;
	enum status st;
	char *text;

	/* The text of a file holds no NUL. */
	if (memchr(bytes, '\0', len) != NULL ||
	    (text = malloc(len + 1)) == NULL)
		return 0;
	memcpy(text, bytes, len);
	text[len] = '\0';
	st = config_parse(&config, text, "F");
	free(text);
	must((st == STATUS_OK) == (config != NULL));
	if (st != STATUS_OK)
		must(st == STATUS_CONFIG &&
		    strncmp(status_text(st), "F:", 2) == 0);
	else
		check_config(config);
	config_free(config);
	return 0;
}
