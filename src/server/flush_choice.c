/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "flush_choice.h"

#define FEW_FILES	8	/* below this, syncfs is never worth it */
#define TRY_AGAIN	32	/* groups until the dearer way is tried anew */

bool
flush_choice_is_syncfs(struct flush_choice *choice, size_t files)
{
	uint64_t whole = atomic_load(&choice->syncfs_us);
	uint64_t each = atomic_load(&choice->fsync_us);

	if (files < FEW_FILES)
		return false;
	if (whole == 0 || each == 0)
		return true;
	if (atomic_fetch_add(&choice->groups, 1) % TRY_AGAIN == 0)
		return true;
	return whole <= each * files;
}

static uint64_t
smooth(uint64_t old, uint64_t new)
{
	return old == 0 ? new + 1 : (3 * old + new) / 4 + 1;
}

void
flush_choice_learn_syncfs(struct flush_choice *choice, uint64_t us)
{
	atomic_store(&choice->syncfs_us,
	    smooth(atomic_load(&choice->syncfs_us), us));
}

void
flush_choice_learn_fsync(struct flush_choice *choice, uint64_t us,
    size_t files)
{
	if (files > 0)
		atomic_store(&choice->fsync_us,
		    smooth(atomic_load(&choice->fsync_us), us / files));
}
