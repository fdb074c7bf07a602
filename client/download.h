/*
 * download - one file of the server on its way to this machine: fetched into a
 * part, gone on with after a lost connection, and put in place when it is
 * whole.
 *
 *	download_begin, download_end
 *
 * Several may be begun before the first one is ended; they are to be ended in
 * that order.
 */
#ifndef DOWNLOAD_H
#define DOWNLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "ft1.h"
#include "ftclient.h"
#include "status.h"

struct download;

/* A part of a file, cut at the file's end. */
struct file_range {
	bool		 given;		/* else all of it */
	bool		 from_end;	/* the offset was made from the size */
	uint64_t	 offset;
	bool		 has_length;	/* else to the end */
	uint64_t	 length;
	bool		 has_version;	/* of that version of the file only */
	uint8_t		 version[FT1_ID_SIZE];
};

struct download_plan {
	const char	*path;		/* the server's; copied */
	const char	*local;		/* "-": standard output; copied */
	bool		 goes_on;	/* with what is here already */
	bool		 keeps;		/* times and mode */
	bool		 has_basis;	/* the file that is here has most of it:
					 * only what differs is fetched */
	const char	*below;		/* the end of `local`, as it is seen
					 * from the folder `top`: no link here
					 * leads elsewhere; or NULL */
	int		 top;		/* borrowed until download_end */
	uint32_t	 wait;		/* seconds, for locks of others */
	uint64_t	 size;		/* expected: who takes many files asks
					 * for few long ones ahead; or 0 */
	unsigned int	 segments;	/* connections, if it can be written
					 * out of order; 0 and 1: one */
	struct file_range range;	/* of one that is fetched anew, over
					 * one connection */
	bool		*left;		/* set if it failed, and something can
					 * be gone on with; borrowed, or NULL */
	_Atomic uint64_t *moved;	/* bytes of content that come are added
					 * to it; borrowed, or NULL */
};

/* Ask for the file, unless something of it is here already. */
enum status download_begin(struct download **out, struct client *client,
    const struct download_plan *plan);

/*
 * Wait for the file and put it in place; its size is told, or that of the
 * range.  Frees the download, whatever the outcome.
 */
enum status download_end(struct download *download, uint64_t *size);

/* The key of the part of that file, as a later download will look for it. */
enum status download_part_key(uint64_t *key, const struct client *client,
    const char *path);

#endif
