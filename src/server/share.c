/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "share.h"

#include <string.h>

#include "command.h"
#include "services.h"

#define EVERYBODY "@all"

/* How well a rule fits a user; the best ones count. */
enum fit {
	FIT_NONE,
	FIT_ALL,
	FIT_GROUP,
	FIT_NAME
};

/* The length of WHO; `*words` is RIGHTS, or NULL. */
static size_t
split(const char *rule, const char **words)
{
	size_t len = strcspn(rule, ":");

	*words = rule[len] == ':' ? rule + len + 1 : NULL;
	return len;
}

enum status
share_check_rule(const char *rule)
{
	unsigned int rights;
	const char *words;
	size_t len = split(rule, &words);
	enum status st;

	if (rule[0] == '@')
		st = user_name_check(rule + 1, len - 1);
	else
		st = user_name_check(rule, len);
	if (st == STATUS_OK && words != NULL)
		st = rights_parse(&rights, words, strlen(words));
	return st;
}

bool
share_rule_is_borne(const char *rule, const struct users *users)
{
	const char *words;
	size_t len = split(rule, &words);

	if (len == strlen(EVERYBODY) && memcmp(rule, EVERYBODY, len) == 0)
		return true;
	return rule[0] == '@' ?
	    users_find_group(users, rule + 1, len - 1) != NULL :
	    users_find(users, rule, len) != NULL;
}

static enum fit
fit_of(const char *who, size_t len, const struct user *user)
{
	if (strlen(user->name) == len && memcmp(user->name, who, len) == 0)
		return FIT_NAME;
	if (who[0] != '@')
		return FIT_NONE;
	if (len == strlen(EVERYBODY) && memcmp(who, EVERYBODY, len) == 0)
		return FIT_ALL;
	return user_is_in(user, who + 1, len - 1) ? FIT_GROUP : FIT_NONE;
}

bool
share_rights(unsigned int *rights, const struct config_share *share,
    const struct user *user)
{
	enum fit best = FIT_NONE, fit;
	unsigned int here;
	const char *words;
	size_t i, len;

	*rights = 0;
	for (i = 0; i < share->allow_count; i++) {
		len = split(share->allow[i], &words);
		fit = fit_of(share->allow[i], len, user);
		if (fit == FIT_NONE || fit < best)
			continue;
		here = user->rights;
		/* A rule that was checked when it was read. */
		if (words != NULL &&
		    rights_parse(&here, words, strlen(words)) != STATUS_OK)
			here = 0;
		*rights = fit > best ? here : *rights | here;
		best = fit;
	}
	return best != FIT_NONE;
}

/* The share that the path leads into, if the user sees it. */
static const struct config_share *
find(const struct config *config, const char *name, size_t len)
{
	const struct config_share *share = config->shares;

	for (; share < config->shares + config->share_count; share++)
		if (strlen(share->name) == len &&
		    memcmp(share->name, name, len) == 0)
			return share;
	return NULL;
}

void
share_enter(struct caller *caller, const char *path)
{
	const struct config_share *share;
	const struct base *base;
	unsigned int rights;
	size_t len;

	if (caller->config == NULL || caller->config->share_count == 0 ||
	    path[0] != '/')
		return;
	len = strcspn(path + 1, "/");
	share = find(caller->config, path + 1, len);
	if (share == NULL || !share_rights(&rights, share, caller->user) ||
	    (base = services_base(caller->services, share->base)) == NULL)
		return;
	caller->rights = rights;
	caller->place.base = base;
	caller->place.root = share->path + strspn(share->path, "/");
	caller->place.mount = 1 + len;
	caller->place.quota.bytes = share->quota_bytes;
	caller->place.quota.files = share->quota_files;
	caller->place.durability = (enum place_durability)share->durability;
}

void
share_look(struct caller *there, const struct caller *caller,
    const char *path)
{
	*there = *caller;
	there->place = caller->home;
	there->rights = caller->home_rights;
	share_enter(there, path);
	there->place.hides_holders = command_is_blind(there);
}

enum status
share_check_same(const struct caller *caller, const char *path)
{
	struct caller there;

	share_look(&there, caller, path);
	if (place_is_same(&there.place, &caller->place) &&
	    there.rights == caller->rights)
		return STATUS_OK;
	return status_set(STATUS_CROSS_DEVICE, "%s: is not in the same share "
	    "or folder: copy it, and remove the old one", path);
}
