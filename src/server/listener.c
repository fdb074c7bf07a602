/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "listener.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address_count.h"
#include "clock.h"
#include "log.h"
#include "session.h"

#define EVENTS		256
#define TICK_MS		1000	/* how often deadlines are looked at */
#define ACCEPTS		64	/* connections in a row before sessions */
#define PAUSE_MS	100	/* without descriptors for new connections */

/* What an epoll event is of, for all that is no session. */
static const char of_wake, of_channel, of_socket;

struct listener {
	struct listener_plan plan;
	int		*sockets;	/* owned; -1 when closed */
	int		 epoll, wake;	/* owned */
	bool		 is_accepting;	/* the sockets are in the epoll */
	uint64_t	 pause_ends;	/* clock_ms(); accept again from then */
	uint64_t	 next_tick;

	struct session	*sessions;	/* owned; all there are */
	size_t		 count;
	uint64_t	 next_number;
	struct address_count *addresses;	/* owned */

	bool		 is_draining;
	uint64_t	 drain_ends;

	pthread_mutex_t	 mutex;		/* guards what follows */
	struct session	*retired;	/* that have ended, for this thread */
};

bool
listener_arm(struct listener *listener, struct session *session)
{
	struct epoll_event event = { .events = session->interest |
	    EPOLLONESHOT, .data.ptr = session };

	/* What epoll has already needs no second telling. */
	if (session->armed == (session->interest | EPOLLONESHOT))
		return true;
	if (epoll_ctl(listener->epoll, EPOLL_CTL_MOD,
	    tls_stream_fd(session->stream), &event) == -1)
		return false;
	session->armed = event.events;
	return true;
}

void
listener_retire(struct listener *listener, struct session *session)
{
	const uint64_t one = 1;
	bool wakes;

	pthread_mutex_lock(&listener->mutex);
	wakes = listener->retired == NULL;
	session->next_retired = listener->retired;
	listener->retired = session;
	pthread_mutex_unlock(&listener->mutex);
	/* Its counter cannot be full. */
	if (wakes && write(listener->wake, &one, sizeof(one)) == -1)
		log_line(LOG_LEVEL_ERROR, 0, "cannot wake the listener: %s",
		    strerrordesc_np(errno));
}

static void
unlink_session(struct listener *listener, struct session *session)
{
	if (session->previous != NULL)
		session->previous->next = session->next;
	else
		listener->sessions = session->next;
	if (session->next != NULL)
		session->next->previous = session->previous;
	listener->count--;
	address_count_leave(listener->addresses, session->client.origin);
}

static void
free_retired(struct listener *listener)
{
	struct session *session, *next;

	pthread_mutex_lock(&listener->mutex);
	session = listener->retired;
	listener->retired = NULL;
	pthread_mutex_unlock(&listener->mutex);
	for (; session != NULL; session = next) {
		next = session->next_retired;
		unlink_session(listener, session);
		session_free(session);
	}
}

static void
stop_accepting(struct listener *listener)
{
	for (size_t i = 0; i < listener->plan.socket_count; i++)
		if (listener->sockets[i] != -1)
			(void)epoll_ctl(listener->epoll, EPOLL_CTL_DEL,
			    listener->sockets[i], NULL);
	listener->is_accepting = false;
}

static bool
start_accepting(struct listener *listener)
{
	struct epoll_event event = { .events = EPOLLIN,
	    .data.ptr = (void *)(uintptr_t)&of_socket };

	for (size_t i = 0; i < listener->plan.socket_count; i++)
		if (epoll_ctl(listener->epoll, EPOLL_CTL_ADD,
		    listener->sockets[i], &event) == -1)
			return false;
	listener->is_accepting = true;
	return true;
}

/* Is the connection one too many, of all or of its address? */
static bool
is_surplus(const struct listener *listener, const uint8_t origin[16],
    const struct config *config)
{
	return listener->count >= listener->plan.max_sessions ||
	    (config->max_per_address > 0 &&
	    address_count_of(listener->addresses, origin) >=
	    config->max_per_address);
}

static void
add_session(struct listener *listener, struct session *session)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT,
	    .data.ptr = session };

	session->next = listener->sessions;
	if (session->next != NULL)
		session->next->previous = session;
	listener->sessions = session;
	listener->count++;
	session->armed = event.events;
	if (epoll_ctl(listener->epoll, EPOLL_CTL_ADD,
	    tls_stream_fd(session->stream), &event) == -1) {
		unlink_session(listener, session);
		session_free(session);
	}
}

static void
admit(struct listener *listener, int fd, const struct sockaddr *address)
{
	struct settings *settings;
	struct session *session;
	uint8_t origin[16];
	bool surplus;

	login_origin(origin, address);
	settings = services_settings(listener->plan.services);
	surplus = is_surplus(listener, origin, settings->config);
	settings_unref(settings);
	if (listener->count >=
	    listener->plan.max_sessions + LISTENER_SURPLUS) {
		close(fd);
		return;
	}
	if (!address_count_enter(listener->addresses, origin)) {
		close(fd);
		return;
	}
	session = session_new(listener->plan.services, fd, address,
	    ++listener->next_number, surplus);
	if (session == NULL) {
		address_count_leave(listener->addresses, origin);
		log_line(LOG_LEVEL_ERROR, 0,
		    "no memory for another connection");
		return;
	}
	add_session(listener, session);
}

/* Without a free descriptor, leave the others waiting for a while. */
static void
accept_some(struct listener *listener, int fd)
{
	struct sockaddr_storage address;
	socklen_t len;
	int connection;

	for (int i = 0; i < ACCEPTS && listener->is_accepting; i++) {
		len = sizeof(address);
		connection = accept4(fd, (struct sockaddr *)&address, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (connection != -1) {
			admit(listener, connection,
			    (struct sockaddr *)&address);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM) {
			log_line(LOG_LEVEL_ERROR, 0,
			    "cannot accept connections: %s",
			    strerrordesc_np(errno));
			stop_accepting(listener);
			listener->pause_ends = clock_ms() + PAUSE_MS;
		}
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

static void
accept_all(struct listener *listener)
{
	for (size_t i = 0; i < listener->plan.socket_count; i++)
		if (listener->sockets[i] != -1)
			accept_some(listener, listener->sockets[i]);
}

/* Tell those that have waited too long, and go on accepting after a pause. */
static void
tick(struct listener *listener)
{
	struct session *session;
	uint64_t now = clock_ms();

	if (!listener->is_accepting && !listener->is_draining &&
	    now >= listener->pause_ends && !start_accepting(listener))
		listener->pause_ends = now + PAUSE_MS;
	if (now < listener->next_tick)
		return;
	listener->next_tick = now + TICK_MS;
	for (session = listener->sessions; session != NULL;
	    session = session->next) {
		if (listener->is_draining && now >= listener->drain_ends)
			session_wish(session, WISH_KICK);
		else if (now >= atomic_load(&session->deadline))
			session_wish(session, WISH_TIMEOUT);
	}
}

void
listener_drain(struct listener *listener, unsigned int seconds)
{
	struct session *session;

	if (listener->is_draining)
		return;
	log_line(LOG_LEVEL_NOTICE, 0, "shutting down; %zu sessions are open",
	    listener->count);
	listener->is_draining = true;
	listener->drain_ends = clock_ms() + seconds * 1000ull;
	if (listener->is_accepting)
		stop_accepting(listener);
	for (size_t i = 0; i < listener->plan.socket_count; i++) {
		if (listener->sockets[i] != -1)
			close(listener->sockets[i]);
		listener->sockets[i] = -1;
	}
	for (session = listener->sessions; session != NULL;
	    session = session->next)
		session_wish(session, WISH_DRAIN);
}

/* False if the channel is broken. */
static bool
heed_event(struct listener *listener, const struct epoll_event *event)
{
	uint64_t count;

	if (event->data.ptr == &of_socket)
		accept_all(listener);
	else if (event->data.ptr == &of_channel)
		return listener->plan.message(listener->plan.ctx);
	else if (event->data.ptr == &of_wake) {
		/* Only to empty it; the list of retired ones tells more. */
		if (read(listener->wake, &count, sizeof(count)) == -1)
			return errno == EAGAIN;
	} else
		session_wish(event->data.ptr, WISH_READY);
	return true;
}

int
listener_run(struct listener *listener)
{
	struct epoll_event events[EVENTS];
	int n, timeout;

	while (!listener->is_draining || listener->count > 0) {
		timeout = listener->is_accepting ? TICK_MS : PAUSE_MS;
		n = epoll_wait(listener->epoll, events, EVENTS, timeout);
		if (n == -1 && errno != EINTR) {
			log_line(LOG_LEVEL_ERROR, 0, "epoll: %s",
			    strerrordesc_np(errno));
			return 1;
		}
		for (int i = 0; i < n; i++)
			if (!heed_event(listener, &events[i]))
				return 1;
		/* Only now: an event above may have been of one of them. */
		free_retired(listener);
		tick(listener);
	}
	return 0;
}

static bool
watch(struct listener *listener, int fd, const char *what)
{
	struct epoll_event event = { .events = EPOLLIN,
	    .data.ptr = (void *)(uintptr_t)what };

	return epoll_ctl(listener->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

enum status
listener_new(struct listener **out, const struct listener_plan *plan)
{
	struct listener *listener;
	size_t size = plan->socket_count * sizeof(int);

	*out = NULL;
	if ((listener = calloc(1, sizeof(*listener))) == NULL)
		return STATUS_NO_MEMORY;
	listener->plan = *plan;
	pthread_mutex_init(&listener->mutex, NULL);
	listener->epoll = epoll_create1(EPOLL_CLOEXEC);
	listener->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	listener->addresses = address_count_new(plan->max_sessions +
	    LISTENER_SURPLUS);
	listener->sockets = malloc(size);
	if (listener->addresses == NULL || listener->sockets == NULL) {
		listener_free(listener);
		return STATUS_NO_MEMORY;
	}
	memcpy(listener->sockets, plan->sockets, size);
	if (listener->epoll == -1 || listener->wake == -1 ||
	    !watch(listener, listener->wake, &of_wake) ||
	    !watch(listener, plan->channel, &of_channel) ||
	    !start_accepting(listener)) {
		listener_free(listener);
		return status_errno("epoll");
	}
	*out = listener;
	return STATUS_OK;
}

void
listener_free(struct listener *listener)
{
	struct session *session;

	if (listener == NULL)
		return;
	while ((session = listener->sessions) != NULL) {
		unlink_session(listener, session);
		session_free(session);
	}
	for (size_t i = 0; listener->sockets != NULL &&
	    i < listener->plan.socket_count; i++)
		if (listener->sockets[i] != -1)
			close(listener->sockets[i]);
	if (listener->epoll != -1)
		close(listener->epoll);
	if (listener->wake != -1)
		close(listener->wake);
	free(listener->sockets);
	address_count_free(listener->addresses);
	pthread_mutex_destroy(&listener->mutex);
	free(listener);
}
