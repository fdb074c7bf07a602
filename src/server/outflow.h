/*
 * outflow - the bytes of one file on their way out, under the lock that reading
 * them takes.
 *
 *	in_place_open(&flow.file), outflow_begin, outflow_pull ... until it is
 *	out, outflow_end; and in any case outflow_close
 */
#ifndef OUTFLOW_H
#define OUTFLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "answer.h"
#include "digest.h"
#include "in_place.h"
#include "status.h"

struct lock_line;

/* Begin with { .file.fd = -1 }. */
struct outflow {
	struct in_place	 file;		/* holds the lock on the range, and
					 * the stat of when it began */
	struct lock_line *line;		/* borrowed, or NULL: who waits there */
	bool		 is_sparse;
	struct digest	*digest;	/* owned; between first pull and end */
	uint64_t	 at, end;	/* the range that is left */
	uint64_t	 data_end;	/* no hole up to here */
	uint64_t	 total;		/* bytes of the range */
	bool		 is_stalled;	/* once: nothing is locked any more */
};

/* The range of the file, which is open, is to go out. */
enum status outflow_begin(struct outflow *flow, struct lock_line *line);

/* Answer with what there is room for; `*is_out` once that is all. */
enum status outflow_pull(struct outflow *flow, struct answer *answer,
    bool *is_out);

/*
 * Who does not take what was asked for keeps nobody from writing: the lock is
 * given back, and it goes on if the file is the same at the next pull.
 */
void outflow_stalled(struct outflow *flow);

/* STATUS_CHANGED if the content was changed since it began. */
enum status outflow_check(const struct outflow *flow);

/* All of it is out: check the file, and give the digest. */
enum status outflow_end(struct outflow *flow, uint8_t digest[DIGEST_SIZE]);

/* Bytes of the range that have gone out, holes included. */
uint64_t outflow_sent(const struct outflow *flow);

/* And give back the lock.  No harm if it is closed. */
void outflow_close(struct outflow *flow);

#endif
