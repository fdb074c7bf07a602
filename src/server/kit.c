/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "kit.h"

#include <stdlib.h>

struct kit {
	struct base	*const *bases;	/* borrowed */
	struct names	**names;	/* owned; one per base */
	size_t		 count;
};

enum status
kit_new(struct kit **out, struct base *const *bases, size_t count)
{
	enum status st = STATUS_NO_MEMORY;
	struct kit *kit;

	*out = NULL;
	if ((kit = calloc(1, sizeof(*kit))) == NULL)
		return st;
	kit->bases = bases;
	kit->count = count;
	if ((kit->names = calloc(count, sizeof(*kit->names))) == NULL)
		goto out;
	for (size_t i = 0; i < count; i++)
		if ((st = names_open(&kit->names[i], bases[i])) != STATUS_OK)
			goto out;
	*out = kit;
	return STATUS_OK;
out:
	kit_free(kit);
	return st;
}

void
kit_free(struct kit *kit)
{
	if (kit == NULL)
		return;
	for (size_t i = 0; kit->names != NULL && i < kit->count; i++)
		if (kit->names[i] != NULL)
			names_close(kit->names[i]);
	free(kit->names);
	free(kit);
}

struct names *
kit_names(struct kit *kit, const struct base *base)
{
	for (size_t i = 0; i < kit->count; i++)
		if (kit->bases[i] == base)
			return kit->names[i];
	return NULL;
}
