/* SPDX-License-Identifier: ISC */
/* What each way of sending asks: does it still make sense? */
#include "config.h"

#include "sender_state.h"

enum status
sender_changed(const struct sender *s)
{
	return status_set(STATUS_IO, "%s: the file changed while it was read",
	    s->sending->local);
}

bool
sender_goes_on(struct sender *s)
{
	if (s->sending->call->done || remote_lost(s->remote) != STATUS_OK)
		return false;
	if (!remote_is_interrupted(s->remote))
		return true;
	call_fail(s->sending->call,
	    status_set(STATUS_CANCELLED, "interrupted"));
	return false;
}
