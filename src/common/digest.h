/*
 * digest - the digest of a file's content, computed as it flows.
 *
 * Content is cut at whole MiBs of the file's offsets; the digest is XXH128 of
 * the XXH128 digests of the pieces, so that parts can be checked alone.
 * Holes count as zeros.  Feed bytes in order of their offsets:
 *
 *	digest_begin, digest_update or digest_skip ..., digest_end
 */
#ifndef DIGEST_H
#define DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_SIZE	16
#define DIGEST_PIECE	1048576u	/* bytes of a whole piece */
#define DIGEST_HEX_SIZE	(2 * DIGEST_SIZE + 1)

struct digest;		/* about 1.2 KiB; owned by who began it */

/* Begin at `offset` of the file.  NULL if there is no memory. */
struct digest *digest_begin(uint64_t offset);

/*
 * Told of each piece that is done: `count` pieces with that digest from
 * `offset` on (more than one only for holes).
 */
typedef void digest_listener(void *ctx, uint64_t offset, uint64_t count,
    const uint8_t piece[DIGEST_SIZE]);
void digest_listen(struct digest *digest, digest_listener *listener,
    void *ctx);

/* Forget the piece in work, go on at `offset`; the whole is of no use then. */
void digest_jump(struct digest *digest, uint64_t offset);

/* The piece in work ends here. */
void digest_cut(struct digest *digest);

/* A piece whose digest is known, in its turn, instead of its bytes. */
void digest_add(struct digest *digest, const uint8_t piece[DIGEST_SIZE]);

void digest_update(struct digest *digest, const void *bytes, size_t len);

/* As if `len` zero bytes came. */
void digest_skip(struct digest *digest, uint64_t len);

/* The offset behind the last byte fed. */
uint64_t digest_offset(const struct digest *digest);

/* Write the digest and free it. */
void digest_end(struct digest *digest, uint8_t out[DIGEST_SIZE]);

/* The digest of one piece by itself. */
void digest_of_piece(uint8_t out[DIGEST_SIZE], const void *bytes, size_t len);

/* The digest of a content of at most one piece. */
void digest_of_small(uint8_t out[DIGEST_SIZE], const void *bytes, size_t len);

/* The digest of a MiB of zeros. */
void digest_of_hole(uint8_t out[DIGEST_SIZE]);

/* Free it unfinished.  digest_drop(NULL) does nothing. */
void digest_drop(struct digest *digest);

/* Lower-case hex of a digest, version or upload id. */
void digest_hex(char out[DIGEST_HEX_SIZE], const uint8_t bytes[DIGEST_SIZE]);

#endif
