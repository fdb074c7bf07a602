/*
 * deadline - how long a session may stay as it is: each phase, and each mood of
 * the face, has a bound of its own.
 */
#ifndef DEADLINE_H
#define DEADLINE_H

#include "session.h"

/* Set session->deadline, at which the listener wishes WISH_TIMEOUT. */
void deadline_set(struct session *session);

#endif
