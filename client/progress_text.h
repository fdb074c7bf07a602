/*
 * progress_text - the figures that are shown of a transfer: how much, how
 * fast, how long it will take.
 */
#ifndef PROGRESS_TEXT_H
#define PROGRESS_TEXT_H

#include <stdint.h>

#define PROGRESS_UNKNOWN UINT64_MAX	/* a total that nobody knows */

/* How fast it goes: the average of the last seconds. */
struct progress_pace {
	uint64_t	 at;		/* clock_ms of the last look */
	uint64_t	 done;		/* bytes by then */
	double		 rate;		/* bytes a second; 0: not known yet */
};

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
