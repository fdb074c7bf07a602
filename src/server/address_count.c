/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "address_count.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>
#include <xxhash.h>

struct counted_address {
	struct counted_address *next;	/* of the same bucket */
	uint8_t		 origin[16];
	size_t		 count;
};

struct address_count {
	struct counted_address **buckets;	/* owned */
	size_t		 mask;
	uint64_t	 seed;		/* so that nobody can fill one bucket */
};

struct address_count *
address_count_new(size_t expected)
{
	struct address_count *counts;
	size_t buckets = 64;

	if ((counts = calloc(1, sizeof(*counts))) == NULL)
		return NULL;
	while (buckets < expected)
		buckets *= 2;
	counts->mask = buckets - 1;
	counts->buckets = calloc(buckets, sizeof(*counts->buckets));
	if (counts->buckets == NULL ||
	    RAND_bytes((unsigned char *)&counts->seed,
	    sizeof(counts->seed)) != 1) {
		address_count_free(counts);
		return NULL;
	}
	return counts;
}

void
address_count_free(struct address_count *counts)
{
	struct counted_address *address, *next;

	if (counts == NULL)
		return;
	for (size_t i = 0; counts->buckets != NULL && i <= counts->mask; i++)
		for (address = counts->buckets[i]; address != NULL;
		    address = next) {
			next = address->next;
			free(address);
		}
	free(counts->buckets);
	free(counts);
}

/* The link that points to the address, or to where it would stand. */
static struct counted_address **
find(const struct address_count *counts, const uint8_t origin[16])
{
	struct counted_address **at;

	at = &counts->buckets[XXH3_64bits_withSeed(origin, 16, counts->seed) &
	    counts->mask];
	while (*at != NULL && memcmp((*at)->origin, origin, 16) != 0)
		at = &(*at)->next;
	return at;
}

size_t
address_count_of(const struct address_count *counts, const uint8_t origin[16])
{
	const struct counted_address *address = *find(counts, origin);

	return address != NULL ? address->count : 0;
}

bool
address_count_enter(struct address_count *counts, const uint8_t origin[16])
{
	struct counted_address **at = find(counts, origin);

	if (*at == NULL) {
		if ((*at = calloc(1, sizeof(**at))) == NULL)
			return false;
		memcpy((*at)->origin, origin, 16);
	}
	(*at)->count++;
	return true;
}

void
address_count_leave(struct address_count *counts, const uint8_t origin[16])
{
	struct counted_address **at = find(counts, origin), *address = *at;

	if (address == NULL || --address->count > 0)
		return;
	*at = address->next;
	free(address);
}
