/*
 * crew - more connections for one transfer, beside the one that is there: each
 * logs in by the ticket of the first, and is worked by a thread of its own.
 *
 *	crew_begin, { crew_look, crew_has_failed } ..., then crew_end
 */
#ifndef CREW_H
#define CREW_H

#include <stdbool.h>
#include <stdint.h>

#include "patience.h"
#include "remote.h"
#include "revive.h"
#include "status.h"

#define CREW_MOST	15	/* members beside the first connection */

struct crew;

/* One connection; its thread's alone. */
struct member {
	struct crew	*crew;		/* borrowed */
	struct remote	*remote;	/* borrowed of the sign-in */
	struct revive	*revive;	/* borrowed; its own */
	void		*state;		/* the worker's; ended by it */
	uint32_t	 wait;		/* seconds, with STATUS_BUSY */
};

struct crew_work {
	/*
	 * Work until nothing is left to do.  Any other outcome ends the whole
	 * transfer, but a lost connection and a busy server: it is called
	 * again then.
	 */
	enum status	(*run)(void *owner, struct member *member);
	/* Free what member->state is; called in the end if it is not NULL. */
	void		(*end)(void *state);
	void		*owner;		/* borrowed */
	bool		 may_be_fewer;	/* if the server has no room for all */
};

/*
 * Begin with so many members; `first` and what it is made of are borrowed until
 * crew_end.  A member that cannot connect while there is work is a failure,
 * unless they may be fewer and the server is just too busy.
 */
enum status crew_begin(struct crew **out, const struct revive *first,
    unsigned int members, const struct crew_work *work);

/* From a member: so many bytes more are done, or fewer. */
void crew_add(struct crew *crew, int64_t bytes);

/* From a member: a part of the work was done. */
void crew_went_well(struct member *member);

/* Becomes readable when there is something to look at. */
int crew_fd(const struct crew *crew);

/* Bytes that are done; `*works` if anybody is still at work. */
uint64_t crew_look(struct crew *crew, bool *works);

bool crew_has_failed(struct crew *crew);

/*
 * End those who still work, wait for all, and return the first failure.
 * crew_end(NULL) does nothing.
 */
enum status crew_end(struct crew *crew);

#endif
