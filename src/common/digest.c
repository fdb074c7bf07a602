/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "digest.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>
#ifdef HAVE_XXH_X86DISPATCH_H
/* The same library, by the best instructions that the processor has. */
#include <xxh_x86dispatch.h>
#endif

struct digest {
	uint64_t	 offset;	/* behind the last byte fed */
	uint64_t	 begun;		/* where the piece in work began */
	XXH3_state_t	*piece;		/* owned */
	XXH3_state_t	*whole;		/* owned; over the pieces' digests */
	digest_listener	*listener;	/* or NULL */
	void		*ctx;
};

static const uint8_t zeros[65536];

struct digest *
digest_begin(uint64_t offset)
{
	struct digest *digest;

	if ((digest = calloc(1, sizeof(*digest))) == NULL)
		return NULL;
	digest->offset = digest->begun = offset;
	digest->piece = XXH3_createState();
	digest->whole = XXH3_createState();
	if (digest->piece == NULL || digest->whole == NULL) {
		digest_drop(digest);
		return NULL;
	}
	XXH3_128bits_reset(digest->piece);
	XXH3_128bits_reset(digest->whole);
	return digest;
}

/* Bytes that the piece in work still takes. */
static uint64_t
piece_room(const struct digest *digest)
{
	return DIGEST_PIECE - digest->offset % DIGEST_PIECE;
}

void
digest_listen(struct digest *digest, digest_listener *listener, void *ctx)
{
	digest->listener = listener;
	digest->ctx = ctx;
}

void
digest_jump(struct digest *digest, uint64_t offset)
{
	XXH3_128bits_reset(digest->piece);
	digest->offset = digest->begun = offset;
}

/* Pieces that end at the current offset. */
static void
add_pieces(struct digest *digest, XXH128_hash_t hash, uint64_t count)
{
	XXH128_canonical_t canonical;
	uint64_t i;

	XXH128_canonicalFromHash(&canonical, hash);
	for (i = 0; i < count; i++)
		XXH3_128bits_update(digest->whole, &canonical,
		    sizeof(canonical));
	if (digest->listener != NULL)
		digest->listener(digest->ctx, digest->begun, count,
		    canonical.digest);
	digest->begun = digest->offset;
}

static void
add_piece(struct digest *digest, XXH128_hash_t hash)
{
	add_pieces(digest, hash, 1);
}

static void
close_piece(struct digest *digest)
{
	add_piece(digest, XXH3_128bits_digest(digest->piece));
	XXH3_128bits_reset(digest->piece);
}

void
digest_update(struct digest *digest, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	size_t n;

	while (len > 0) {
		n = piece_room(digest) < len ? (size_t)piece_room(digest) : len;
		digest->offset += n;
		if (n == DIGEST_PIECE)		/* a whole piece at once */
			add_piece(digest, XXH3_128bits(at, n));
		else {
			XXH3_128bits_update(digest->piece, at, n);
			if (digest->offset % DIGEST_PIECE == 0)
				close_piece(digest);
		}
		at += n;
		len -= n;
	}
}

/*
 * The digest of a MiB of zeros, which a hole of 1 TiB needs a million times.
 * Called at the start of a piece, where the piece's state is free to use.
 */
static XXH128_hash_t
zero_piece(struct digest *digest)
{
	XXH128_hash_t hash;
	size_t done;

	for (done = 0; done < DIGEST_PIECE; done += sizeof(zeros))
		XXH3_128bits_update(digest->piece, zeros, sizeof(zeros));
	hash = XXH3_128bits_digest(digest->piece);
	XXH3_128bits_reset(digest->piece);
	return hash;
}

/* Zeros within one piece. */
static void
skip_in_piece(struct digest *digest, uint64_t len)
{
	size_t n;

	for (; len > 0; len -= n) {
		n = len < sizeof(zeros) ? (size_t)len : sizeof(zeros);
		digest_update(digest, zeros, n);
	}
}

void
digest_skip(struct digest *digest, uint64_t len)
{
	XXH128_hash_t hash;
	uint64_t n;

	n = digest->begun == digest->offset &&
	    digest->offset % DIGEST_PIECE == 0 ? 0 : piece_room(digest);
	if (n > len)
		n = len;
	skip_in_piece(digest, n);
	len -= n;
	if (len >= DIGEST_PIECE) {
		hash = zero_piece(digest);
		n = len / DIGEST_PIECE;
		digest->offset += n * DIGEST_PIECE;
		len -= n * DIGEST_PIECE;
		add_pieces(digest, hash, n);
	}
	skip_in_piece(digest, len);
}

void
digest_cut(struct digest *digest)
{
	if (digest->offset != digest->begun)
		close_piece(digest);
}

void
digest_add(struct digest *digest, const uint8_t piece[DIGEST_SIZE])
{
	XXH3_128bits_update(digest->whole, piece, DIGEST_SIZE);
}

void
digest_of_piece(uint8_t out[DIGEST_SIZE], const void *bytes, size_t len)
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, len));
	memcpy(out, canonical.digest, DIGEST_SIZE);
}

void
digest_of_small(uint8_t out[DIGEST_SIZE], const void *bytes, size_t len)
{
	uint8_t piece[DIGEST_SIZE];

	assert(len <= DIGEST_PIECE);
	digest_of_piece(piece, bytes, len);
	digest_of_piece(out, piece, len > 0 ? sizeof(piece) : 0);
}

void
digest_of_hole(uint8_t out[DIGEST_SIZE])
{
	/* XXH128 of 1,048,576 zeros, as check_digest proves. */
	static const uint8_t hole[DIGEST_SIZE] = { 0xb6, 0xef, 0x17, 0xa3,
	    0x44, 0x84, 0x92, 0xb6, 0x91, 0x87, 0x80, 0xb9, 0x05, 0x50, 0xbf,
	    0x34 };

	memcpy(out, hole, DIGEST_SIZE);
}

uint64_t
digest_offset(const struct digest *digest)
{
	return digest->offset;
}

void
digest_end(struct digest *digest, uint8_t out[DIGEST_SIZE])
{
	XXH128_canonical_t canonical;

	digest_cut(digest);
	XXH128_canonicalFromHash(&canonical,
	    XXH3_128bits_digest(digest->whole));
	memcpy(out, canonical.digest, DIGEST_SIZE);
	digest_drop(digest);
}

void
digest_drop(struct digest *digest)
{
	if (digest == NULL)
		return;
	XXH3_freeState(digest->piece);
	XXH3_freeState(digest->whole);
	free(digest);
}

void
digest_hex(char out[DIGEST_HEX_SIZE], const uint8_t bytes[DIGEST_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < DIGEST_SIZE; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * i] = '\0';
}
