/*
 * notify - what systemd is told and what it hands over; nothing at all where
 * the program was built or started without it.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <stddef.h>

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);

/* How many sockets were handed over, and the first; the rest follow it. */
size_t notify_sockets(int *first);

#endif
