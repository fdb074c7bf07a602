/*
 * waiter - a request that may have to wait for a lock or a disk, as an object
 * of its own: tried at once by its handler, or by the flush line if it flushes
 * what it does; then by the lock line; and taken up again by the session when
 * its result comes by the mailbox.
 */
#ifndef WAITER_H
#define WAITER_H

#include <stdint.h>

#include "answer.h"
#include "audit.h"
#include "flush_line.h"
#include "in_place.h"
#include "kit.h"
#include "lock_line.h"
#include "mailbox.h"
#include "status.h"
#include "walk.h"

struct waiter;

struct waiter_ops {
	/* Do it, if that is possible without waiting; else STATUS_LOCKED. */
	enum status (*attempt)(struct waiter *waiter, struct kit *kit);
	/*
	 * Give the final answer for the attempt's status, or leave a producer;
	 * frees the waiter.
	 */
	void (*resume)(struct waiter *waiter, struct answer *answer,
	    enum status st);
	/* Nobody wants to know any more. */
	void (*free)(struct waiter *waiter);
};

struct waiter {
	struct letter	 letter;
	const struct waiter_ops *ops;
	struct lock_wait wait;
	struct flush_job job;
	struct mailbox	*mailbox;	/* owned reference, while in the line */
	unsigned int	 seconds;	/* that it may wait */
	bool		 is_lock;	/* verb lock: may wait with others */
	bool		 is_upload;	/* data follows the request */
	bool		 chained;	/* with is_upload */
	enum status	 st;		/* the result, with ... */
	struct status_words words;

	/* of the request, for attempts later on */
	struct audit_who who;
	struct place	 place;		/* root: owned */
	char		*path;		/* owned; clean; and of mv: */
	char		*target;	/* owned, or NULL */
	uint64_t	 began_us;
	struct lock_line *line;		/* borrowed, or NULL */
	struct flush_line *flush_line;	/* likewise */
	bool		 flushes;	/* the first attempt is for that line */
};

struct caller;
struct request;

/*
 * Begin one: what the attempts need of caller and request is copied.  The
 * paths are checked; where that fails, or without memory, the caller still has
 * to call waiter_clear.
 */
enum status waiter_init(struct waiter *waiter, const struct caller *caller,
    const struct request *request);
void waiter_clear(struct waiter *waiter);

/* What it wants of the files at its paths, for the order in the line. */
struct lock_claim_wish {
	uint64_t	 start, length;	/* 0: to the end of all */
	enum range_lock_kind kind;
	enum range_lock_kind guard;
};
void waiter_claim(struct waiter *waiter, const struct lock_claim_wish *wish);

/* Its attempts bring to the disk what they do, if the place asks for that. */
void waiter_set_flushes(struct waiter *waiter);

/*
 * Try it; answer, or have it wait.  Takes the waiter over.  `path_status` is
 * what waiter_init returned.
 */
void waiter_run(struct waiter *waiter, struct caller *caller,
    enum status path_status);

/*
 * The same in the middle of a request, by a consumer's commit or a producer
 * that then returns PULL_WAITS; either belongs to the waiter from here on.
 * Attempts get no kit then unless a line makes them, and all waits of one
 * request together last no longer than it said.
 */
void waiter_go_on(struct waiter *waiter, struct answer *answer);

/* Close the file, and let those try who wait for what was locked of it. */
void waiter_close(const struct waiter *waiter, struct in_place *file);

/*
 * For a face: into the line; the result will be a letter of kind
 * LETTER_WAITER.  If the line is full it is answered at once.
 */
enum status waiter_submit(struct waiter *waiter, struct lock_line *line,
    struct mailbox *mailbox, uint32_t id);

/* For a face: the letter has come; frees the waiter. */
void waiter_resume(struct waiter *waiter, struct answer *answer);

#endif
