/*
 * lock_line - what waits for a lock stands here, tried again by threads of the
 * line until it is gained, its time is over, or it is cancelled; so neither a
 * worker nor a session waits.
 *
 * First come first served among those that stand here: who would be in
 * conflict with one before it is not tried until that one has left.  Each is
 * tried at once when something of its file is given back in this process, and
 * every 10 to 250 ms for locks that others hold.
 */
#ifndef LOCK_LINE_H
#define LOCK_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base.h"
#include "kit.h"
#include "range_lock.h"
#include "status.h"

#define LOCK_LINE_MOST		4096	/* that wait, in all */
#define LOCK_LINE_OWNER_MOST	64	/* of one session */

struct lock_line;
struct lock_wait;

/* What is waited for, of one file as it is now. */
struct lock_claim {
	dev_t		 dev;
	ino_t		 ino;		/* 0: none */
	uint64_t	 start, end;
	enum range_lock_kind kind;
	enum range_lock_kind guard;
};

struct lock_wait_ops {
	/*
	 * Try, without waiting; may renew claims and deadline.
	 * STATUS_LOCKED: not yet.
	 */
	enum status (*attempt)(struct lock_wait *wait, struct kit *kit);
	/*
	 * It has left the line, with the last attempt's status (and the
	 * thread's text for it), or STATUS_CANCELLED.
	 */
	void (*done)(struct lock_wait *wait, enum status st);
	/*
	 * Or NULL.  Asked when it comes into the line: was it cancelled
	 * before that, when lock_line_cancel could not find it yet?
	 */
	bool (*is_cancelled)(struct lock_wait *wait);
};

#define LOCK_WAIT_CLAIMS 2
struct lock_wait {
	const struct lock_wait_ops *ops;
	const void	*owner;		/* the session's mailbox */
	uint32_t	 id;		/* of the request */
	uint64_t	 deadline;	/* clock_ms() */
	struct lock_claim claims[LOCK_WAIT_CLAIMS];
	/* the line's own */
	struct lock_claim known[LOCK_WAIT_CLAIMS]; /* as of the last attempt */
	struct lock_wait *next;
	uint64_t	 due, pause;
	bool		 busy, cancelled;
};

enum status lock_line_new(struct lock_line **out, struct base *const *bases,
    size_t base_count, unsigned int threads);

/* What stands in the line is cancelled, and nothing comes in any more. */
void lock_line_close(struct lock_line *line);
void lock_line_free(struct lock_line *line);

/* To the end of the line.  STATUS_BUSY if that is too long, or closed. */
enum status lock_line_submit(struct lock_line *line, struct lock_wait *wait);

/* Does somebody stand in the line who is to be served before that? */
bool lock_line_is_ahead(struct lock_line *line,
    const struct lock_claim *claims);

/* Something of that file has been given back; ino 0: of any. */
void lock_line_wake(struct lock_line *line, dev_t dev, ino_t ino);

/* Cancel the request `id` of the owner, or all of them (0). */
void lock_line_cancel(struct lock_line *line, const void *owner, uint32_t id);

#endif
