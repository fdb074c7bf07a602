/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tree_total.h"

#include <sys/stat.h>

#include "clock.h"
#include "status.h"

#define STEP_ENTRIES	1024	/* of one step, or */
#define STEP_US		2000u

void
tree_total_begin(struct tree_total *total, const struct caller *caller,
    const char *path)
{
	total->is_counting = reach_tree_begin(&total->walk, caller, path) ==
	    STATUS_OK;
}

static void
count(struct tree_total *total, const struct tree_entry *entry)
{
	if (entry->leaving || !S_ISREG(entry->st.st_mode) ||
	    (reach_tree_rights(&total->walk) & RIGHT_READ) == 0)
		return;
	total->files++;
	total->bytes += (uint64_t)entry->st.st_size;
}

bool
tree_total_step(struct tree_total *total)
{
	uint64_t ends = clock_us() + STEP_US;
	const struct tree_entry *entry;
	int i;

	for (i = 0; total->is_counting && i < STEP_ENTRIES &&
	    clock_us() < ends; i++) {
		/* What cannot be looked into is told by who sends it. */
		if (reach_tree_next(&total->walk, &entry) != STATUS_OK)
			continue;
		if (entry == NULL) {
			tree_total_end(total);
			return true;
		}
		count(total, entry);
	}
	return false;
}

void
tree_total_end(struct tree_total *total)
{
	reach_tree_end(&total->walk);
	total->is_counting = false;
}
