/*
 * sender_state - what a sender is made of, for the files that carry it on:
 * sender.c, sender_resume.c for an upload that is gone on with, and
 * sender_segments.c for one over several connections.
 */
#ifndef SENDER_STATE_H
#define SENDER_STATE_H

#include "digest.h"
#include "progress.h"
#include "sender.h"

struct sender {
	struct remote	*remote;	/* borrowed */
	const struct revive *revive;	/* borrowed */
	uint8_t		*frame;		/* owned; a whole DATA frame */
	uint8_t		*piece;		/* owned; a MiB, once one resumes */
	size_t		 unlooked;	/* bytes sent since the last look */
	/* of the file being sent */
	struct sending	*sending;
	int		 fd;
	uint64_t	 at;
	uint64_t	 size;
	bool		 is_sparse;
	bool		 sends_rest;	/* beside what the server tells that
					 * it holds */
	uint32_t	 mode;
	struct file_time mtime;
	struct digest	*digest;
	struct progress	 progress;
};

/* False if there is no point in sending more. */
bool sender_goes_on(struct sender *s);

enum status sender_changed(const struct sender *s);

/* For what the server will tell that it holds. */
enum status sender_make_room(struct sender *s);

/* PUT by the upload's id; the server tells what it holds. */
enum status sender_begin_resume(struct sender *s);

/* Send the pieces that it does not hold, or holds differently. */
enum status sender_send_missing(struct sender *s);

/* True if it is to go, and worth to, over several connections. */
bool sender_has_segments(const struct sender *s);

/* Send all that the server does not hold, over these. */
enum status sender_send_segments(struct sender *s);

/* What was published already: is it what the file holds now? */
enum status sender_compare_published(struct sender *s);

#endif
