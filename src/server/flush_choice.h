/*
 * flush_choice - one syncfs(2) for a group of files, or an fsync(2) for each?
 *
 * Usually the first is far cheaper, but it also writes what strangers have left
 * dirty on the file system.  So both are timed, and the cheaper one is taken.
 */
#ifndef FLUSH_CHOICE_H
#define FLUSH_CHOICE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero at first.  Threads may share it; a lost update does no harm. */
struct flush_choice {
	_Atomic uint64_t syncfs_us;	/* smoothed; 0: not known */
	_Atomic uint64_t fsync_us;	/* smoothed, per file */
	atomic_uint	 groups;
};

bool flush_choice_is_syncfs(struct flush_choice *choice, size_t files);

/* What the last one took. */
void flush_choice_learn_syncfs(struct flush_choice *choice, uint64_t us);
void flush_choice_learn_fsync(struct flush_choice *choice, uint64_t us,
    size_t files);

#endif
