/*
 * progress - how far one transfer is, for the board to show.
 *
 *	progress_begin, progress_update ..., progress_end
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#define PROGRESS_UNKNOWN UINT64_MAX	/* a total that nobody knows */

struct board;

/* How fast it goes: the average of the last seconds. */
struct progress_pace {
	uint64_t	 at;		/* clock_ms of the last look */
	uint64_t	 done;		/* bytes by then */
	double		 rate;		/* bytes a second; 0: not known yet */
};

struct progress {
	struct board	*board;		/* borrowed; NULL: not shown */
	struct progress	*next;		/* the board's */
	const char	*name;		/* borrowed; escaped when it is drawn */
	uint64_t	 total;		/* bytes */
	uint64_t	 begun;		/* clock_ms */
	_Atomic uint64_t done;		/* bytes */
	struct progress_pace pace;	/* the board's */
};

/* With a board of NULL nothing is ever shown. */
void progress_begin(struct progress *progress, struct board *board,
    const char *name, uint64_t total);

/* So many bytes are done.  Cheap if it is called often. */
void progress_update(struct progress *progress, uint64_t done);

/* It is shown no more.  Does nothing if it was not begun. */
void progress_end(struct progress *progress);

/* Look at how much is done by now. */
void progress_pace_look(struct progress_pace *pace, uint64_t now,
    uint64_t done);

/*
 * The figures: a bar if `room` columns and a known total allow one, bytes,
 * speed, percent and the time that is left.
 */
#define PROGRESS_TEXT_SIZE 128
void progress_text(char out[PROGRESS_TEXT_SIZE], unsigned int room,
    uint64_t done, uint64_t total, double rate);

#endif
