/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "ft1_state.h"

#include <stdio.h>

#include "log.h"

void
ft1_end(struct ft1 *ft1, enum status st, const char *text)
{
	if (ft1->is_ending)
		return;
	ft1->is_ending = true;
	ft1->last = st;
	snprintf(ft1->last_text, sizeof(ft1->last_text), "%s", text);
}

enum ft1_step
ft1_broken(struct ft1 *ft1, const char *text)
{
	log_line(LOG_LEVEL_NOTICE, ft1->client->who.session,
	    "protocol error of %s: %s", ft1->client->who.address, text);
	ft1_end(ft1, STATUS_PROTOCOL, text);
	return FT1_STEP_WAITS;
}

bool
ft1_has_puts(const struct ft1 *ft1)
{
	return ft1->answering != NULL || (ft1->client->former != NULL &&
	    batch_former_is_busy(ft1->client->former));
}

bool
ft1_find_caller(struct ft1 *ft1, uint32_t id)
{
	enum status st;

	if (ft1->has_caller)
		return true;
	st = client_caller(ft1->client, &ft1->caller, &ft1->users);
	if (st == STATUS_OK) {
		ft1->caller.answer = &ft1->answer.answer;
		ft1->has_caller = true;
		return true;
	}
	ft1_answer_error(&ft1->answer, id, st, 0, status_text(st));
	if (st == STATUS_LOGIN_REFUSED)
		ft1_end(ft1, st, status_text(st));
	return false;
}

void
ft1_forget_caller(struct ft1 *ft1)
{
	if (ft1->has_caller)
		users_unref(ft1->users);
	ft1->has_caller = false;
}
