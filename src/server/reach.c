/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "reach.h"

#include <stdio.h>
#include <string.h>

#include "services.h"
#include "share.h"
#include "upload_record.h"

bool
reach_next(struct caller *there, size_t *next, const struct caller *caller)
{
	const struct config *config = caller->config;
	char path[WALK_PATH_ROOM];
	size_t count = config != NULL ? config->share_count : 0;

	if ((*next)++ == 0) {
		share_look(there, caller, "/");
		return true;
	}
	for (; *next - 2 < count; ++*next) {
		snprintf(path, sizeof(path), "/%s",
		    config->shares[*next - 2].name);
		share_look(there, caller, path);
		if (there->place.mount != 0)
			return true;
	}
	return false;
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
	struct record *record;
	struct caller there;
	bool found = false;
	size_t i;

	for (i = 0; services != NULL && !found && i < services->base_count;
	    i++) {
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
