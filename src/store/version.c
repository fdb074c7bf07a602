/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "version.h"

#include <endian.h>
#include <string.h>

#include <xxhash.h>

/*
 * The device stays out: it differs between the nodes of a cluster.  The time
 * of the inode changes with each rename too, so a name that is moved away and
 * back has another version.
 */
void
version_of(uint8_t out[VERSION_SIZE], const struct stat *st)
{
	const uint64_t parts[] = {
		htobe64((uint64_t)st->st_ino),
		htobe64((uint64_t)st->st_size),
		htobe64((uint64_t)st->st_mtim.tv_sec),
		htobe64((uint64_t)st->st_mtim.tv_nsec),
		htobe64((uint64_t)st->st_ctim.tv_sec),
		htobe64((uint64_t)st->st_ctim.tv_nsec),
	};
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical,
	    XXH3_128bits(parts, sizeof(parts)));
	memcpy(out, canonical.digest, VERSION_SIZE);
}
