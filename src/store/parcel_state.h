/*
 * parcel_state - what a parcel is made of, for the files that carry it on:
 *
 *	parcel.c		begin, take up, let go
 *	parcel_members.c	what comes into it
 *	parcel_survey.c		what is there
 *	parcel_publish.c	the end
 */
#ifndef PARCEL_STATE_H
#define PARCEL_STATE_H

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#include "claim.h"
#include "parcel.h"
#include "quota.h"
#include "stage.h"
#include "tree.h"

/* A member whose content is compared with its digest. */
struct parcel_proof {
	int		 fd;		/* owned; -1: none */
	struct digest	*digest;	/* owned */
	struct parcel_member *member;	/* borrowed of the log */
};

struct parcel {
	_Atomic unsigned int references;
	struct place	 target;	/* root: owned, in `strings` */
	struct upload_plan plan;	/* path, user: owned, in `strings` */
	char		 root[PARCEL_ROOT_ROOM];
	struct place	 place;		/* of members; root: `root` */
	uint8_t		 id[STAGE_ID_SIZE];
	char		 stage[STAGE_NAME_ROOM];
	char		 fresh[NAME_MAX + 1];	/* "" if it has none */

	pthread_mutex_t	 mutex;		/* guards what follows */
	struct record	*record;	/* owned */
	struct claim	*claim;		/* owned; NULL if it was lost */
	uint64_t	 generation;	/* of the claim */
	uint64_t	 end;		/* of the log */
	size_t		 rows;		/* in it */

	pthread_mutex_t	 amounts;	/* guards what follows; taken last */
	struct quota_hold quota;
	uint64_t	 bytes, names;	/* that have come or are to come */

	/* at the end, and after it was taken up: one thread */
	struct parcel_log log;
	struct tree	*tree;		/* owned; NULL: not begun */
	bool		 is_closed;	/* by parcel_close */
	struct parcel_proof proof;

	char		 strings[];
};

/* Take the claim; `name` is the target's in the folder above it. */
enum status parcel_claim(struct parcel *parcel, enum claim_kind kind,
    const struct folder *folder, const char *name);

/* Of its folders, once it is published and open as `folder_fd`. */
enum status parcel_set_modes(const struct parcel *parcel, int folder_fd);

/* What a survey has found is forgotten: the next one begins anew. */
void parcel_survey_end(struct parcel *parcel);

/* Nothing of it stays; members that were not finished go too. */
void parcel_abandon(struct parcel *parcel);

/* The open folder above the target, and the target's name in it. */
enum status parcel_parent(struct folder *folder, const char **name,
    const struct parcel *parcel);

#endif
