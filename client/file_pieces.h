/*
 * file_pieces - one version of a file of the server, fetched piece by piece,
 * each when it is wanted: nothing waits on the server in between.
 *
 *	file_pieces_new, file_pieces_next until there is no more,
 *	file_pieces_free
 */
#ifndef FILE_PIECES_H
#define FILE_PIECES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ftclient.h"
#include "status.h"

struct file_pieces;

/* The file of that path, which is borrowed; `wait` for locks of others. */
enum status file_pieces_new(struct file_pieces **out, struct client *client,
    const char *path, uint32_t wait);

/*
 * Fetch the next piece.  Its first `held` bytes are the last ones of the piece
 * before it.  STATUS_CANCELLED if `fd` (or -1) could be read meanwhile;
 * STATUS_PRECONDITION if the file has been changed since the first piece.
 */
#define FILE_PIECES_HELD	3
enum status file_pieces_next(struct file_pieces *pieces, size_t held,
    int fd);

/* What there is of the piece, and whether that is the file's end. */
const uint8_t *file_pieces_bytes(const struct file_pieces *pieces,
    size_t *len);
bool file_pieces_at_end(const struct file_pieces *pieces);

/* file_pieces_free(NULL) does nothing. */
void file_pieces_free(struct file_pieces *pieces);

#endif
