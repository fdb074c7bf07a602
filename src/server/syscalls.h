/*
 * syscalls - which system calls the server process may make, for good.  Any
 * other one kills the process.
 */
#ifndef SYSCALLS_H
#define SYSCALLS_H

#include "status.h"

enum status syscalls_restrict(void);

#endif
