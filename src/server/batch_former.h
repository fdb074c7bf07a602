/*
 * batch_former - collects a session's uploads into batches for the flush line.
 *
 * One batch is being formed while the one before it is being flushed.  A batch
 * goes off when it is full, when a long upload joins it, or when the session
 * says that nothing more is coming right now (batch_former_send).
 */
#ifndef BATCH_FORMER_H
#define BATCH_FORMER_H

#include "batch.h"
#include "flush_line.h"

struct batch_former;

struct batch_former *batch_former_new(struct flush_line *line,
    struct mailbox *mailbox);
/* What is being formed is dropped, what is being flushed goes on. */
void batch_former_free(struct batch_former *former);

/* True if another upload may begin now; else wait for a result first. */
bool batch_former_has_room(const struct batch_former *former);

/* True if uploads are collected or being flushed. */
bool batch_former_is_busy(const struct batch_former *former);

/*
 * True if a long upload to that clean path is among them: it holds the claim
 * of the path until it has been published.
 */
bool batch_former_holds(const struct batch_former *former, const char *path);

/*
 * Before the first byte of an upload to `place` is written: begin a batch if
 * there is none, and find the parent folder of the clean path.  The folder is
 * borrowed until the next call.
 */
enum status batch_former_prepare(struct batch_former *former,
    const struct audit_who *who, const struct place *place, const char *path,
    const struct folder **folder);

/*
 * An upload that is sealed joins the batch, which takes it over unless this
 * fails.
 */
struct batch_entry {
	const struct audit_who *who;
	uint32_t	 id;
	bool		 chained;
	uint64_t	 began_us;	/* before its first byte was written */
	struct upload	*upload;
	bool		 is_long;
	unsigned int	 wait;		/* seconds, for locks of others */
};
enum status batch_former_add(struct batch_former *former,
    const struct batch_entry *entry);

/*
 * A put that failed with `st` takes its turn among the others.  False if
 * nothing is before it, so that it must be answered at once.
 */
bool batch_former_fail(struct batch_former *former, uint32_t id, bool chained,
    enum status st);

/* Send what is collected, unless a batch is under way. */
void batch_former_send(struct batch_former *former);

/*
 * A batch came back and has been answered.  `failed` says whether its last
 * member failed.
 */
void batch_former_done(struct batch_former *former, bool failed);

/* Let a put of the batch under way wait no more for locks; 0: all of them. */
void batch_former_cancel(struct batch_former *former, uint32_t id);

/* Did the last put that was answered fail?  For chained requests. */
void batch_former_set_failed(struct batch_former *former, bool failed);

#endif
