/*
 * worker - the fixed pool: each worker takes one session off the ready queue,
 * moves it forward by a turn, and puts it where it goes next.
 */
#ifndef WORKER_H
#define WORKER_H

#include "listener.h"
#include "services.h"

struct workers;

enum status workers_start(struct workers **out, struct services *services,
    struct listener *listener, unsigned int count);

/* The ready queue must be closed.  Waits for all. */
void workers_join(struct workers *workers);

#endif
