/*
 * monitor - ftserver from its command line to its exit code.
 */
#ifndef MONITOR_H
#define MONITOR_H

#include "server.h"

/* What main() does; `hook` is for tests, else NULL. */
int monitor_main(int argc, char **argv, server_hook hook);

#endif
