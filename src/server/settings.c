/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "settings.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "tls_context.h"

/* The counter stands behind what callers see. */
struct counted_settings {
	struct settings	 settings;
	atomic_uint	 references;
};

enum status
settings_new(struct settings **out, struct handover *handover)
{
	struct counted_settings *counted;
	struct settings *settings;
	enum status st;

	*out = NULL;
	if ((counted = calloc(1, sizeof(*counted))) == NULL)
		return STATUS_NO_MEMORY;
	atomic_init(&counted->references, 1);
	settings = &counted->settings;
	st = ticket_keys_parse(&settings->keys,
	    (const char *)handover->ticket_keys.bytes,
	    handover->ticket_keys.len, "the ticket keys");
	if (st == STATUS_OK)
		st = tls_context_make(&settings->tls, handover,
		    &settings->keys);
	if (st != STATUS_OK) {
		settings_unref(settings);
		return st;
	}
	settings->config = handover->config;
	handover->config = NULL;
	*out = settings;
	return STATUS_OK;
}

struct settings *
settings_ref(struct settings *settings)
{
	atomic_fetch_add(&((struct counted_settings *)settings)->references,
	    1);
	return settings;
}

void
settings_unref(struct settings *settings)
{
	struct counted_settings *counted = (struct counted_settings *)settings;

	if (settings == NULL ||
	    atomic_fetch_sub(&counted->references, 1) != 1)
		return;
	SSL_CTX_free(settings->tls);
	config_free(settings->config);
	ticket_keys_wipe(&settings->keys);
	free(counted);
}
