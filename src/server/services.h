/*
 * services - what every session of the server process shares: the bases, the
 * users, the lines, and the settings in force.
 */
#ifndef SERVICES_H
#define SERVICES_H

#include <pthread.h>
#include <stddef.h>

#include "base.h"
#include "flush_line.h"
#include "lock_line.h"
#include "lock_table.h"
#include "lockouts.h"
#include "login_line.h"
#include "mime_types.h"
#include "ready_queue.h"
#include "renewals.h"
#include "server.h"
#include "settings.h"
#include "user_source.h"

struct services {
	struct base	**bases;		/* owned, open to the end */
	size_t		 base_count;
	struct user_source *users;		/* owned, as all below */
	struct mime_types *mime_types;		/* or NULL: none is told */
	struct flush_line *flush_line;
	struct lock_line *lock_line;
	struct lock_table *lock_table;
	struct lockouts	*lockouts;
	struct login_line *login_line;
	struct ready_queue *ready;
	struct renewals	*renewals;
	server_hook	 hook;

	pthread_mutex_t	 mutex;			/* guards what follows */
	struct settings	*settings;
};

/* The settings in force now; a reference for the caller. */
struct settings *services_settings(struct services *services);

/* Put others in force; takes the reference over. */
void services_replace_settings(struct services *services,
    struct settings *settings);

/* The base of that name, the first one for NULL; NULL if there is none. */
const struct base *services_base(const struct services *services,
    const char *name);

#endif
