/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "ready_queue.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct ready_queue {
	pthread_mutex_t	 mutex;
	pthread_cond_t	 filled;
	struct session	**ring;		/* owned; the sessions are not */
	size_t		 room, first, count;
	size_t		 sleepers;	/* workers that wait */
	bool		 closed;
};

struct ready_queue *
ready_queue_new(size_t room)
{
	struct ready_queue *queue;

	if ((queue = calloc(1, sizeof(*queue))) == NULL)
		return NULL;
	queue->ring = calloc(room, sizeof(struct session *));
	if (queue->ring == NULL) {
		free(queue);
		return NULL;
	}
	queue->room = room;
	pthread_mutex_init(&queue->mutex, NULL);
	pthread_cond_init(&queue->filled, NULL);
	return queue;
}

void
ready_queue_free(struct ready_queue *queue)
{
	if (queue == NULL)
		return;
	pthread_cond_destroy(&queue->filled);
	pthread_mutex_destroy(&queue->mutex);
	free(queue->ring);
	free(queue);
}

void
ready_queue_push(struct ready_queue *queue, struct session *session)
{
	bool wake;

	pthread_mutex_lock(&queue->mutex);
	assert(queue->count < queue->room);
	queue->ring[(queue->first + queue->count++) % queue->room] = session;
	wake = queue->sleepers > 0;
	pthread_mutex_unlock(&queue->mutex);
	if (wake)
		pthread_cond_signal(&queue->filled);
}

struct session *
ready_queue_pop(struct ready_queue *queue)
{
	struct session *session = NULL;

	pthread_mutex_lock(&queue->mutex);
	queue->sleepers++;
	while (queue->count == 0 && !queue->closed)
		pthread_cond_wait(&queue->filled, &queue->mutex);
	queue->sleepers--;
	if (queue->count > 0) {
		session = queue->ring[queue->first];
		queue->first = (queue->first + 1) % queue->room;
		queue->count--;
	}
	pthread_mutex_unlock(&queue->mutex);
	return session;
}

void
ready_queue_close(struct ready_queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	queue->closed = true;
	pthread_mutex_unlock(&queue->mutex);
	pthread_cond_broadcast(&queue->filled);
}
