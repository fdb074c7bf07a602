/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "worker.h"

#include <pthread.h>
#include <stdlib.h>

#include "log.h"
#include "session.h"

struct worker {
	pthread_t	 thread;
	struct services	*services;	/* borrowed */
	struct listener	*listener;	/* borrowed */
	struct turn_tools tools;	/* owned */
};

struct workers {
	unsigned int	 started;
	struct worker	 worker[];
};

/* The login thread is done: back into the queue. */
static void
login_done(struct login_job *job)
{
	struct session *session = job->ctx;

	job->is_done = true;
	place_move(&session->place, PLACE_LOGIN, PLACE_QUEUED);
	ready_queue_push(session->client.services->ready, session);
}

static void
requeue(struct worker *worker, struct session *session)
{
	place_move(&session->place, PLACE_WORKING, PLACE_QUEUED);
	ready_queue_push(worker->services->ready, session);
}

static void
send_to_login(struct worker *worker, struct session *session)
{
	struct login_job *job = session->client.job;
	enum status st;

	job->ctx = session;
	job->done = login_done;
	/* From here on it may be in other hands at any moment. */
	place_move(&session->place, PLACE_WORKING, PLACE_LOGIN);
	st = login_line_submit(worker->services->login_line, job);
	if (st == STATUS_OK)
		return;
	session_login_refused(session, st);
	place_move(&session->place, PLACE_LOGIN, PLACE_QUEUED);
	ready_queue_push(worker->services->ready, session);
}

static void
send_on(struct worker *worker, struct session *session, enum turn turn)
{
	switch (turn) {
	case TURN_ON:
		requeue(worker, session);
		break;
	case TURN_PARK:
		if (!listener_arm(worker->listener, session))
			listener_retire(worker->listener, session);
		/* Parking is the last touch; a wish makes it fail. */
		else if (!place_park(&session->place))
			requeue(worker, session);
		break;
	case TURN_LOGIN:
		send_to_login(worker, session);
		break;
	case TURN_END:
		listener_retire(worker->listener, session);
		break;
	}
}

static void *
work(void *ctx)
{
	struct worker *worker = ctx;
	struct session *session;
	unsigned int wishes;

	while ((session = ready_queue_pop(worker->services->ready)) != NULL) {
		wishes = place_take(&session->place);
		send_on(worker, session,
		    session_turn(session, &worker->tools, wishes));
	}
	return NULL;
}

static enum status
start(struct worker *worker, struct services *services,
    struct listener *listener)
{
	enum status st;

	worker->services = services;
	worker->listener = listener;
	st = kit_new(&worker->tools.kit, services->bases,
	    services->base_count);
	if (st != STATUS_OK)
		return st;
	worker->tools.input = malloc(SESSION_INPUT_ROOM);
	worker->tools.output = malloc(TLS_STREAM_GATHER);
	if (worker->tools.input == NULL || worker->tools.output == NULL)
		return STATUS_NO_MEMORY;
	if (pthread_create(&worker->thread, NULL, work, worker) != 0)
		return status_set(STATUS_NO_MEMORY, "cannot start a worker");
	return STATUS_OK;
}

static void
clear(struct worker *worker)
{
	kit_free(worker->tools.kit);
	free(worker->tools.input);
	free(worker->tools.output);
}

enum status
workers_start(struct workers **out, struct services *services,
    struct listener *listener, unsigned int count)
{
	struct workers *workers;
	enum status st;

	*out = NULL;
	workers = calloc(1, sizeof(*workers) +
	    count * sizeof(workers->worker[0]));
	if (workers == NULL)
		return STATUS_NO_MEMORY;
	while (workers->started < count) {
		st = start(&workers->worker[workers->started], services,
		    listener);
		if (st != STATUS_OK) {
			clear(&workers->worker[workers->started]);
			ready_queue_close(services->ready);
			workers_join(workers);
			return st;
		}
		workers->started++;
	}
	*out = workers;
	return STATUS_OK;
}

void
workers_join(struct workers *workers)
{
	if (workers == NULL)
		return;
	for (unsigned int i = 0; i < workers->started; i++) {
		pthread_join(workers->worker[i].thread, NULL);
		clear(&workers->worker[i]);
	}
	free(workers);
}
