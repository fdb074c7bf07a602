/*
 * board - the transfers that are under way, and what a whole folder has come
 * to, on standard error: lines that are drawn again and again on a terminal,
 * or one every few seconds for a log.
 *
 * The cursor stays in front of the lines.  Who prints something else hides
 * them first.  All functions may be called from several threads, and with NULL
 * do nothing.
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

#include "command_line.h"
#include "progress_text.h"
#include "status.h"

struct board;

/* A transfer, as progress.h keeps it. */
struct progress {
	struct board	*board;		/* borrowed; NULL: not shown */
	struct progress	*next;		/* the board's */
	const char	*name;		/* borrowed; escaped when it is drawn */
	uint64_t	 total;		/* bytes */
	uint64_t	 begun;		/* clock_ms */
	_Atomic uint64_t done;		/* bytes */
	_Atomic uint64_t brought;	/* of these, by an earlier run */
	struct progress_pace pace;	/* the board's */
};

/*
 * `*out` is NULL if there is nothing to be shown: if it was not asked for, or
 * standard error is no terminal.
 */
enum status board_new(struct board **out,
    const struct command_line *settings);
void board_free(struct board *board);

/* The line of a transfer, which stays the caller's, until it is removed. */
void board_add(struct board *board, struct progress *progress);
void board_remove(struct board *board, struct progress *progress);

/* Draw, if it is time to. */
void board_draw(struct board *board);

/* Make room for something else. */
void board_hide(struct board *board);

/*
 * A line for the whole of many files; PROGRESS_UNKNOWN for what is not known.
 * One at a time.
 */
void board_begin_total(struct board *board, uint64_t files, uint64_t bytes);
/* It has turned out how much that is. */
void board_expect(struct board *board, uint64_t files, uint64_t bytes);
void board_count(struct board *board, uint64_t files, uint64_t bytes);
/*
 * Bytes of files that are done, but not counted yet; negative once they are to
 * be counted, or to be moved again.
 */
void board_hold(struct board *board, int64_t bytes);
void board_end_total(struct board *board);

#endif
