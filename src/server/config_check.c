/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "config_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config_keys.h"
#include "share.h"
#include "user_line.h"

struct check {
	const struct config *config;
	const struct config_lines *lines;
	const char	*file;
};

/* Refuse because of what stands, or is missing, at `place`. */
static enum status __attribute__((format(printf, 3, 4)))
refuse(const struct check *check, const char *place, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return status_set(STATUS_CONFIG, "%s:%u: %s", check->file,
	    config_lines_near(check->lines, place), text);
}

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
refuse_base(const struct check *check, const struct config_base *base,
    const char *what)
{
	char place[CONFIG_PLACE_SIZE];

	config_place(place, CONFIG_BASE, base->name, "path");
	return refuse(check, place, "%s", what);
}

static enum status
check_given(const struct check *check)
{
	const struct config *config = check->config;
	char what[200];
	size_t i;

	if (config->certificate == NULL)
		return refuse(check, "tls.certificate", "tls.certificate is "
		    "missing: name a PEM file there (certs/README.md makes "
		    "one)");
	if (config->private_key == NULL)
		return refuse(check, "tls.private_key", "tls.private_key is "
		    "missing: name a PEM file there (certs/README.md makes "
		    "one)");
	if (config->base_count == 0)
		return refuse(check, "", "there is no base: add "
		    "`base NAME { path = /FOLDER }`");
	for (i = 0; i < config->base_count; i++) {
		if (config->bases[i].path != NULL)
			continue;
		snprintf(what, sizeof(what), "base %s has no path: add "
		    "`path = /FOLDER` to its section", config->bases[i].name);
		return refuse_base(check, &config->bases[i], what);
	}
	return STATUS_OK;
}

/* Users reach all that is in a base, so nothing of the server lies there. */
static enum status
check_outside(const struct check *check, const char *path, const char *key)
{
	const struct config *config = check->config;
	const struct config_base *base;
	char what[400];

	for (base = config->bases; base < config->bases + config->base_count;
	    base++) {
		if (!lies_in(path, base->path))
			continue;
		snprintf(what, sizeof(what), "%s (%s) lies in the base %s, "
		    "where users could reach it: put it elsewhere", key, path,
		    base->name);
		/* What nobody set lies in a base that somebody did set. */
		if (config_lines_of(check->lines, key) == 0)
			return refuse_base(check, base, what);
		return refuse(check, key, "%s", what);
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
check_share_rules(const struct check *check, const struct config_share *share,
    const char *place)
{
	char text[300];
	enum status st;
	size_t i;

	for (i = 0; i < share->allow_count; i++) {
		st = share_check_rule(share->allow[i]);
		if (st != STATUS_CONFIG)
			continue;
		snprintf(text, sizeof(text), "%s", status_text(st));
		return refuse(check, place, "share %s allows `%.64s`: %s",
		    share->name, share->allow[i], text);
	}
	return STATUS_OK;
}

static enum status
check_share_path(const struct check *check, const struct config_share *share)
{
	char place[CONFIG_PLACE_SIZE], text[200];
	enum status st;

	config_place(place, CONFIG_SHARE, share->name, "path");
	if (share->path == NULL)
		return refuse(check, place, "share %s has no path: add "
		    "`path = /FOLDER_IN_THE_BASE` to its section",
		    share->name);
	if ((st = user_root_check(share->path)) != STATUS_CONFIG)
		return st;
	snprintf(text, sizeof(text), "%s", status_text(st));
	return refuse(check, place, "share %s has the path `%.64s`: %s",
	    share->name, share->path, text);
}

static enum status
check_share(const struct check *check, const struct config_share *share)
{
	char place[CONFIG_PLACE_SIZE];
	enum status st;

	if ((st = check_share_path(check, share)) != STATUS_OK)
		return st;
	config_place(place, CONFIG_SHARE, share->name, "base");
	if (!has_base(check->config, share->base))
		return refuse(check, place, "share %s is in the base `%.64s`, "
		    "which is not configured", share->name, share->base);
	config_place(place, CONFIG_SHARE, share->name, "allow");
	if (share->allow_count == 0)
		return refuse(check, place, "share %s has no allow: add "
		    "`allow = WHO:RIGHTS` to its section", share->name);
	return check_share_rules(check, share, place);
}

static enum status
check_shares(const struct check *check)
{
	enum status st = STATUS_OK;
	size_t i;

	for (i = 0; i < check->config->share_count && st == STATUS_OK; i++)
		st = check_share(check, &check->config->shares[i]);
	return st;
}

static enum status
check_pair(const struct check *check, const struct config_base *a,
    const struct config_base *b)
{
	char what[200];

	if (!lies_in(a->path, b->path) && !lies_in(b->path, a->path))
		return STATUS_OK;
	snprintf(what, sizeof(what), "one of the bases %s and %s lies in the "
	    "other: make them separate folders", a->name, b->name);
	return refuse_base(check, b, what);
}

static enum status
check_bases_differ(const struct check *check)
{
	const struct config *config = check->config;
	const struct config_base *a, *b;
	const struct config_base *end = config->bases + config->base_count;
	enum status st = STATUS_OK;
	char what[400];

	for (a = config->bases; a < end; a++) {
		for (b = a + 1; b < end && st == STATUS_OK; b++)
			st = check_pair(check, a, b);
		if (st != STATUS_OK)
			return st;
		if (!lies_in(a->path, config->state))
			continue;
		snprintf(what, sizeof(what), "the base %s lies in the state "
		    "folder %s: put it elsewhere", a->name, config->state);
		return refuse_base(check, a, what);
	}
	return STATUS_OK;
}

static enum status
check_cost(const struct check *check)
{
	enum status st = phc_cost_check(&check->config->hash_cost);
	char text[400];

	if (st != STATUS_CONFIG)
		return st;
	snprintf(text, sizeof(text), "%s", status_text(st));
	return refuse(check, "login.hash_memory", "%s", text);
}

enum status
config_check(const struct config *config, const struct config_lines *lines,
    const char *file)
{
	struct check check = { .config = config, .lines = lines,
		.file = file };
	enum status st;

	if ((st = check_given(&check)) != STATUS_OK ||
	    (st = check_bases_differ(&check)) != STATUS_OK ||
	    (st = check_shares(&check)) != STATUS_OK ||
	    (st = check_outside(&check, config->state, "state")) !=
	    STATUS_OK ||
	    (st = check_outside(&check, config->user_file,
	    "login.user_file")) != STATUS_OK ||
	    (st = check_outside(&check, config->certificate,
	    "tls.certificate")) != STATUS_OK ||
	    (st = check_outside(&check, config->private_key,
	    "tls.private_key")) != STATUS_OK ||
	    (st = check_outside(&check, config->ticket_keys,
	    "tls.ticket_keys")) != STATUS_OK)
		return st;
	return check_cost(&check);
}
