/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "manifest.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

struct manifest {
	XXH3_state_t	*state;		/* owned */
};

struct manifest *
manifest_begin(void)
{
	struct manifest *manifest;

	if ((manifest = malloc(sizeof(*manifest))) == NULL)
		return NULL;
	if ((manifest->state = XXH3_createState()) == NULL) {
		free(manifest);
		return NULL;
	}
	(void)XXH3_128bits_reset(manifest->state);
	return manifest;
}

void
manifest_add(struct manifest *manifest, const char *path, bool is_folder,
    uint64_t size, const uint8_t digest[DIGEST_SIZE])
{
	uint64_t big = htobe64(size);

	(void)XXH3_128bits_update(manifest->state, is_folder ? "d" : "f", 1);
	(void)XXH3_128bits_update(manifest->state, &big, sizeof(big));
	(void)XXH3_128bits_update(manifest->state, digest, DIGEST_SIZE);
	(void)XXH3_128bits_update(manifest->state, path, strlen(path) + 1);
}

void
manifest_drop(struct manifest *manifest)
{
	if (manifest == NULL)
		return;
	(void)XXH3_freeState(manifest->state);
	free(manifest);
}

void
manifest_end(struct manifest *manifest, uint8_t out[DIGEST_SIZE])
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical,
	    XXH3_128bits_digest(manifest->state));
	memcpy(out, canonical.digest, DIGEST_SIZE);
	manifest_drop(manifest);
}
