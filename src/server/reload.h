/*
 * reload - reading all again, with nothing changed unless all of it is good:
 * first here, then in the server process, whose answer decides.
 */
#ifndef RELOAD_H
#define RELOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "handover.h"
#include "server_process.h"

struct reload_source {
	const char	*file;		/* its name, and what is read */
	const char	*text;		/* instead of what the file holds */
};

struct reload {
	struct handover	**now;		/* borrowed; what is in force */
	struct handover	*pending;	/* owned; sent and not yet answered */
	bool		 is_wanted;	/* once more, as soon as that is over */
	struct reload_source wanted;
	uint64_t	 rotate_at;	/* by clock_ms(); not before */
};

/*
 * Read and check all, and send it to the process; while an answer is awaited,
 * later.  What is wrong, and what only a restart changes, is said in the log.
 * A process that does not take it is killed, and its successor gets it.
 */
void reload_begin(struct reload *r, const struct reload_source *source,
    struct server_process *to);

/* The process took it ("") or says why not. */
void reload_answer(struct reload *r, struct server_process *to,
    const char *text);

/* A process accepts: what was put off can be done. */
void reload_resume(struct reload *r, struct server_process *to);

/* Nobody will answer; what was found good is for the next process. */
void reload_forget(struct reload *r);

/* Rotate the ticket keys when their time has come; nothing else changes. */
void reload_rotate_when_due(struct reload *r, struct server_process *to);

#endif
