/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "config_check.h"

#include <string.h>

/* Is `path` the folder itself or below it, as written? */
static bool
lies_in(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	while (len > 1 && folder[len - 1] == '/')
		len--;
	if (strncmp(path, folder, len) != 0)
		return false;
	return len == 1 || path[len] == '/' || path[len] == '\0';
}

static enum status
check_given(const struct config *config, const char *file)
{
	size_t i;

	if (config->certificate == NULL || config->private_key == NULL)
		return status_set(STATUS_CONFIG, "%s: tls.%s is missing: "
		    "name a PEM file there (certs/README.md makes one)", file,
		    config->certificate == NULL ? "certificate" :
		    "private_key");
	if (config->base_count == 0)
		return status_set(STATUS_CONFIG, "%s: there is no base: add "
		    "`base NAME { path = /FOLDER }`", file);
	for (i = 0; i < config->base_count; i++)
		if (config->bases[i].path == NULL)
			return status_set(STATUS_CONFIG, "%s: base %s has no "
			    "path: add `path = /FOLDER` to its section", file,
			    config->bases[i].name);
	return STATUS_OK;
}

/* Users reach all that is in a base, so nothing of the server lies there. */
static enum status
check_outside(const struct config *config, const char *path, const char *key,
    const char *file)
{
	const struct config_base *base;

	for (base = config->bases; base < config->bases + config->base_count;
	    base++)
		if (lies_in(path, base->path))
			return status_set(STATUS_CONFIG, "%s: %s (%s) lies in "
			    "the base %s, where users could reach it: put it "
			    "elsewhere", file, key, path, base->name);
	return STATUS_OK;
}

static enum status
check_bases_differ(const struct config *config, const char *file)
{
	const struct config_base *a, *b;
	const struct config_base *end = config->bases + config->base_count;

	for (a = config->bases; a < end; a++) {
		for (b = a + 1; b < end; b++)
			if (lies_in(a->path, b->path) ||
			    lies_in(b->path, a->path))
				return status_set(STATUS_CONFIG, "%s: one of "
				    "the bases %s and %s lies in the other: "
				    "make them separate folders", file,
				    a->name, b->name);
		if (lies_in(a->path, config->state))
			return status_set(STATUS_CONFIG, "%s: the base %s lies "
			    "in the state folder %s: put it elsewhere", file,
			    a->name, config->state);
	}
	return STATUS_OK;
}

enum status
config_check(const struct config *config, const char *file)
{
	enum status st;

	if ((st = check_given(config, file)) != STATUS_OK ||
	    (st = check_bases_differ(config, file)) != STATUS_OK ||
	    (st = check_outside(config, config->state, "state", file)) !=
	    STATUS_OK ||
	    (st = check_outside(config, config->user_file, "login.user_file",
	    file)) != STATUS_OK ||
	    (st = check_outside(config, config->certificate,
	    "tls.certificate", file)) != STATUS_OK ||
	    (st = check_outside(config, config->private_key,
	    "tls.private_key", file)) != STATUS_OK ||
	    (st = check_outside(config, config->ticket_keys,
	    "tls.ticket_keys", file)) != STATUS_OK)
		return st;
	return phc_cost_check(&config->hash_cost);
}
