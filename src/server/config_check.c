/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "config_check.h"

#include <stdio.h>
#include <string.h>

#include "share.h"
#include "user_line.h"

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

static bool
has_base(const struct config *config, const char *name)
{
	size_t i;

	for (i = 0; i < config->base_count; i++)
		if (name == NULL || strcmp(config->bases[i].name, name) == 0)
			return true;
	return false;
}

static enum status
check_share_rules(const struct config_share *share, const char *file)
{
	char text[400];
	enum status st;
	size_t i;

	for (i = 0; i < share->allow_count; i++) {
		st = share_check_rule(share->allow[i]);
		if (st != STATUS_CONFIG)
			continue;
		snprintf(text, sizeof(text), "%s", status_text(st));
		return status_set(st, "%s: share %s allows `%.64s`: %s", file,
		    share->name, share->allow[i], text);
	}
	return STATUS_OK;
}

static enum status
check_share(const struct config *config, const struct config_share *share,
    const char *file)
{
	char text[200];
	enum status st;

	if (share->path == NULL || share->allow_count == 0)
		return status_set(STATUS_CONFIG, "%s: share %s has no %s: add "
		    "`%s` to its section", file, share->name,
		    share->path == NULL ? "path" : "allow",
		    share->path == NULL ? "path = /FOLDER_IN_THE_BASE" :
		    "allow = WHO:RIGHTS");
	if (!has_base(config, share->base))
		return status_set(STATUS_CONFIG, "%s: share %s is in the base "
		    "`%.64s`, which is not configured", file, share->name,
		    share->base);
	if ((st = user_root_check(share->path)) == STATUS_CONFIG) {
		snprintf(text, sizeof(text), "%s", status_text(st));
		return status_set(st, "%s: share %s has the path `%.64s`: %s",
		    file, share->name, share->path, text);
	}
	return check_share_rules(share, file);
}

static enum status
check_shares(const struct config *config, const char *file)
{
	enum status st = STATUS_OK;
	size_t i;

	for (i = 0; i < config->share_count && st == STATUS_OK; i++)
		st = check_share(config, &config->shares[i], file);
	return st;
}

enum status
config_check(const struct config *config, const char *file)
{
	enum status st;

	if ((st = check_given(config, file)) != STATUS_OK ||
	    (st = check_bases_differ(config, file)) != STATUS_OK ||
	    (st = check_shares(config, file)) != STATUS_OK ||
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
