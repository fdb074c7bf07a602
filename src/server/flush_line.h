/*
 * flush_line - threads that make uploads durable and publish them, so that no
 * worker waits for a disk to flush.
 *
 * Small batches that wait together share one flush of the file system; then
 * each member goes its way of name, guard and rename; then one flush per
 * folder; then the results go back to the mailboxes.
 *
 * Jobs are all else that may have to wait for a disk.
 */
#ifndef FLUSH_LINE_H
#define FLUSH_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

struct base;
struct batch;
struct flush_line;
struct kit;
struct lock_line;

struct flush_line_plan {
	struct base	*const *bases;	/* borrowed */
	size_t		 base_count;
	unsigned int	 threads;
	size_t		 max_stages;	/* open at a time */
	struct lock_line *lock_line;	/* borrowed; or NULL: nobody waits */
};

enum status flush_line_new(struct flush_line **out,
    const struct flush_line_plan *plan);

/* Finishes what was submitted. */
void flush_line_free(struct flush_line *line);

/* Takes the batch over. */
void flush_line_submit(struct flush_line *line, struct batch *batch);

struct flush_job {
	/* By a thread of the line, with its kit. */
	void (*run)(struct flush_job *job, struct kit *kit);
	/*
	 * It has been run and left the line; must not call the line.  Until
	 * then flush_line_cancel finds the job, afterwards never.
	 */
	void (*done)(struct flush_job *job, bool is_cancelled);
	const void	*owner;		/* the session's mailbox */
	uint32_t	 id;		/* of the request */
	/* the line's own */
	struct flush_job *next;
	bool		 busy, cancelled;
};

void flush_line_submit_job(struct flush_line *line, struct flush_job *job);

/*
 * The owner's job `id` (0: all of them) is not wanted any more: it is run all
 * the same, as nothing can be taken back, but told so.
 */
void flush_line_cancel(struct flush_line *line, const void *owner,
    uint32_t id);

/* Members of batches count while they hold an open stage. */
void flush_line_count_stages(struct flush_line *line, long change);

/* True if so many stages are open that new ones should wait. */
bool flush_line_is_short(const struct flush_line *line);

#endif
