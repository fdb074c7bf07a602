/*
 * tally - what a command on a whole folder has come to: it goes on after
 * failures, tells of each, and ends with the first.
 */
#ifndef TALLY_H
#define TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "command_line.h"
#include "status.h"

struct report;

/* Begin with { 0 } but for the report. */
struct tally {
	struct report	*report;	/* borrowed, or NULL */
	uint64_t	files, folders, bytes;
	uint64_t	links, removed;
	uint64_t	failures;
	enum status	first;
	bool		is_async;	/* not on the server's disk yet */
	bool		is_dry;		/* nothing is done, only told */
	struct board	*board;		/* borrowed; shows it, if any */
};

/*
 * Show on the board how far it is from now on; PROGRESS_UNKNOWN for what is
 * not known.  tally_tell or tally_end ends that.
 */
void tally_show(struct tally *tally, struct board *board, uint64_t files,
    uint64_t bytes);

/* It has turned out how much that is, what is done already included. */
void tally_expect(const struct tally *tally, uint64_t files, uint64_t bytes);

/* A file was sent or fetched. */
void tally_moved(struct tally *tally, uint64_t bytes);

/* Tell of a failure, with the thread's text, on standard error. */
void tally_fail(struct tally *tally, const char *name, enum status st);

/* Tell of what is left out, unless nothing is to be said. */
void tally_skip(const struct command_line *settings, const char *name,
    const char *why);

/* Tell of what would be made, or sent or fetched. */
void tally_would_make(struct tally *tally,
    const struct command_line *settings, const char *name);
void tally_would_move(struct tally *tally,
    const struct command_line *settings, const char *verb, const char *name,
    uint64_t size);

/* A link is made, or would be. */
void tally_linked(struct tally *tally, const struct command_line *settings,
    const char *name);

/* Tell of what is removed, or would be. */
void tally_removed(struct tally *tally, const struct command_line *settings,
    const char *name);

/* Say that nothing is removed there, as there were failures. */
void tally_not_removed(const struct tally *tally, const char *name);

/* One line that sums up, unless nothing is to be said. */
void tally_tell(struct tally *tally,
    const struct command_line *settings, const char *verb, const char *name);

/* What the command ends with; each failure has been told. */
enum status tally_end(struct tally *tally);

#endif
