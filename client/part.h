/*
 * part - a local file that is being fetched: written beside its place under
 * another name, and put in place when it is whole.
 *
 *	part_begin, part_write ..., then part_commit or part_abort
 *
 * Standard output ("-"), and what is neither a file nor a folder, is written
 * to directly, unless the plan says that it stays below a folder.
 */
#ifndef PART_H
#define PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "file_time.h"
#include "status.h"

struct part;

struct part_plan {
	const char	*path;		/* where the file is to be */
	uint64_t	 key;		/* of the file that is fetched */
	bool		 goes_on;	/* with what was kept of it before */
	/*
	 * The end of `path`, as it is seen from the folder `top`, or NULL.  If
	 * given: no link on the way is followed, whoever puts one there
	 * meanwhile; and only a file itself is replaced, not one behind a link,
	 * nor what is no file.
	 */
	const char	*below;
	int		 top;		/* borrowed as long as the part is */
};

/*
 * Begin to fetch a file.  STATUS_CANNOT_CREATE tells why that is no place for
 * one.
 */
enum status part_begin(struct part **out, const struct part_plan *plan);

/* The file will have so many bytes. */
enum status part_resize(struct part *part, uint64_t size);

/*
 * Whatever it has between these two goes, and they are zeros.  From here on
 * part_write takes any order of offsets in a part that can be resumed, from any
 * thread.
 */
enum status part_clear(struct part *part, uint64_t from, uint64_t to);

/* True if what was fetched can be read again, and kept. */
bool part_can_resume(const struct part *part);

/* Bytes of it, holes included. */
uint64_t part_length(const struct part *part);

/*
 * Bytes that it has, perhaps holes; `*got` is less than `len` at the end only.
 */
enum status part_read(struct part *part, void *bytes, size_t len,
    uint64_t offset, size_t *got);

/* The same bytes of an open file, if the kernel can copy (or share) them. */
bool part_copy(struct part *part, int from, uint64_t offset, size_t len);

/* Offsets ascend; what they jump over are zeros. */
enum status part_write(struct part *part, const void *bytes, size_t len,
    uint64_t offset);

/* Zeros up to here, so that a stream has them. */
enum status part_fill(struct part *part, uint64_t offset);

/* Put the file in place.  Frees the part, whatever the outcome. */
enum status part_commit(struct part *part);

/* The file is to have these permission bits and this time in its place. */
void part_keep_facts(struct part *part, uint32_t mode, struct file_time time);

/* Leave it where it is, for another run.  Frees the part. */
void part_keep(struct part *part);

/* Remove what was fetched.  part_abort(NULL) does nothing. */
void part_abort(struct part *part);

#endif
