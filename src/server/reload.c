/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channel.h"
#include "clock.h"
#include "config_keys.h"
#include "config_titled.h"
#include "log.h"
#include "notify.h"
#include "preflight.h"
#include "ticket_file.h"

#define ROTATE_AGAIN 60000	/* ms after an attempt that failed */

static void
warn(void *ctx, const char *text)
{
	(void)ctx;
	log_line(LOG_LEVEL_NOTICE, 0, "%s", text);
}

static enum status
read_all(struct handover **out, const struct reload_source *source)
{
	struct preflight what = {
		.text = source->text, .file = source->file, .warn = warn
	};
	enum status st = STATUS_OK;
	char *text = NULL;

	*out = NULL;
	if (source->text == NULL) {
		st = config_read(&text, source->file);
		what.text = text;
	}
	if (st == STATUS_OK)
		st = preflight(out, &what);
	free(text);
	return st;
}

/* Keep what a process cannot change while it runs, and say so. */
static enum status
keep_fixed(struct handover *next, const struct handover *now)
{
	int bases = config_titled_kind(CONFIG_BASE);
	char place[CONFIG_PLACE_SIZE];
	const char *key;
	size_t from = 0;

	while ((key = config_next_fixed_difference(now->config, next->config,
	    &from)) != NULL) {
		snprintf(place, sizeof(place), "%s", key);
		if (strcmp(key, CONFIG_BASE) == 0)
			config_titled_difference(place, now->config,
			    next->config, bases);
		log_line(LOG_LEVEL_NOTICE, 0, "%s: %s: only a restart changes "
		    "it; the old value stays", next->config_file, place);
	}
	return config_keep_fixed(next->config, now->config);
}

static void
refuse(enum status st)
{
	log_line(LOG_LEVEL_ERROR, 0, "reload refused, the old configuration "
	    "stays: %s", status_text(st));
	notify_ready();
}

static void
use_pending(struct reload *r)
{
	handover_free(*r->now);
	*r->now = r->pending;
	r->pending = NULL;
	log_set_level((*r->now)->config->log_level);
}

void
reload_begin(struct reload *r, const struct reload_source *source,
    struct server_process *to)
{
	struct channel_message message = { .type = CHANNEL_RELOAD };
	struct handover *next;
	enum status st;

	if (r->pending != NULL || !to->is_ready || to->channel == -1) {
		r->is_wanted = true;
		r->wanted = *source;
		return;
	}
	r->is_wanted = false;
	if ((st = read_all(&next, source)) == STATUS_OK &&
	    (st = keep_fixed(next, *r->now)) == STATUS_OK) {
		message.handover = next;
		st = channel_send(to->channel, &message);
	}
	if (st == STATUS_OK) {
		r->pending = next;
		return;
	}
	if (st == STATUS_UNREACHABLE) {
		/* Half a message may be sent: no other could follow it. */
		r->is_wanted = true;
		r->wanted = *source;
		server_process_distrust(to, status_text(st));
	} else
		refuse(st);
	handover_free(next);
}

void
reload_answer(struct reload *r, struct server_process *to,
    const char *text)
{
	if (r->pending == NULL)
		return;
	if (text[0] == '\0') {
		use_pending(r);
		log_line(LOG_LEVEL_NOTICE, 0, "reloaded %s",
		    (*r->now)->config_file);
		notify_ready();
	} else {
		handover_free(r->pending);
		r->pending = NULL;
		refuse(status_set(STATUS_CONFIG, "%s", text));
	}
	reload_resume(r, to);
}

void
reload_resume(struct reload *r, struct server_process *to)
{
	const struct reload_source wanted = r->wanted;

	if (r->is_wanted)
		reload_begin(r, &wanted, to);
}

void
reload_forget(struct reload *r)
{
	if (r->pending == NULL)
		return;
	use_pending(r);
	notify_ready();
}

void
reload_rotate_when_due(struct reload *r, struct server_process *to)
{
	const struct handover *now = *r->now;
	const struct reload_source source = {
		.file = now->config_file, .text = now->config_text
	};

	if (r->pending != NULL || clock_ms() < r->rotate_at ||
	    !ticket_file_is_due(now->config->ticket_keys,
	    now->config->ticket_key_lifetime))
		return;
	r->rotate_at = clock_ms() + ROTATE_AGAIN;
	log_line(LOG_LEVEL_NOTICE, 0, "rotating the ticket keys");
	reload_begin(r, &source, to);
}
