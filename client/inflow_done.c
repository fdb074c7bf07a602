/* SPDX-License-Identifier: ISC */
/* What is done of an inflow, for who goes on after a loss. */
#include "config.h"

#include "inflow_state.h"

#include <stdlib.h>
#include <string.h>

#include "digest.h"

#define DONE_MOST	262144u	/* more are fetched again */

static void
key_of(uint8_t key[DIGEST_SIZE], const char *path, const uint8_t *version)
{
	char text[FT1_PATH_MAX + 1 + FT1_ID_SIZE];
	size_t len = strlen(path);

	memcpy(text, path, len);
	memset(text + len, 0, FT1_ID_SIZE + 1);
	if (version != NULL)
		memcpy(text + len + 1, version, FT1_ID_SIZE);
	digest_of_piece(key, text, len + 1 + FT1_ID_SIZE);
}

void
inflow_note(struct inflow *in, const char *path, const uint8_t *version)
{
	size_t room = in->done_room * 2 + 256;
	inflow_key *more;

	if (in->done_len == in->done_room) {
		if (room > DONE_MOST ||
		    (more = realloc(in->done, room * sizeof(*more))) == NULL)
			return;		/* it is only fetched again */
		in->done = more;
		in->done_room = room;
	}
	key_of(in->done[in->done_len++], path, version);
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, DIGEST_SIZE);
}

void
inflow_sort_done(struct inflow *in)
{
	if (in->done_len > 1)
		qsort(in->done, in->done_len, sizeof(*in->done), compare);
}

static bool
is_noted(const struct inflow *in, const char *path, const uint8_t *version)
{
	uint8_t key[DIGEST_SIZE];

	key_of(key, path, version);
	return in->done_len > 0 && bsearch(key, in->done, in->done_len,
	    sizeof(*in->done), compare) != NULL;
}

bool
inflow_has(const struct inflow *in, const struct remote_entry *entry)
{
	return in != NULL && (is_noted(in, entry->path, entry->id) ||
	    is_noted(in, entry->path, NULL));
}

bool
inflow_has_some(const struct inflow *in, const struct remote_entry *entry)
{
	return in != NULL && in->kept != NULL &&
	    strcmp(in->kept, entry->path) == 0;
}
