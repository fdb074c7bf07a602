/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "quota_rules.h"

#include <string.h>

#include "quota.h"

struct question {
	const struct quota_rules *rules;	/* borrowed, as all here */
	const struct services *services;
	const struct base *base;
};

static bool
is_at(const struct question *q, const char *base, const char *path,
    const char *root)
{
	return path != NULL &&
	    strcmp(path + strspn(path, "/"), root) == 0 &&
	    services_base(q->services, base) == q->base;
}

/* Has any user or share a quota on the root? */
static bool
is_bounded(void *ctx, const char *root)
{
	const struct question *q = ctx;
	const struct config *config = q->rules->settings->config;
	const struct config_share *share;
	const struct user *user;
	size_t i;

	for (i = 0; i < config->share_count; i++) {
		share = &config->shares[i];
		if ((share->quota_bytes != 0 || share->quota_files != 0) &&
		    is_at(q, share->base, share->path, root))
			return true;
	}
	for (i = 0; i < users_count(q->rules->users); i++) {
		user = users_at(q->rules->users, i);
		if ((user->quota_bytes != 0 || user->quota_files != 0) &&
		    is_at(q, user->base, user->root, root))
			return true;
	}
	return false;
}

void
quota_rules_tick(struct quota_rules *rules, struct services *services)
{
	struct users *users = user_source_get(services->users);
	struct settings *settings = services_settings(services);
	struct question q = { .rules = rules, .services = services };
	bool is_new = users != rules->users || settings != rules->settings;

	quota_rules_clear(rules);
	rules->users = users;
	rules->settings = settings;
	for (size_t i = 0; is_new && i < services->base_count; i++) {
		q.base = services->bases[i];
		quota_table_unbind(q.base, is_bounded, &q);
	}
}

void
quota_rules_clear(struct quota_rules *rules)
{
	users_unref(rules->users);
	settings_unref(rules->settings);
	rules->users = NULL;
	rules->settings = NULL;
}
