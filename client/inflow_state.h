/*
 * inflow_state - what an inflow is made of, for the files that carry it on:
 * inflow.c, the request, inflow_rows.c, what comes, and inflow_done.c, what has
 * come.
 */
#ifndef INFLOW_STATE_H
#define INFLOW_STATE_H

#include "digest.h"
#include "inflow.h"
#include "nest.h"
#include "part.h"
#include "progress.h"

typedef uint8_t inflow_key[DIGEST_SIZE];	/* of a path in a version */

/* A folder on the way to where the inflow is. */
struct inflow_level {
	size_t		 len;		/* of its path */
	bool		 is_made;	/* here */
	bool		 is_new;	/* by us */
	uint16_t	 mode;
	struct file_time mtime;
};

struct inflow {
	struct client	*client;	/* borrowed */
	struct tally	*tally;		/* borrowed */
	struct inflow_plan plan;
	struct nest	*nest;		/* owned */
	uint64_t	 count;		/* of all that was told */

	/* the folder that was told last, or was come back to */
	char		 path[FT1_PATH_MAX + 1];
	struct inflow_level *levels;	/* owned; not of the nest itself */
	size_t		 depth, room;

	/* a large file, between its entry and its end */
	bool		 has_file;
	char		 file[FT1_PATH_MAX + 1];
	uint8_t		 version[FT1_ID_SIZE];
	uint64_t	 size;
	struct digest	*digest;	/* owned */
	struct part	*part;		/* owned; NULL once it has failed */
	struct progress	 progress;

	inflow_key	*done;		/* owned; sorted after a loss */
	size_t		 done_len, done_room;
	char		*kept;		/* owned; a path, or NULL */
};

/* The file has come in that version, or its failure was told (NULL). */
void inflow_note(struct inflow *inflow, const char *path,
    const uint8_t *version);

/* Nothing more will be noted; now it can be asked for. */
void inflow_sort_done(struct inflow *inflow);

enum status inflow_take_rows(struct inflow *inflow,
    const struct frame *frame);
enum status inflow_take_data(struct inflow *inflow,
    const struct frame *frame);

/* Nothing more comes into any folder. */
void inflow_leave_all(struct inflow *inflow);

/* What is here of a large file goes; or stays, if it is worth something. */
void inflow_drop_file(struct inflow *inflow);
void inflow_keep_file(struct inflow *inflow);

#endif
