/*
 * landlock - which files the process can reach, for good.
 */
#ifndef LANDLOCK_H
#define LANDLOCK_H

#include <stdbool.h>

#include "status.h"

struct landlock_path {
	const char	*path;		/* a folder */
	bool		 writable;	/* else files below it are only read */
};

/*
 * From now on reach only what lies in the folders (ended by a NULL path).
 * A kernel without Landlock is STATUS_UNSUPPORTED, and nothing is restricted.
 */
enum status landlock_enter(const struct landlock_path *paths);

#endif
