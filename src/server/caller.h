/*
 * caller - on whose behalf a handler works: the user, where they stand, what
 * they may do, and where to answer.  Made anew for each request.
 */
#ifndef CALLER_H
#define CALLER_H

#include <stdint.h>

#include "answer.h"
#include "audit.h"
#include "names.h"
#include "rights.h"
#include "walk.h"

struct batch_former;
struct config;
struct flush_line;
struct kit;
struct lock_line;
struct parcel;
struct services;
struct user;

struct caller {
	const struct audit_who *who;	/* session, user and address */
	struct place	 place;		/* base and root; or the share that
					 * the request's path leads into */
	unsigned int	 rights;	/* there */
	struct place	 home;		/* the user's own root ... */
	unsigned int	 home_rights;	/* ... and what they may do in it */
	const struct user *user;	/* borrowed; for shares */
	const struct config *config;	/* borrowed; for shares, or NULL */
	const struct services *services;	/* borrowed; for shares */
	const char	*cwd;		/* clean path */
	struct kit	*kit;		/* what the worker lends */
	struct batch_former *former;	/* collects small uploads */
	struct lock_line *lock_line;	/* for what waits for a lock; or NULL */
	struct parcel	**parcel;	/* the folder that the session sends as
					 * one, owned there */
	struct flush_line *flush_line;	/* for what waits for a disk; or NULL:
					 * then the handler does */
	struct answer	*answer;
	/* Remember another current folder; false if there is no memory. */
	bool (*set_cwd)(struct caller *caller, const char *clean_path);
};

#endif
