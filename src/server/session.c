/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "session.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "deadline.h"
#include "log.h"

#define TURN_BYTES	(4u << 20)	/* a turn ends after so many bytes, */
#define TURN_MS		10		/* or so many milliseconds */
#define LINGER_BYTES	(1u << 20)	/* that are read in vain meanwhile */

/* What a turn has used up so far. */
struct turn_budget {
	uint64_t	 ends;		/* clock_ms() */
	size_t		 bytes;
	bool		 is_quiet;	/* the socket has been read empty */
};

static void
wake(void *ctx)
{
	session_wish(ctx, WISH_RESULT);
}

struct session *
session_new(struct services *services, int fd, const struct sockaddr *address,
    uint64_t number, bool surplus)
{
	struct session *session;

	if ((session = calloc(1, sizeof(*session))) == NULL ||
	    client_init(&session->client, services, wake, session) !=
	    STATUS_OK) {
		close(fd);
		if (session != NULL)
			session_free(session);
		return NULL;
	}
	client_set_address(&session->client, fd, address);
	session->client.who.session = number;
	session->client.is_surplus = surplus;
	session->stream = tls_stream_new(session->client.settings->tls, fd,
	    true);
	if (session->stream == NULL) {
		session_free(session);
		return NULL;
	}
	place_init(&session->place, PLACE_PARKED);
	session->phase_began = session->moved = clock_ms();
	session->interest = EPOLLIN;
	session->ends = session->phase_began +
	    session->client.settings->config->handshake_timeout * 1000ull;
	atomic_init(&session->deadline, session->ends);
	return session;
}

/* It may be a part of a LOGIN. */
static void
drop_carried(struct session *session)
{
	if (session->carried != NULL)
		explicit_bzero(session->carried, session->carried_len);
	free(session->carried);
	session->carried = NULL;
	session->carried_len = 0;
}

void
session_free(struct session *session)
{
	log_line(LOG_LEVEL_INFO, session->client.who.session,
	    "the session ends");
	if (session->face != NULL)
		session->face->ops->close(session->face);
	tls_stream_free(session->stream);
	client_clear(&session->client);
	drop_carried(session);
	free(session);
}

void
session_wish(struct session *session, enum wish wish)
{
	if (place_wish(&session->place, wish))
		ready_queue_push(session->client.services->ready, session);
}

static void
enter(struct session *session, enum session_phase phase)
{
	static const char *const names[] = { "handshake", "talking",
	    "goodbye" };

	session->phase = phase;
	session->phase_began = session->moved = clock_ms();
	log_line(LOG_LEVEL_DEBUG, session->client.who.session, "phase %s",
	    names[phase]);
}

/* Park until the socket can do what is named; output always counts. */
static enum turn
park(struct session *session, bool wants_input)
{
	session->interest = wants_input ? EPOLLIN : 0;
	if (tls_stream_unsent(session->stream) > 0)
		session->interest |= EPOLLOUT;
	tls_stream_shrink(session->stream);
	return TURN_PARK;
}

static enum turn
cut(struct session *session, const char *why)
{
	log_line(LOG_LEVEL_INFO, session->client.who.session,
	    "cut off while %s: %s", session->face == NULL ? "connecting" :
	    "talking", why);
	return TURN_END;
}

/* The protocol that both sides agreed on decides who talks. */
static enum turn
begin_talking(struct session *session)
{
	const struct face_ops *ops;
	const unsigned char *alpn;
	unsigned int len;

	SSL_get0_alpn_selected(tls_stream_ssl(session->stream), &alpn, &len);
	if (len == 0 || (ops = face_of_alpn(alpn, len)) == NULL)
		return cut(session, "the client offers no protocol of ours");
	if ((session->face = ops->open(&session->client)) == NULL)
		return cut(session, "no memory");
	log_line(LOG_LEVEL_INFO, session->client.who.session,
	    "connection from %s, %s", session->client.who.address,
	    SSL_get_version(tls_stream_ssl(session->stream)));
	enter(session, PHASE_TALKING);
	return TURN_ON;
}

static enum turn
handshake(struct session *session)
{
	switch (tls_stream_handshake(session->stream)) {
	case IO_OK:
		return begin_talking(session);
	case IO_WANT:
		return park(session, true);
	case IO_FAILED:
		log_line(LOG_LEVEL_NOTICE, session->client.who.session,
		    "TLS with %s failed: %s", session->client.who.address,
		    tls_stream_failure(session->stream));
		return TURN_END;
	default:
		return cut(session, tls_stream_failure(session->stream));
	}
}

static bool
is_used_up(const struct turn_budget *budget)
{
	return budget->bytes >= TURN_BYTES || clock_ms() >= budget->ends;
}

/*
 * Read on behind what is carried, up to the face's appetite.  False if the
 * stream has ended.
 */
static bool
hear(struct session *session, uint8_t *bytes, size_t *len,
    struct turn_budget *budget)
{
	size_t appetite, got;
	enum io io;

	appetite = session->face->ops->appetite(session->face);
	if (appetite > SESSION_INPUT_ROOM)
		appetite = SESSION_INPUT_ROOM;
	budget->is_quiet = false;
	/* Passwords and tickets come before the login only. */
	tls_stream_wipe(session->stream, !session->client.is_in);
	while (*len < appetite) {
		io = tls_stream_read(session->stream, bytes + *len,
		    appetite - *len, &got);
		if (io == IO_WANT) {
			budget->is_quiet = true;
			return true;
		}
		if (io != IO_OK) {
			log_line(LOG_LEVEL_INFO, session->client.who.session,
			    "%s", tls_stream_failure(session->stream));
			return false;
		}
		*len += got;
		budget->bytes += got;
		/* A record may hold as little as one byte. */
		if (is_used_up(budget))
			break;
	}
	return true;
}

/* Send what waits; whatever gets out is progress. */
static enum io
send_some(struct session *session)
{
	size_t before = tls_stream_unsent(session->stream);
	enum io io = tls_stream_flush(session->stream);

	if (tls_stream_unsent(session->stream) < before)
		session->moved = clock_ms();
	return io;
}

/* Let the face use the input and fill the output, and send that. */
static enum face_turn
speak(struct session *session, const struct turn_tools *tools,
    struct face_input *in, struct turn_budget *budget)
{
	struct face_output out = { .bytes = tools->output };
	enum face_turn turn;

	if (tls_stream_unsent(session->stream) > 0)
		(void)send_some(session);
	out.room = tls_stream_room(session->stream);
	turn = session->face->ops->work(session->face, in, &out);
	budget->bytes += out.len;
	if (out.len > 0 && tls_stream_write(session->stream, out.bytes,
	    out.len) != IO_OK)
		return FACE_ENDS;
	if (in->used > 0 || out.len > 0)
		session->moved = clock_ms();
	return turn;
}

/* Keep input for the next turn, as the buffer is the worker's. */
static bool
carry(struct session *session, const uint8_t *bytes, size_t len)
{
	drop_carried(session);
	session->carried_len = len;
	if (len == 0)
		return true;
	if ((session->carried = malloc(len)) == NULL)
		return false;
	memcpy(session->carried, bytes, len);
	return true;
}

static enum turn say_goodbye(struct session *session);

/* Hear and speak by turns until nothing moves, or the turn is used up. */
static enum turn
talk(struct session *session, const struct turn_tools *tools,
    struct turn_budget *budget)
{
	struct face_input in = { .bytes = tools->input, .ends = budget->ends };
	enum face_turn said;
	size_t before, unsent;
	enum io sent;

	if (session->carried_len > 0)
		memcpy(in.bytes, session->carried, session->carried_len);
	in.len = session->carried_len;
	for (;;) {
		before = budget->bytes;
		if (!hear(session, in.bytes, &in.len, budget))
			return TURN_END;
		in.is_quiet = budget->is_quiet;
		in.used = 0;
		said = speak(session, tools, &in, budget);
		in.len -= in.used;
		memmove(in.bytes, in.bytes + in.used, in.len);
		unsent = tls_stream_unsent(session->stream);
		sent = send_some(session);
		if (sent == IO_CUT)
			return cut(session,
			    tls_stream_failure(session->stream));
		if (said == FACE_ENDS)
			return say_goodbye(session);
		if (said == FACE_LOGIN)
			break;
		if (said == FACE_ON)
			session->moved = clock_ms();
		/* All sent is progress too: there is room again. */
		else if (budget->bytes == before && in.used == 0 &&
		    !(unsent > 0 && sent == IO_OK))
			break;
		if (is_used_up(budget))
			return carry(session, in.bytes, in.len) ? TURN_ON :
			    TURN_END;
	}
	if (!carry(session, in.bytes, in.len))
		return TURN_END;
	if (said == FACE_LOGIN)
		return TURN_LOGIN;
	return park(session,
	    session->face->ops->appetite(session->face) > in.len);
}

/*
 * Read what the client still sends, and drop it: closing with input unread
 * would reset the connection, and the last words could get lost.
 */
static enum turn
linger(struct session *session)
{
	char bytes[16384];
	ssize_t n;

	while ((n = recv(tls_stream_fd(session->stream), bytes, sizeof(bytes),
	    MSG_DONTWAIT)) > 0) {
		session->lingered += (size_t)n;
		if (session->lingered > LINGER_BYTES)
			return TURN_END;
	}
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return park(session, true);
	return TURN_END;
}

/* All has been said: send the rest and close_notify, and wait for the end. */
static enum turn
say_goodbye(struct session *session)
{
	if (session->phase != PHASE_GOODBYE) {
		enter(session, PHASE_GOODBYE);
		client_let_go(&session->client);
		tls_stream_close(session->stream);
	}
	switch (tls_stream_flush(session->stream)) {
	case IO_OK:
		(void)shutdown(tls_stream_fd(session->stream), SHUT_WR);
		return linger(session);
	case IO_WANT:
		return park(session, false);
	default:
		return TURN_END;
	}
}

/*
 * Epoll tells of a broken socket even who asks for nothing, again and again.
 * Whoever waits for neither input nor room would never notice otherwise.
 */
static bool
is_hung_up(const struct session *session, unsigned int wishes)
{
	struct pollfd pollfd = { .fd = tls_stream_fd(session->stream) };

	return (wishes & WISH_READY) != 0 && session->interest == 0 &&
	    poll(&pollfd, 1, 0) == 1 &&
	    (pollfd.revents & (POLLHUP | POLLERR)) != 0;
}

/* Take in what others wish.  False if the session is to end at once. */
static bool
heed(struct session *session, unsigned int wishes)
{
	if ((wishes & WISH_READY) != 0)
		session->armed = 0;
	if ((wishes & WISH_KICK) != 0 || is_hung_up(session, wishes))
		return false;
	if ((wishes & WISH_TIMEOUT) != 0 &&
	    clock_ms() >= atomic_load(&session->deadline) &&
	    clock_ms() < session->ends) {
		session->told = session->moved;
		session->face->ops->stalled(session->face);
	} else if ((wishes & WISH_TIMEOUT) != 0 &&
	    clock_ms() >= atomic_load(&session->deadline)) {
		log_line(LOG_LEVEL_INFO, session->client.who.session,
		    "timed out");
		if (session->phase != PHASE_TALKING)
			return false;
		/* Who does not read hears no last words either. */
		if (tls_stream_unsent(session->stream) > 0)
			return false;
		session->face->ops->stop(session->face, STATUS_TIMEOUT);
	}
	if ((wishes & WISH_DRAIN) != 0) {
		if (session->phase == PHASE_HANDSHAKE)
			return false;
		if (session->phase == PHASE_TALKING)
			session->face->ops->stop(session->face,
			    STATUS_STOPPING);
	}
	return true;
}

static void
take_back_job(struct session *session)
{
	struct login_job *job = session->client.job;

	if (session->face != NULL && job != NULL && job->is_done) {
		job->is_done = false;
		session->face->ops->checked(session->face, job->result);
	}
}

enum turn
session_turn(struct session *session, const struct turn_tools *tools,
    unsigned int wishes)
{
	struct turn_budget budget = { .ends = clock_ms() + TURN_MS };
	enum turn turn;

	status_forget();
	session->client.kit = tools->kit;
	if (!heed(session, wishes))
		return TURN_END;
	take_back_job(session);
	do {
		switch (session->phase) {
		case PHASE_HANDSHAKE:
			turn = handshake(session);
			break;
		case PHASE_TALKING:
			turn = talk(session, tools, &budget);
			break;
		default:
			turn = say_goodbye(session);
			break;
		}
	} while (turn == TURN_ON && !is_used_up(&budget));
	if (turn != TURN_END)
		deadline_set(session);
	return turn;
}

void
session_login_refused(struct session *session, enum status st)
{
	session->client.job->is_done = true;
	session->client.job->result = st;
}
