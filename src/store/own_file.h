/*
 * own_file - a file of which the session has locked something: inside of
 * own_locks and own_hold.  All with the mutex of `own` held.
 */
#ifndef OWN_FILE_H
#define OWN_FILE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "lock_map.h"
#include "lock_table.h"
#include "own_hold.h"
#include "own_locks.h"

struct own_file {
	struct own_file	*next;
	int		 fd;		/* owned; its locks are the session's */
	struct lock_share share;	/* what the user has locked */
	struct lock_map	 kernel;	/* owned; what `fd` holds now */
	enum range_lock_kind kernel_guard;
	struct own_hold	*holds;		/* borrowed; operations that rely on
					 * what `fd` holds */
};

struct own_locks {
	atomic_uint	 references;
	pthread_mutex_t	 mutex;
	struct lock_table *table;	/* borrowed */
	char		*user;		/* owned */
	uint64_t	 session;
	struct own_file	*files;		/* owned */
	atomic_size_t	 count;		/* of files */
	bool		 closed;
};

struct own_file *own_file_find(const struct own_locks *own, dev_t dev,
    ino_t ino);

/*
 * A file of which nothing is locked yet; takes the descriptor over, also if
 * this fails.  `path` is seen from the base, and copied.
 */
enum status own_file_new(struct own_file **out, struct own_locks *own, int fd,
    const struct base *base, const char *path);

/* Forget the file if nothing is locked and no operation needs it. */
void own_file_tidy(struct own_locks *own, struct own_file *file);

/*
 * Make the kernel's locks on the file what `map` and the operations under way
 * ask for.  STATUS_LOCKED if that is more than there was, and somebody is in
 * the way: then settle for what was.
 */
enum status own_file_settle(struct own_file *file, const struct lock_map *map);

/* What the user has locked is now `map`: settle for that, or keep all. */
enum status own_file_change(struct own_locks *own, struct own_file *file,
    const struct lock_map *map);

#endif
