/*
 * batch - uploads of one session that share a flush, and what became of each.
 *
 * Filled by the session's batch_former, carried out by the flush line, and
 * sent back by the mailbox as a letter.  Members keep the order of their
 * requests, also those that failed on the way and need no flush: so the
 * answers come in order, and a chained request sees the failure before it.
 */
#ifndef BATCH_H
#define BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit.h"
#include "lock_line.h"
#include "mailbox.h"
#include "upload.h"

#define BATCH_MAX 256	/* members */

struct flush_line;

struct batch_member {
	uint32_t	 id;		/* of the request */
	bool		 chained;
	enum status	 st;		/* so far; in the end the outcome */
	struct status_words words;	/* for st */
	struct upload	*upload;	/* owned; NULL if it failed early */
	uint64_t	 began_us;
	unsigned int	 wait;		/* seconds that it may wait for locks */
	uint64_t	 wait_ends;	/* clock_ms(); 0 before it waits */
	struct upload_receipt receipt;	/* with STATUS_OK in the end */
};

struct batch {
	struct letter	 letter;
	struct batch	*next;		/* in the flush line */
	struct mailbox	*mailbox;	/* owned reference */
	struct audit_who who;
	const struct base *base;	/* of all uploads; NULL: none yet */
	int		 sync_fd;	/* owned; opened before the first byte
					 * of any member was written; or -1 */
	uint64_t	 sync_opened_us;
	bool		 is_long;	/* one long upload: flushed alone */
	bool		 failed_before;	/* the request before them failed */
	size_t		 count;
	/* while the lines carry it out */
	bool		 flushed;	/* the stages are on disk */
	bool		 waits;		/* for the locks of member `settled` */
	bool		 failed_now;	/* the one before `settled` failed */
	size_t		 settled;	/* members whose outcome stands */
	size_t		 audited;	/* and those the audit knows */
	struct lock_wait wait;
	struct flush_line *line;	/* borrowed; while it waits */
	_Atomic uint32_t cancel_id;	/* of a member that waits no more */
	struct batch_member member[BATCH_MAX];
};

/* NULL without memory. */
struct batch *batch_new(struct mailbox *mailbox);

/* Frees uploads that were not published. */
void batch_free(struct batch *batch);

/* Members that still hold a stage. */
size_t batch_uploads(const struct batch *batch);

/* Note the outcome of a member, with the thread's text for it. */
void batch_member_set(struct batch_member *member, enum status st);

/*
 * Member `settled` has met locks: does the client want it no more?  It may
 * say so at any time, from another thread.
 */
bool batch_is_cancelled(const struct batch *batch);

#endif
