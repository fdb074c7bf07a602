/*
 * ready_queue - sessions that wait for a worker, first come first served.
 *
 * Each session stands in it at most once, so a room of one per session is
 * never full.
 */
#ifndef READY_QUEUE_H
#define READY_QUEUE_H

#include <stddef.h>

struct ready_queue;
struct session;

/* NULL if there is no memory. */
struct ready_queue *ready_queue_new(size_t room);
void ready_queue_free(struct ready_queue *queue);

void ready_queue_push(struct ready_queue *queue, struct session *session);

/* Wait for a session.  NULL once the queue is closed and empty. */
struct session *ready_queue_pop(struct ready_queue *queue);

/* Let the workers go home. */
void ready_queue_close(struct ready_queue *queue);

#endif
