/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "reach.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services.h"
#include "share.h"
#include "upload_record.h"

struct reach {
	size_t		 count;
	struct reached	 at[];
};

static size_t
share_count(const struct caller *caller)
{
	return caller->config != NULL ? caller->config->share_count : 0;
}

static bool
add(struct reach *reach, const struct caller *there, const char *path)
{
	struct reached *at = &reach->at[reach->count];

	at->place = there->place;
	at->place.own = NULL;
	at->rights = there->rights;
	at->path = strdup(path);
	at->root = strdup(there->place.root);
	at->place.root = at->root;
	reach->count++;
	return at->path != NULL && at->root != NULL;
}

struct reach *
reach_new(const struct caller *caller)
{
	size_t i, count = share_count(caller);
	char path[WALK_PATH_ROOM];
	struct caller there;
	struct reach *reach;
	bool good;

	reach = calloc(1, sizeof(*reach) + (1 + count) * sizeof(reach->at[0]));
	if (reach == NULL)
		return NULL;
	share_look(&there, caller, "/");
	good = add(reach, &there, "/");
	for (i = 0; good && i < count; i++) {
		snprintf(path, sizeof(path), "/%s",
		    caller->config->shares[i].name);
		share_look(&there, caller, path);
		if (there.place.mount != 0)
			good = add(reach, &there, path);
	}
	if (good)
		return reach;
	reach_free(reach);
	return NULL;
}

void
reach_free(struct reach *reach)
{
	size_t i;

	if (reach == NULL)
		return;
	for (i = 0; i < reach->count; i++) {
		free(reach->at[i].path);
		free(reach->at[i].root);
	}
	free(reach);
}

const struct reached *
reach_at(const struct reach *reach, size_t number)
{
	return number < reach->count ? &reach->at[number] : NULL;
}

bool
reach_hides(const struct reach *reach, const char *name)
{
	for (size_t i = 1; i < reach->count; i++)
		if (strcmp(reach->at[i].path + 1, name) == 0)
			return true;
	return false;
}

enum durability
reach_durability(const struct caller *caller)
{
	enum durability found = place_durability(&caller->place);
	size_t i, count = share_count(caller);
	char path[WALK_PATH_ROOM];
	struct caller there;

	for (i = 0; i < count && found != DURABILITY_ASYNC; i++) {
		snprintf(path, sizeof(path), "/%s",
		    caller->config->shares[i].name);
		there = *caller;
		share_enter(&there, path);
		found = place_durability(&there.place);
	}
	return found;
}

/* Does the path of the record lead to the place that it was made for? */
static bool
leads_home(struct caller *there, const struct caller *caller,
    const struct base *base, struct record *record)
{
	const struct record_facts *facts = record_facts(record);

	if (strcmp(facts->user, caller->who->user) != 0)
		return false;
	share_look(there, caller, facts->plan.path);
	return there->place.base == base &&
	    strcmp(there->place.root, facts->root) == 0;
}

bool
reach_upload(struct caller *caller, const uint8_t *id)
{
	const struct services *services = caller->services;
	size_t i, count = services != NULL ? services->base_count : 0;
	struct record *record;
	struct caller there;
	bool found = false;

	for (i = 0; !found && i < count; i++) {
		if (record_open(&record, services->bases[i], id) != STATUS_OK)
			continue;
		found = leads_home(&there, caller, services->bases[i],
		    record);
		record_close(record);
	}
	if (found)
		*caller = there;
	return found;
}

struct reach_folders *
reach_folders(const struct caller *caller)
{
	size_t i, count = share_count(caller);
	const struct config_share *share;
	struct place place = { .base = caller->place.base };
	struct reach_folders *folders;
	struct stat sb;

	folders = malloc(sizeof(*folders) + count * sizeof(folders->at[0]));
	if (folders == NULL)
		return NULL;
	folders->count = 0;
	for (i = 0; i < count; i++) {
		share = &caller->config->shares[i];
		place.root = share->path + strspn(share->path, "/");
		if (services_base(caller->services, share->base) !=
		    place.base || walk_stat(&sb, &place, "/") != STATUS_OK)
			continue;
		folders->at[folders->count++] =
		    (struct reach_folder){ sb.st_dev, sb.st_ino };
	}
	return folders;
}

/* One of the share's own path, from the base on? */
static bool
leads_to(const struct config_share *share, struct place place,
    const struct stat *sb)
{
	const char *path = share->path + strspn(share->path, "/");
	char prefix[WALK_PATH_ROOM];
	size_t len = 0;
	struct stat above;

	place.root = prefix;
	while (path[len] != '\0') {
		len += strspn(path + len, "/");
		len += strcspn(path + len, "/");
		if (len >= sizeof(prefix))
			return false;
		memcpy(prefix, path, len);
		prefix[len] = '\0';
		if (walk_stat(&above, &place, "/") != STATUS_OK)
			return false;
		if (above.st_dev == sb->st_dev && above.st_ino == sb->st_ino)
			return true;
	}
	return false;
}

bool
reach_is_needed(const struct caller *caller, const char *path)
{
	const struct place place = { .base = caller->place.base };
	size_t i, count = share_count(caller);
	const struct config_share *share;
	struct stat sb;

	if (count == 0 || walk_lstat(&sb, &caller->place, path) != STATUS_OK ||
	    !S_ISDIR(sb.st_mode))
		return false;
	for (i = 0; i < count; i++) {
		share = &caller->config->shares[i];
		if (services_base(caller->services, share->base) ==
		    place.base && leads_to(share, place, &sb))
			return true;
	}
	return false;
}
