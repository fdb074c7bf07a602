/* SPDX-License-Identifier: ISC */
/*
 * Any bytes as the client's configuration: it is refused with the file and a
 * line, or each of its sections is for somebody and says what can be used.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "destination.h"
#include "host_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
must(bool good)
{
	if (!good)
		abort();
}

static void
check_section(const struct host_section *section)
{
	struct destination scratch;

	must(section->patterns != NULL && section->patterns[0] != '\0');
	must(section->hostname == NULL || destination_set_host(&scratch,
	    section->hostname) == STATUS_OK);
	must(section->user == NULL || destination_set_user(&scratch,
	    section->user) == STATUS_OK);
	must(section->port == NULL || destination_set_port(&scratch,
	    section->port) == STATUS_OK);
	must(section->folder == NULL || destination_set_path(&scratch,
	    section->folder) == STATUS_OK);
}

static void
check_config(const struct host_config *config)
{
	static const char *const hosts[] = { "work", "files.example.org" };
	const struct host_section *section;
	size_t next, last;

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		for (next = last = 0; (section = host_config_next(config,
		    hosts[i], &next)) != NULL; last = next) {
			must(next > last);
			check_section(section);
		}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct host_config *config;
	enum status st;
	char *text;

	/* The text of a file holds no NUL. */
	if (memchr(bytes, '\0', len) != NULL ||
	    (text = malloc(len + 1)) == NULL)
		return 0;
	memcpy(text, bytes, len);
	text[len] = '\0';
	st = host_config_parse(&config, text, "F");
	free(text);
	must((st == STATUS_OK) == (config != NULL));
	if (st != STATUS_OK)
		must(st == STATUS_CONFIG &&
		    strncmp(status_text(st), "F:", 2) == 0);
	else
		check_config(config);
	host_config_free(config);
	return 0;
}
