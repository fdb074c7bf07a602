/*
 * serving_support - what sessions share, as the server process makes it, on a
 * folder of its own: one base, the user file, the lines, settings.  There is no
 * listener, no worker and no sandbox.
 *
 * Nothing here knows Check: what cannot be had ends the program.
 */
#ifndef SERVING_SUPPORT_H
#define SERVING_SUPPORT_H

#include "kit.h"
#include "services.h"

/* Of the password `hunter2`; costs next to nothing. */
#define SERVING_HASH "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQxMjM0NTY3OA" \
    "$iPbOnlM11zSgmngUHI2nvOE4txrFbFybkKgAhNy1pmQ"

struct serving {
	char		 path[64];	/* the folder of its own */
	char		 base[80];	/* below it */
	struct services	 services;
	struct kit	*kit;
};

struct serving_plan {
	const char	*under;		/* make the folder here */
	const char	*users;		/* text of the user file */
	enum durability	 durability;
	size_t		 max_stages;
};

void serving_open(struct serving *serving, const struct serving_plan *plan);
/* Also removes all files. */
void serving_close(struct serving *serving);

/* Write the user file anew. */
void serving_set_users(const struct serving *serving, const char *users);

/* Wait until all batches that were submitted so far have been carried out. */
void serving_settle(struct serving *serving);

/* Remove what clients have put, but not the base's own. */
void serving_empty(const struct serving *serving);

/* Remove a folder with all that is in it. */
void serving_remove(const char *path);

/* Stages that lie in the private folder. */
size_t serving_stages(const struct serving *serving);
/* Records of long uploads and folders. */
size_t serving_records(const struct serving *serving);

#endif
