/*
 * download_state - what a download is made of, for the files that carry it on:
 * download.c, download_proof.c for what is here already, and
 * download_segments.c for one over several connections, and download_basis.c
 * for the older file that is here.
 */
#ifndef DOWNLOAD_STATE_H
#define DOWNLOAD_STATE_H

#include "digest.h"
#include "download.h"
#include "part.h"
#include "progress.h"

struct download {
	struct client	*client;	/* borrowed */
	struct call	 call;
	bool		 is_asked;	/* `call` is on its way, or done */
	char		*path;		/* owned; the server's */
	char		*local;		/* owned */
	struct part	*part;		/* owned; NULL before BEGUN */
	struct digest	*digest;	/* owned; likewise */
	uint64_t	 size;		/* of the file; the end of a range */
	struct file_range range;
	struct progress	 progress;
	struct board	*board;		/* borrowed; where it is shown */
	unsigned int	 segments;	/* connections; 0 and 1: one */
	bool		 gave_up;	/* one of them was lost too often */

	/* what an earlier attempt has fetched */
	bool		 goes_on;	/* by an earlier run, too */
	bool		 knows_size;
	uint64_t	 fetched;	/* at most so many bytes are here */
	uint64_t	 start;		/* proved to be right up to here */
	uint64_t	 proving;	/* the next piece to be compared */
	bool		 differs;
	uint8_t		*piece;		/* owned; a MiB */
	bool		*held;		/* owned; pieces that are right, if */
	uint64_t	 pieces;	/* there are segments; room of `held` */
	bool		 has_version;
	uint8_t		 version[FT1_ID_SIZE];
	unsigned int	 changes;	/* between proof and rest */
	bool		 keeps;		/* times and mode */
	const char	*below;		/* as in the plan; a part of `local` */
	int		 top;		/* borrowed */
	uint32_t	 wait;		/* seconds, for locks of others */
	bool		*left;		/* borrowed, or NULL */
	_Atomic uint64_t *moved;	/* borrowed, or NULL */

	/* the older file that is here */
	int		 basis;		/* owned, or -1 */
	uint64_t	 basis_length;
	uint64_t	 proved;	/* so far goes what was compared */
};

/* Begin a GET of that of it, of the version that is wanted, if it is known. */
struct ft1_frame *download_request(const struct download *download,
    struct remote *remote, struct call *call,
    const struct file_range *range);

/*
 * The OK of a GET of `size` bytes, all of which the digest has seen: are they
 * what the server sent?  Uses up the digest, NULL if there was no BEGUN.
 */
enum status download_check_end(struct digest **digest,
    const struct frame *frame, uint64_t size, const char *path);

/*
 * What is here is worth something if it is what the server's file has there
 * now, by the digests of both: up to the first piece that differs, or each
 * piece by itself if there are segments.
 */
enum status download_prove(struct download *download);

/*
 * The file in whose place the download comes, if it is of any use; then its
 * piece at `proving` goes into the part if it has that digest.
 */
void download_open_basis(struct download *download);
void download_close_basis(struct download *download);
enum status download_take_basis(struct download *download,
    const uint8_t theirs[DIGEST_SIZE], bool *same);

/* So many bytes of content have come; from any thread. */
void download_moved(const struct download *download, size_t len);

/* Fetch the pieces that are not here, perhaps over several connections. */
enum status download_segments(struct download *download);

#endif
