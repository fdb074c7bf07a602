/*
 * listener - the thread that accepts connections and holds every session that
 * waits: one epoll, the deadlines, and the list of all sessions.  Only it frees
 * sessions.
 */
#ifndef LISTENER_H
#define LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include "services.h"

struct listener;
struct session;

struct listener_plan {
	struct services	*services;	/* borrowed */
	const int	*sockets;	/* listening; owned from now on */
	size_t		 socket_count;
	int		 channel;	/* to the monitor; borrowed */
	size_t		 max_sessions;
	/* Called when something has come by the channel; false ends all. */
	bool		(*message)(void *ctx);
	void		*ctx;
};

enum status listener_new(struct listener **out,
    const struct listener_plan *plan);
void listener_free(struct listener *listener);

/* Serve until a drain is done (0) or the channel breaks (1). */
int listener_run(struct listener *listener);

/* Accept no more; end when the last session has, at most in `seconds`. */
void listener_drain(struct listener *listener, unsigned int seconds);

/*
 * For workers.  Have epoll wait for session->interest: a session about to be
 * parked.  False if that is not possible: it must end.
 */
bool listener_arm(struct listener *listener, struct session *session);

/* The session has ended; it is the listener's from now on. */
void listener_retire(struct listener *listener, struct session *session);

/* Connections beyond max_sessions that are told so, and not just dropped. */
#define LISTENER_SURPLUS 64

#endif
