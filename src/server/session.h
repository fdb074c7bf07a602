/*
 * session - one connection, from its first byte to its last: TLS, readiness
 * and turns.  What is said on it is the face's business.
 *
 * A session never waits: a worker moves it forward by a turn, and it says where
 * to go next.  place.h tells who owns it when.
 */
#ifndef SESSION_H
#define SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "client.h"
#include "face.h"
#include "place.h"
#include "tls_stream.h"

enum turn {
	TURN_ON,	/* has more to do: to the end of the queue */
	TURN_PARK,	/* waits for its socket, or for a wish */
	TURN_LOGIN,	/* client.job is for the login line */
	TURN_END
};

enum session_phase {
	PHASE_HANDSHAKE,
	PHASE_TALKING,		/* the face has the word */
	PHASE_GOODBYE		/* the rest is being sent */
};

/* What a worker lends to the session whose turn it is. */
struct turn_tools {
	struct kit	*kit;
	uint8_t		*input;		/* SESSION_INPUT_ROOM */
	uint8_t		*output;	/* TLS_STREAM_GATHER */
};
#define SESSION_INPUT_ROOM (512u * 1024)

struct session {
	struct session_place place;
	struct session	*next, *previous;	/* the listener's list */
	struct session	*next_retired;

	struct client	 client;
	struct tls_stream *stream;	/* owned */
	struct face	*face;		/* owned; NULL before the handshake */
	enum session_phase phase;
	_Atomic uint64_t deadline;	/* clock_ms(); the listener looks */
	uint64_t	 ends;		/* clock_ms(); the deadline at least */
	uint64_t	 told;		/* `moved` when a stall was told */
	uint64_t	 phase_began;	/* clock_ms() */
	uint64_t	 moved;		/* clock_ms() of the last progress */
	size_t		 lingered;	/* bytes dropped at the end */
	uint32_t	 interest;	/* epoll events to wait for */
	uint32_t	 armed;		/* those that epoll has now, or 0 */

	uint8_t		*carried;	/* owned; input for the next turn */
	size_t		 carried_len;
};

/*
 * Take over a connection.  NULL, with the socket closed, if there is no memory.
 * `surplus`: it is only told that the server is busy.
 */
struct session *session_new(struct services *services, int fd,
    const struct sockaddr *address, uint64_t number, bool surplus);
void session_free(struct session *session);

/* Move the session forward.  `wishes` are those of place_take(). */
enum turn session_turn(struct session *session, const struct turn_tools *tools,
    unsigned int wishes);

/* The login line has no room for it: go on in another turn. */
void session_login_refused(struct session *session, enum status st);

/* Wish something of a session that somebody else may own. */
void session_wish(struct session *session, enum wish wish);

#endif
