/*
 * dial - a TCP connection to a host by its name.
 */
#ifndef DIAL_H
#define DIAL_H

#include "interrupt.h"
#include "status.h"

/*
 * Try the host's addresses in turn, each for so many milliseconds.  The
 * socket is non-blocking and the caller's.  STATUS_UNKNOWN_HOST or
 * STATUS_UNREACHABLE say what went wrong with the last address, and
 * STATUS_CANCELLED that a signal came (`interrupt` may be NULL).
 */
enum status dial(int *out, const char *host, const char *port,
    int milliseconds, struct interrupt *interrupt);

#endif
