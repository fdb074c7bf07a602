/* SPDX-License-Identifier: ISC */
/* What the file that is here already has of the one that is fetched. */
#include "config.h"

#include "download_state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "below.h"

void
download_open_basis(struct download *d)
{
	const int flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
	struct stat sb;

	/* O_NONBLOCK: a FIFO is refused below, not waited for. */
	d->basis = d->below != NULL ? below_open(d->top, d->below, flags) :
	    open(d->local, flags);
	if (d->basis == -1)
		return;
	if (fstat(d->basis, &sb) == -1 || !S_ISREG(sb.st_mode) ||
	    sb.st_size < (off_t)DIGEST_PIECE) {
		download_close_basis(d);
		return;
	}
	d->basis_length = (uint64_t)sb.st_size;
}

void
download_close_basis(struct download *d)
{
	if (d->basis != -1)
		close(d->basis);
	d->basis = -1;
	d->basis_length = 0;
}

/* What cannot be read is fetched. */
static size_t
read_piece(const struct download *d)
{
	size_t got = 0;
	ssize_t n = 1;

	while (got < DIGEST_PIECE && n > 0) {
		n = pread(d->basis, d->piece + got, DIGEST_PIECE - got,
		    (off_t)(d->proving + got));
		if (n > 0)
			got += (size_t)n;
		else if (n == -1 && errno == EINTR)
			n = 1;
	}
	return got;
}

static bool
is_piece(const struct download *d, size_t len,
    const uint8_t theirs[DIGEST_SIZE])
{
	uint8_t ours[DIGEST_SIZE];

	digest_of_piece(ours, d->piece, len);
	return memcmp(ours, theirs, DIGEST_SIZE) == 0;
}

/* The kernel's copy is of what the file is by now, so it is read again. */
static enum status
copy_piece(struct download *d, size_t len, const uint8_t theirs[DIGEST_SIZE],
    bool *same)
{
	enum status st;
	size_t got;

	if (!part_copy(d->part, d->basis, d->proving, len)) {
		*same = true;
		return part_write(d->part, d->piece, len, d->proving);
	}
	st = part_read(d->part, d->piece, len, d->proving, &got);
	*same = st == STATUS_OK && got == len && is_piece(d, len, theirs);
	return st;
}

enum status
download_take_basis(struct download *d, const uint8_t theirs[DIGEST_SIZE],
    bool *same)
{
	uint8_t hole[DIGEST_SIZE];
	size_t len;

	*same = false;
	if (d->basis == -1 || (len = read_piece(d)) == 0 ||
	    !is_piece(d, len, theirs))
		return STATUS_OK;
	digest_of_hole(hole);
	if (memcmp(theirs, hole, DIGEST_SIZE) != 0)
		return copy_piece(d, len, theirs, same);
	*same = true;
	return part_clear(d->part, d->proving, d->proving + len);
}
