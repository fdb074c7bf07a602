/*
 * dial - a TCP connection to a host by its name.
 */
#ifndef DIAL_H
#define DIAL_H

#include "status.h"

/*
 * Try the host's addresses in turn, each for so many milliseconds.  The
 * socket is non-blocking and the caller's.  STATUS_UNKNOWN_HOST or
 * STATUS_UNREACHABLE say what went wrong with the last address.
 */
enum status dial(int *out, const char *host, const char *port,
    int milliseconds);

#endif
