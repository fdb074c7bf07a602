/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "deadline.h"

#define GOODBYE_SECONDS	5	/* for the last words to be heard */
#define STALL_SECONDS	10	/* without a move: let go of locks */

/* While the face talks: from the last progress, or from the start? */
static uint64_t
talking_ends(const struct session *session)
{
	const struct config *config = session->client.settings->config;

	switch (session->face->ops->mood(session->face)) {
	case FACE_NEW:
		return session->phase_began + config->login_timeout * 1000ull;
	case FACE_BUSY:
		/* The server has to do; lines bound their own time. */
		return UINT64_MAX;
	case FACE_MOVING:
		return session->moved + config->stall_timeout * 1000ull;
	default:
		return session->moved + config->idle_timeout * 1000ull;
	}
}

/* Is there content on its way whose stall the face has not heard of? */
static bool
can_stall(const struct session *session)
{
	return session->phase == PHASE_TALKING &&
	    session->told != session->moved &&
	    session->face->ops->mood(session->face) == FACE_MOVING;
}

void
deadline_set(struct session *session)
{
	const struct config *config = session->client.settings->config;
	uint64_t ends, looks;

	if (session->phase == PHASE_HANDSHAKE)
		ends = session->phase_began +
		    config->handshake_timeout * 1000ull;
	else if (session->phase == PHASE_GOODBYE)
		ends = session->phase_began + GOODBYE_SECONDS * 1000ull;
	else
		ends = talking_ends(session);
	/* Who holds locks must be heard from, whatever is going on. */
	if (own_locks_any(session->client.own) &&
	    ends > session->moved + config->lock_timeout * 1000ull)
		ends = session->moved + config->lock_timeout * 1000ull;
	session->ends = looks = ends;
	if (can_stall(session) &&
	    looks > session->moved + STALL_SECONDS * 1000ull)
		looks = session->moved + STALL_SECONDS * 1000ull;
	atomic_store(&session->deadline, looks);
}
